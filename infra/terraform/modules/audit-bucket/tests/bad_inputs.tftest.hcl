variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "governance"
  default_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "a_lock_mode_that_is_none_is_refused" {
  command = plan

  variables {
    object_lock_mode = "NONE"
  }

  expect_failures = [var.object_lock_mode]
}

run "a_lock_longer_than_a_class_is_kept_is_refused" {
  command = plan

  variables {
    object_lock_days = 500
    raw_classes      = { standard = {}, short = { retention_days = 400 } }
  }

  expect_failures = [var.object_lock_days]
}

run "a_lock_of_no_days_is_refused" {
  command = plan

  variables {
    object_lock_days = 0
  }

  expect_failures = [var.object_lock_days]
}

run "a_cap_below_the_services_own_locks_is_refused" {
  command = plan

  variables {
    object_lock_days     = 30
    max_object_lock_days = 29
  }

  expect_failures = [var.max_object_lock_days]
}

run "no_writer_is_refused" {
  command = plan

  variables {
    writer_role_arns = []
  }

  expect_failures = [var.writer_role_arns]
}

run "a_writer_with_a_wildcard_is_refused" {
  command = plan

  variables {
    writer_role_arns = ["arn:aws:iam::111122223333:role/*"]
  }

  expect_failures = [var.writer_role_arns]
}

run "break_glass_without_a_topic_is_refused" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
  }

  expect_failures = [var.alarm_topic_arn]
}

run "an_alarm_on_changes_without_a_topic_is_refused" {
  command = plan

  variables {
    alarm_on_configuration_change = true
  }

  expect_failures = [var.alarm_topic_arn]
}

run "break_glass_for_every_role_is_refused" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/*"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:alarms"
  }

  expect_failures = [var.break_glass_role_arns]
}

run "break_glass_for_a_writer_is_refused" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:alarms"
  }

  expect_failures = [var.break_glass_role_arns]
}

run "break_glass_in_another_account_is_refused" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::444455556666:role/break-glass"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:alarms"
  }

  expect_failures = [aws_s3_bucket_policy.this]
}

run "a_legal_hold_role_that_is_a_user_is_refused" {
  command = plan

  variables {
    legal_hold_role_arns = ["arn:aws:iam::111122223333:user/legal"]
  }

  expect_failures = [var.legal_hold_role_arns]
}

run "an_administrators_session_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:sts::111122223333:assumed-role/deployer/ci"]
  }

  expect_failures = [var.administrator_role_arns]
}

run "an_alias_as_default_key_is_refused" {
  command = plan

  variables {
    default_kms_key_arn = "alias/trailkeep-raw"
  }

  expect_failures = [var.default_kms_key_arn]
}

run "an_alias_among_the_allowed_keys_is_refused" {
  command = plan

  variables {
    allowed_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:alias/events"]
  }

  expect_failures = [var.allowed_kms_key_arns]
}

run "a_key_in_another_region_is_refused" {
  command = plan

  variables {
    allowed_kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-00000000000b"]
  }

  expect_failures = [aws_s3_bucket_server_side_encryption_configuration.this]
}

run "a_bucket_name_with_dots_is_refused" {
  command = plan

  variables {
    bucket_name = "example.audit"
  }

  expect_failures = [var.bucket_name]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    name = "Trailkeep"
  }

  expect_failures = [var.name]
}

run "a_role_path_without_slashes_is_refused" {
  command = plan

  variables {
    role_path = "trailkeep"
  }

  expect_failures = [var.role_path]
}

run "an_inventory_every_month_is_refused" {
  command = plan

  variables {
    inventory = { frequency = "Monthly" }
  }

  expect_failures = [var.inventory]
}

run "a_reader_that_is_an_account_is_refused" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:root"], prefixes = ["events/"] }]
  }

  expect_failures = [var.readers]
}

run "a_reader_of_staging_is_refused" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = ["staging/"] }]
  }

  expect_failures = [var.readers]
}

run "a_reader_with_overlapping_prefixes_is_refused" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = ["events/", "events/category=data/"] }]
  }

  expect_failures = [var.readers]
}

run "a_reader_of_nothing_is_refused" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = [] }]
  }

  expect_failures = [var.readers]
}

run "a_replica_that_is_no_bucket_is_refused" {
  command = plan

  variables {
    replication = { bucket_arn = "example-replica", account_id = "444455556666", region = "eu-west-1", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c" }
  }

  expect_failures = [var.replication]
}

run "a_replica_that_is_the_archive_is_refused" {
  command = plan

  variables {
    replication = { bucket_arn = "arn:aws:s3:::example-audit", account_id = "444455556666", region = "eu-west-1", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c" }
  }

  expect_failures = [var.replication]
}

run "a_replica_in_an_account_that_is_none_is_refused" {
  command = plan

  variables {
    replication = { bucket_arn = "arn:aws:s3:::example-replica", account_id = "replica", region = "eu-west-1", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c" }
  }

  expect_failures = [var.replication]
}

run "a_replica_with_a_key_in_another_region_is_refused" {
  command = plan

  variables {
    replication = { bucket_arn = "arn:aws:s3:::example-replica", account_id = "444455556666", region = "eu-west-1", kms_key_arn = "arn:aws:kms:us-east-1:444455556666:key/00000000-0000-0000-0000-00000000000c" }
  }

  expect_failures = [var.replication]
}

run "a_replica_key_for_an_unknown_category_is_refused" {
  command = plan

  variables {
    replication = { bucket_arn = "arn:aws:s3:::example-replica", account_id = "444455556666", region = "eu-west-1", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c", event_kms_key_arns = { logins = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c" } }
  }

  expect_failures = [var.replication]
}
