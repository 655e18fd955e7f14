# The same in another partition: no ARN is written out.

provider "aws" {
  region = "us-gov-west-1"
}

variables {
  organization_id                    = "o-exampleorg1"
  delegated_administrator_account_id = "111122223333"
  organization_readers               = { role_arns = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-auditor"] }
  protect = {
    trail_arns       = ["arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/organization"]
    bucket_arns      = ["arn:aws-us-gov:s3:::trailkeep-audit"]
    key_arns         = ["arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/*"]
    exempt_role_arns = ["arn:aws-us-gov:iam::111122223333:role/break-glass"]
    target_ids       = ["r-exam"]
  }
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

override_data {
  target = data.aws_organizations_organization.current
  values = {
    id                            = "o-exampleorg1"
    master_account_id             = "999999999999"
    feature_set                   = "ALL"
    accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
    aws_service_access_principals = ["cloudtrail.amazonaws.com"]
    enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  }
}

run "no_arn_is_of_another_partition" {
  command = plan

  assert {
    condition     = !strcontains("${output.policy_json}${output.organization_read_policy_json}", "arn:aws:") && strcontains(output.organization_read_policy_json, "arn:aws-us-gov:iam::111122223333:root")
    error_message = "a policy names the commercial partition"
  }
}

run "an_arn_of_another_partition_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [aws_organizations_policy.protect]
}
