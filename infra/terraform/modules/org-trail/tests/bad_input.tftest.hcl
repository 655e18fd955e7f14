# Every input that can be wrong, wrong once.

variables {
  trail_name            = "organization"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  log_bucket_name       = "trailkeep-log"
  kms_key_arn           = "arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns  = ["arn:aws:s3:::trailkeep-audit"]
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Trailkeep"
  }

  expect_failures = [var.name]
}

run "a_boundary_that_is_no_policy_is_refused" {
  command = plan

  variables {
    permissions_boundary = "arn:aws:iam::999999999999:role/boundary"
  }

  expect_failures = [var.permissions_boundary]
}

run "a_role_path_without_a_slash_is_refused" {
  command = plan

  variables {
    role_path = "trailkeep"
  }

  expect_failures = [var.role_path]
}

run "a_trail_name_of_two_characters_is_refused" {
  command = plan

  variables {
    trail_name = "ab"
  }

  expect_failures = [var.trail_name]
}

run "a_trail_name_of_129_characters_is_refused" {
  command = plan

  variables {
    trail_name = join("", [for i in range(129) : "a"])
  }

  expect_failures = [var.trail_name]
}

run "a_trail_name_with_two_signs_side_by_side_is_refused" {
  command = plan

  variables {
    trail_name = "org-_trail"
  }

  expect_failures = [var.trail_name]
}

run "a_trail_name_that_is_an_address_is_refused" {
  command = plan

  variables {
    trail_name = "192.168.5.4"
  }

  expect_failures = [var.trail_name]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan

  variables {
    organization_id = "r-exam"
  }

  expect_failures = [var.organization_id]
}

run "a_management_account_that_is_no_account_is_refused" {
  command = plan

  variables {
    management_account_id = "99999999999"
  }

  expect_failures = [var.management_account_id]
}

run "a_delegated_administrator_that_is_no_account_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_ids = ["audit"]
  }

  expect_failures = [var.delegated_administrator_account_ids]
}

run "four_delegated_administrators_are_refused" {
  command = plan

  variables {
    delegated_administrator_account_ids = ["111122223333", "444455556666", "222222222222", "333333333333"]
  }

  expect_failures = [var.delegated_administrator_account_ids]
}

run "the_management_account_as_delegated_administrator_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_ids = ["999999999999"]
  }

  expect_failures = [var.delegated_administrator_account_ids]
}

run "a_bucket_arn_for_a_bucket_name_is_refused" {
  command = plan

  variables {
    log_bucket_name = "arn:aws:s3:::trailkeep-log"
  }

  expect_failures = [var.log_bucket_name]
}

run "a_prefix_that_ends_with_a_slash_is_refused" {
  command = plan

  variables {
    key_prefix = "security/"
  }

  expect_failures = [var.key_prefix]
}

run "a_prefix_that_is_too_long_is_refused" {
  command = plan

  variables {
    key_prefix = join("", [for i in range(201) : "a"])
  }

  expect_failures = [var.key_prefix]
}

run "a_prefix_that_has_awslogs_is_refused" {
  command = plan

  variables {
    key_prefix = "security/AWSLogs"
  }

  expect_failures = [var.key_prefix]
}

run "an_alias_for_a_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:111122223333:alias/trail"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_fifo_topic_is_refused" {
  command = plan

  variables {
    sns_topic_arn = "arn:aws:sns:us-east-1:999999999999:deliveries.fifo"
  }

  expect_failures = [var.sns_topic_arn]
}

run "an_excluded_bucket_with_a_wildcard_is_refused" {
  command = plan

  variables {
    excluded_bucket_arns = ["arn:aws:s3:::trailkeep-audit/*"]
  }

  expect_failures = [var.excluded_bucket_arns]
}

run "an_excluded_resource_that_is_an_object_is_refused" {
  command = plan

  variables {
    excluded_resource_arns = { "AWS::S3::Object" = ["arn:aws:s3:::trailkeep-audit"] }
  }

  expect_failures = [var.excluded_resource_arns]
}

run "an_excluded_resource_with_a_wildcard_is_refused" {
  command = plan

  variables {
    excluded_resource_arns = { "AWS::DynamoDB::Table" = ["arn:aws:dynamodb:us-east-1:111122223333:table/*"] }
  }

  expect_failures = [var.excluded_resource_arns]
}

run "an_insight_that_is_none_is_refused" {
  command = plan

  variables {
    insights = ["ApiCallRate"]
  }

  expect_failures = [var.insights]
}

run "a_log_key_that_is_an_alias_is_refused" {
  command = plan

  variables {
    cloudwatch_logs = { kms_key_arn = "alias/logs" }
  }

  expect_failures = [var.cloudwatch_logs]
}

run "a_log_group_name_with_spaces_is_refused" {
  command = plan

  variables {
    cloudwatch_logs = { kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/0000aaaa-1111-bbbb-2222-cccc3333dddd", log_group_name = "org trail" }
  }

  expect_failures = [var.cloudwatch_logs]
}

run "a_log_retention_that_the_service_does_not_know_is_refused" {
  command = plan

  variables {
    cloudwatch_logs = { kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/0000aaaa-1111-bbbb-2222-cccc3333dddd", retention_days = 100 }
  }

  expect_failures = [var.cloudwatch_logs]
}

run "a_log_key_of_another_region_is_refused" {
  command = plan

  variables {
    cloudwatch_logs = { kms_key_arn = "arn:aws:kms:eu-west-1:999999999999:key/0000aaaa-1111-bbbb-2222-cccc3333dddd" }
  }

  expect_failures = [aws_cloudtrail.organization]
}
