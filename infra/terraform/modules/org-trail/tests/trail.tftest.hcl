# What the trail is, whoever makes it. Policies are asserted on the JSON that would be sent.

variables {
  trail_name            = "organization"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  log_bucket_name       = "trailkeep-log"
  kms_key_arn           = "arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns  = ["arn:aws:s3:::trailkeep-audit", "arn:aws:s3:::trailkeep-log", "arn:aws:s3:::trailkeep-access-log"]
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

run "the_trail_covers_the_organization_every_region_and_is_verifiable" {
  command = plan

  assert {
    condition = alltrue([
      aws_cloudtrail.organization.is_organization_trail,
      aws_cloudtrail.organization.is_multi_region_trail,
      aws_cloudtrail.organization.include_global_service_events,
      aws_cloudtrail.organization.enable_log_file_validation,
      aws_cloudtrail.organization.enable_logging,
    ])
    error_message = "an organization trail of all Regions with validation, and it logs"
  }

  assert {
    condition     = aws_cloudtrail.organization.kms_key_id == var.kms_key_arn && aws_cloudtrail.organization.s3_bucket_name == "trailkeep-log"
    error_message = "into the log bucket, with the customer key"
  }

  assert {
    condition     = aws_cloudtrail.organization.sns_topic_name == null && aws_cloudtrail.organization.s3_key_prefix == null
    error_message = "no topic and no prefix unless asked for"
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.trail) == 0 && length(aws_iam_role.logs) == 0 && length(aws_cloudtrail.organization.insight_selector) == 0
    error_message = "nothing that costs unless asked for"
  }

  assert {
    condition     = output.trail_arn == "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization" && output.home_region == "us-east-1"
    error_message = "the trail's ARN is the management account's: ${output.trail_arn}"
  }
}

run "an_applied_trail_has_the_arn_that_policies_name" {
  command = apply

  override_resource {
    target = aws_cloudtrail.organization
    values = { arn = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization" }
  }

  assert {
    condition     = output.trail_arn == aws_cloudtrail.organization.arn
    error_message = "built and real ARN are the same"
  }
}

run "a_delegated_administrator_makes_a_trail_that_the_management_account_owns" {
  command = plan

  variables {
    delegated_administrator_account_ids = ["111122223333"]
    cloudwatch_logs                     = { kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd" }
    sns_topic_arn                       = "arn:aws:sns:us-east-1:111122223333:trailkeep-trail"
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  assert {
    condition     = output.trail_arn == "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"
    error_message = "the management account's ARN, not the maker's: ${output.trail_arn}"
  }

  assert {
    condition     = jsondecode(aws_iam_role.logs["trail"].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceArn"] == output.trail_arn
    error_message = "the role is taken for that trail only"
  }

  assert {
    condition = toset(jsondecode(aws_iam_role_policy.logs["trail"].policy).Statement[0].Resource) == toset([
      "arn:aws:logs:us-east-1:111122223333:log-group:/trailkeep/org-trail:log-stream:999999999999_CloudTrail_us-east-1*",
      "arn:aws:logs:us-east-1:111122223333:log-group:/trailkeep/org-trail:log-stream:111122223333_CloudTrail_us-east-1*",
      "arn:aws:logs:us-east-1:111122223333:log-group:/trailkeep/org-trail:log-stream:o-exampleorg1_*",
    ])
    error_message = "the group is the maker's, the streams the organization's"
  }

  assert {
    condition     = aws_cloudtrail.organization.sns_topic_name == "arn:aws:sns:us-east-1:111122223333:trailkeep-trail"
    error_message = "a bare name could be looked for in the account that owns the trail"
  }
}

run "a_stranger_account_is_refused" {
  command = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "444455556666" }
  }

  expect_failures = [aws_cloudtrail.organization]
}

run "a_delegated_administrator_who_is_not_listed_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_ids = ["111122223333"]
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "444455556666" }
  }

  expect_failures = [aws_cloudtrail.organization]
}

run "a_topic_of_the_management_account_is_named_as_the_provider_reads_it_back" {
  command = plan

  variables {
    sns_topic_arn = "arn:aws:sns:us-east-1:999999999999:deliveries"
  }

  assert {
    condition     = aws_cloudtrail.organization.sns_topic_name == "deliveries"
    error_message = "by its name: ${aws_cloudtrail.organization.sns_topic_name}"
  }
}

run "a_topic_elsewhere_is_named_by_its_arn" {
  command = plan

  variables {
    sns_topic_arn = "arn:aws:sns:eu-west-1:999999999999:deliveries"
    key_prefix    = "security/cloudtrail"
  }

  assert {
    condition     = aws_cloudtrail.organization.sns_topic_name == var.sns_topic_arn && aws_cloudtrail.organization.s3_key_prefix == "security/cloudtrail"
    error_message = "another Region's topic by ARN, the prefix as given"
  }
}

run "cloudwatch_logs_gets_a_role_that_writes_streams_of_this_trail_and_nothing_else" {
  command = plan

  variables {
    name                 = "audit"
    permissions_boundary = "arn:aws:iam::999999999999:policy/boundary"
    role_path            = "/security/"
    tags                 = { owner = "security" }
    cloudwatch_logs      = { kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/0000aaaa-1111-bbbb-2222-cccc3333dddd" }
  }

  assert {
    condition = jsondecode(aws_iam_role.logs["trail"].assume_role_policy).Statement == [{
      Sid       = "CloudTrailForThisTrail"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization" } }
    }]
    error_message = "CloudTrail, for this trail"
  }

  assert {
    condition = alltrue([
      length(jsondecode(aws_iam_role_policy.logs["trail"].policy).Statement) == 1,
      toset(jsondecode(aws_iam_role_policy.logs["trail"].policy).Statement[0].Action) == toset(["logs:CreateLogStream", "logs:PutLogEvents"]),
      toset(jsondecode(aws_iam_role_policy.logs["trail"].policy).Statement[0].Resource) == toset([
        "arn:aws:logs:us-east-1:999999999999:log-group:/audit/org-trail:log-stream:999999999999_CloudTrail_us-east-1*",
        "arn:aws:logs:us-east-1:999999999999:log-group:/audit/org-trail:log-stream:o-exampleorg1_*",
      ]),
    ])
    error_message = "two actions, on streams by prefix"
  }

  assert {
    condition = alltrue([
      aws_iam_role.logs["trail"].permissions_boundary == var.permissions_boundary,
      aws_iam_role.logs["trail"].path == "/security/",
      aws_cloudwatch_log_group.trail["trail"].name == "/audit/org-trail",
      aws_cloudwatch_log_group.trail["trail"].kms_key_id == var.cloudwatch_logs.kms_key_arn,
      aws_cloudwatch_log_group.trail["trail"].retention_in_days == 365,
      aws_cloudtrail.organization.tags == tomap({ owner = "security" }),
      aws_cloudwatch_log_group.trail["trail"].tags == tomap({ owner = "security" }),
      aws_iam_role.logs["trail"].tags == tomap({ owner = "security" }),
    ])
    error_message = "boundary, path, key, retention and tags are as given"
  }
}

run "both_insights_are_typed" {
  command = plan

  variables {
    insights = ["ApiCallRateInsight", "ApiErrorRateInsight"]
  }

  assert {
    condition     = toset([for i in aws_cloudtrail.organization.insight_selector : i.insight_type]) == toset(["ApiCallRateInsight", "ApiErrorRateInsight"])
    error_message = "both insights"
  }
}
