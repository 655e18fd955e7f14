# Who is named: other accounts, other partitions, patterns that reach too far, and null.

variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "governance"
  default_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  alarm_topic_arn     = "arn:aws:sns:us-east-1:111122223333:trailkeep-alarms"
}

run "a_break_glass_pattern_that_matches_a_writer" {
  command = plan

  variables {
    writer_role_arns      = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Audit_0123456789abcdef"]
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Audit_*"]
  }

  expect_failures = [var.break_glass_role_arns]
}

run "a_break_glass_pattern_of_another_role_than_identity_centers" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass-*"]
  }

  expect_failures = [var.break_glass_role_arns]
}

run "a_writer_of_another_account" {
  command = plan

  variables {
    writer_role_arns = ["arn:aws:iam::444455556666:role/collector"]
  }

  expect_failures = [var.writer_role_arns]
}

run "a_writer_of_another_partition" {
  command = plan

  variables {
    writer_role_arns = ["arn:aws-cn:iam::111122223333:role/collector"]
  }

  expect_failures = [var.writer_role_arns]
}

run "a_reader_of_another_partition" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws-us-gov:iam::444455556666:role/siem"], prefixes = ["events/"] }]
  }

  expect_failures = [var.readers]
}

run "a_prefix_with_a_policy_variable" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = ["raw/$${aws:username}/"] }]
  }

  expect_failures = [var.readers]
}

run "an_alarm_topic_of_another_region" {
  command = plan

  variables {
    alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
  }

  expect_failures = [var.alarm_topic_arn]
}

run "a_region_that_is_none" {
  command = plan

  variables {
    alarm_regions = ["Frankfurt"]
  }

  expect_failures = [var.alarm_regions]
}

run "a_boundary_that_is_no_policy" {
  command = plan

  variables {
    permissions_boundary = "arn:aws:iam::111122223333:role/boundary"
  }

  expect_failures = [var.permissions_boundary]
}

run "a_path_with_a_wildcard" {
  command = plan

  variables {
    role_path = "/*/"
  }

  expect_failures = [var.role_path]
}

run "a_bucket_that_logs_to_itself" {
  command = plan

  variables {
    access_log_bucket_name = "example-audit"
  }

  expect_failures = [var.access_log_bucket_name]
}

run "a_log_bucket_by_its_arn" {
  command = plan

  variables {
    access_log_bucket_name = "arn:aws:s3:::logs"
  }

  expect_failures = [var.access_log_bucket_name]
}

run "a_retention_that_is_null" {
  command = plan

  variables {
    events_retention_days = { data = null }
  }

  expect_failures = [var.events_retention_days]
}

run "a_retention_of_a_thousand_years" {
  command = plan

  variables {
    quarantine_retention_days = 365000
  }

  expect_failures = [var.quarantine_retention_days]
}

run "a_prefix_too_long_for_the_name_of_a_rule" {
  command = plan

  variables {
    other_prefixes = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/" = 30 }
  }

  expect_failures = [var.other_prefixes]
}

run "null_is_as_if_it_was_not_given" {
  command = plan

  variables {
    tiers                 = null
    raw_classes           = null
    readers               = null
    break_glass_role_arns = null
    events_retention_days = null
    other_prefixes        = null
    object_lock_days      = null
    role_path             = null
    noncurrent_days       = null
  }

  assert {
    condition     = contains(output.lifecycle_rules[*].id, "raw-standard")
    error_message = "defaults hold"
  }
}

run "a_break_glass_role_that_is_null" {
  command = plan

  variables {
    break_glass_role_arns = [null]
  }

  expect_failures = [var.break_glass_role_arns]
}

run "readers_that_are_null" {
  command = plan

  variables {
    readers = [null]
  }

  expect_failures = [var.readers]
}

run "readers_of_nothing" {
  command = plan

  variables {
    readers = [{ principal_arns = null, prefixes = null }]
  }

  expect_failures = [var.readers]
}

run "readers_of_null" {
  command = plan

  variables {
    readers = [{ principal_arns = [null], prefixes = [null] }]
  }

  expect_failures = [var.readers]
}

run "administrators_and_legal_holders_by_a_pattern" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/admin*"]
    legal_hold_role_arns    = ["arn:aws:iam::111122223333:role/legal*"]
  }

  expect_failures = [var.administrator_role_arns, var.legal_hold_role_arns]
}
