variables {
  bucket_name           = "org-logs"
  kms_key_arn           = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  trail_arns            = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
}

run "an_arn_instead_of_a_name_is_refused" {
  command = plan
  variables {
    bucket_name = "arn:aws:s3:::org-logs"
  }
  expect_failures = [var.bucket_name]
}

run "an_alias_instead_of_a_key_is_refused" {
  command = plan
  variables {
    kms_key_arn = "alias/trail"
  }
  expect_failures = [var.kms_key_arn]
}

run "a_key_of_another_region_is_refused" {
  command = plan
  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [var.kms_key_arn]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan
  variables {
    organization_id = "exampleorg1"
  }
  expect_failures = [var.organization_id]
}

run "a_management_account_that_is_none_is_refused" {
  command = plan
  variables {
    management_account_id = "99999"
    trail_arns            = []
    replication_role_arns = ["arn:aws:iam::444455556666:role/replication"]
  }
  expect_failures = [var.management_account_id]
}

run "a_trail_that_is_none_is_refused" {
  command = plan
  variables {
    trail_arns = ["organization"]
  }
  expect_failures = [var.trail_arns]
}

run "a_trail_of_the_delegated_administrator_is_refused" {
  command = plan
  variables {
    trail_arns = ["arn:aws:cloudtrail:us-east-1:111122223333:trail/organization"]
  }
  expect_failures = [var.trail_arns]
}

run "a_bucket_that_nobody_writes_is_refused" {
  command = plan
  variables {
    trail_arns = []
  }
  expect_failures = [var.trail_arns]
}

run "a_prefix_with_a_slash_at_its_end_is_refused" {
  command = plan
  variables {
    key_prefix = "logs/"
  }
  expect_failures = [var.key_prefix]
}

run "a_prefix_with_a_wildcard_is_refused" {
  command = plan
  variables {
    key_prefix = "*"
  }
  expect_failures = [var.key_prefix]
}

run "replication_by_anybody_is_refused" {
  command = plan
  variables {
    replication_role_arns = ["*"]
  }
  expect_failures = [var.replication_role_arns]
}

run "restoring_by_a_pattern_is_refused" {
  command = plan
  variables {
    restore_role_arns = ["arn:aws:iam::111122223333:role/*"]
  }
  expect_failures = [var.restore_role_arns]
}

run "break_glass_for_an_account_is_refused" {
  command = plan
  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:root"]
  }
  expect_failures = [var.break_glass_role_arns]
}

run "reading_by_an_account_is_refused" {
  command = plan
  variables {
    reader_role_arns = ["444455556666"]
  }
  expect_failures = [var.reader_role_arns]
}

run "access_logs_into_itself_are_refused" {
  command = plan
  variables {
    access_log_bucket_name = "org-logs"
  }
  expect_failures = [var.access_log_bucket_name]
}

run "a_retention_below_90_days_is_refused" {
  command = plan
  variables {
    retention_days = 30
  }
  expect_failures = [var.retention_days]
}

run "a_deletion_that_is_final_at_once_is_refused" {
  command = plan
  variables {
    noncurrent_days = 1
  }
  expect_failures = [var.noncurrent_days]
}

run "a_lock_mode_that_is_none_is_refused" {
  command = plan
  variables {
    object_lock = { mode = "strict", days = 1 }
  }
  expect_failures = [var.object_lock]
}

run "a_lock_longer_than_the_expiry_is_refused" {
  command = plan
  variables {
    object_lock = { mode = "governance", days = 401 }
  }
  expect_failures = [var.object_lock]
}

run "a_topic_and_a_queue_for_the_same_objects_are_refused" {
  command = plan
  variables {
    notify = { queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep", topic_arn = "arn:aws:sns:us-east-1:111122223333:trailkeep" }
  }
  expect_failures = [var.notify]
}

run "notifying_nobody_is_refused" {
  command = plan
  variables {
    notify = {}
  }
  expect_failures = [var.notify]
}

run "a_fifo_queue_is_refused" {
  command = plan
  variables {
    notify = { queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep.fifo" }
  }
  expect_failures = [var.notify]
}

run "a_queue_in_another_region_is_refused" {
  command = plan
  variables {
    notify = { queue_arn = "arn:aws:sqs:eu-west-1:111122223333:trailkeep" }
  }
  expect_failures = [var.notify]
}

run "two_owners_of_one_notification_configuration_are_refused" {
  command = plan
  variables {
    notify              = { eventbridge = true }
    notification_owners = ["siem"]
  }
  expect_failures = [var.notification_owners]
}

run "a_lock_without_a_mode" {
  command = plan

  variables {
    object_lock = { mode = null, days = 1 }
  }

  expect_failures = [var.object_lock]
}

run "an_owner_without_a_name" {
  command = plan

  variables {
    notification_owners = [null]
  }

  expect_failures = [var.notification_owners]
}

run "a_topic_without_a_name" {
  command = plan

  variables {
    notify = { topic_arn = "" }
  }

  expect_failures = [var.notify]
}

run "an_access_log_bucket_by_its_arn" {
  command = plan

  variables {
    access_log_bucket_name = "arn:aws:s3:::logs"
  }

  expect_failures = [var.access_log_bucket_name]
}

run "a_trail_of_another_partition" {
  command = plan

  variables {
    trail_arns = ["arn:aws-cn:cloudtrail:us-east-1:999999999999:trail/org"]
  }

  expect_failures = [var.trail_arns]
}

run "break_glass_by_a_pattern_is_refused" {
  command = plan
  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass-*"]
  }
  expect_failures = [var.break_glass_role_arns]
}
