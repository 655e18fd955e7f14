# Every selector that can be wrong, wrong once.

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

run "insights_without_management_events_are_refused" {
  command = plan

  variables {
    insights        = ["ApiErrorRateInsight"]
    event_selectors = { management = { record = false }, data = [{ name = "Functions", resource_type = "AWS::Lambda::Function" }] }
  }

  expect_failures = [var.insights]
}

run "call_rates_without_write_events_are_refused" {
  command = plan

  variables {
    insights        = ["ApiCallRateInsight"]
    event_selectors = { management = { read_write = "ReadOnly" } }
  }

  expect_failures = [var.insights]
}

run "selectors_that_record_nothing_are_refused" {
  command = plan

  variables {
    event_selectors = { management = { record = false } }
  }

  expect_failures = [var.event_selectors]
}

run "a_read_write_type_that_is_none_is_refused" {
  command = plan

  variables {
    event_selectors = { management = { read_write = "Write" } }
  }

  expect_failures = [var.event_selectors]
}

run "a_read_write_type_of_data_that_is_none_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", read_write = "Both" }] }
  }

  expect_failures = [var.event_selectors]
}

run "an_event_source_that_a_trail_cannot_leave_out_is_refused" {
  command = plan

  variables {
    event_selectors = { management = { exclude_event_sources = ["sts.amazonaws.com"] } }
  }

  expect_failures = [var.event_selectors]
}

run "a_selector_without_a_name_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "", resource_type = "AWS::S3::Object" }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_resource_type_spelled_otherwise_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::s3::object" }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_resource_type_that_is_none_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "s3" }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_field_that_data_events_lack_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "readOnly", equals = ["true"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_console_field_that_is_not_true_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "sessionCredentialFromConsole", equals = ["false"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_field_that_network_activity_lacks_is_refused" {
  command = plan

  variables {
    event_selectors = { network_activity = [{ name = "S3", event_source = "s3.amazonaws.com", fields = [{ field = "userIdentity.arn", starts_with = ["arn:"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "an_event_source_that_is_no_service_is_refused" {
  command = plan

  variables {
    event_selectors = { network_activity = [{ name = "S3", event_source = "s3" }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_field_twice_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "eventName", equals = ["GetObject"] }, { field = "eventName", equals = ["PutObject"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_field_without_a_value_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "eventName" }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_value_with_a_wildcard_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "eventName", equals = ["Get*"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_bucket_arn_that_no_object_equals_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Data", resource_type = "AWS::S3::Object", fields = [{ field = "resources.ARN", not_equals = ["arn:aws:s3:::bucket/"] }] }] }
  }

  expect_failures = [var.event_selectors]
}

run "a_selector_or_a_part_of_one_that_is_null_is_refused" {
  command = plan
  variables {
    event_selectors = { data = [{ name = null, resource_type = null, fields = [{ field = null, equals = [null] }] }] }
  }
  expect_failures = [var.event_selectors]
}

run "a_list_of_excluded_resources_that_is_null_is_refused" {
  command = plan
  variables {
    excluded_resource_arns = { "AWS::DynamoDB::Table" = null }
  }
  expect_failures = [var.excluded_resource_arns]
}

run "a_key_of_another_partition_is_refused" {
  command = plan
  variables {
    kms_key_arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [aws_cloudtrail.organization]
}
