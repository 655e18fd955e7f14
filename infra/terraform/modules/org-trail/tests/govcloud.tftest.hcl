# The same in another partition: no ARN is written out.

provider "aws" {
  region = "us-gov-west-1"
}

variables {
  trail_name            = "organization"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  log_bucket_name       = "trailkeep-log"
  kms_key_arn           = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns  = ["arn:aws-us-gov:s3:::trailkeep-audit"]
  cloudwatch_logs       = { kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:999999999999:key/0000aaaa-1111-bbbb-2222-cccc3333dddd" }
  event_selectors       = { data = [{ name = "Objects", resource_type = "AWS::S3::Object" }] }
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

run "no_arn_is_of_another_partition" {
  command = plan

  assert {
    condition     = output.trail_arn == "arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/organization"
    error_message = output.trail_arn
  }

  assert {
    condition     = !strcontains("${aws_iam_role.logs["trail"].assume_role_policy}${aws_iam_role_policy.logs["trail"].policy}", "arn:aws:")
    error_message = "a policy names the commercial partition"
  }

  assert {
    condition = alltrue([for prefix in ["arn:aws-us-gov:s3:::trailkeep-audit/", "arn:aws-us-gov:s3:::trailkeep-log/"] :
    contains(flatten([for f in output.selectors[1].fields : f.not_starts_with if f.field == "resources.ARN"]), prefix)])
    error_message = "the exclusion is of this partition"
  }
}

run "a_bucket_of_another_partition_is_refused" {
  command = plan

  variables {
    excluded_bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
  }

  expect_failures = [aws_cloudtrail.organization]
}
