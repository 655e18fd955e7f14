variables {
  archive_bucket_name = "audit-archive"
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "TrailKeep"
  }

  expect_failures = [var.name]
}

run "a_wildcard_administrator_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["*"]
  }

  expect_failures = [var.administrator_role_arns]
}

run "a_pattern_of_administrators_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/admin-*"]
  }

  expect_failures = [var.administrator_role_arns]
}

run "an_administrator_of_another_account_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::444455556666:role/admin"]
  }

  expect_failures = [var.administrator_role_arns]
}

run "an_administrator_who_is_a_user_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/admin"]
    users                   = { raw = ["arn:aws:iam::111122223333:role/admin"] }
  }

  expect_failures = [var.administrator_role_arns]
}

run "an_administrator_whom_a_pattern_of_users_matches_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/admin"]
    users                   = { queue = ["arn:aws:iam::111122223333:role/trailkeep/*"] }
  }

  expect_failures = [var.administrator_role_arns]
}

run "an_administrator_who_is_a_reader_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_*"]
    readers                 = { raw = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"] }
  }

  expect_failures = [var.administrator_role_arns]
}

run "a_category_that_is_none_is_refused" {
  command = plan

  variables {
    event_categories = ["management", "audit"]
  }

  expect_failures = [var.event_categories]
}

run "users_of_logs_are_refused" {
  command = plan

  variables {
    users = { logs = ["arn:aws:iam::111122223333:role/operator"] }
  }

  expect_failures = [var.users]
}

run "users_of_a_class_without_a_key_are_refused" {
  command = plan

  variables {
    event_categories = ["management"]
    users            = { events-data = ["arn:aws:iam::111122223333:role/collector"] }
  }

  expect_failures = [var.users]
}

run "users_of_a_log_bucket_that_is_not_ours_are_refused" {
  command = plan

  variables {
    users = { trail = ["arn:aws:iam::111122223333:role/collector"] }
  }

  expect_failures = [var.users]
}

run "everybody_as_a_user_is_refused" {
  command = plan

  variables {
    users = { raw = ["*"] }
  }

  expect_failures = [var.users]
}

run "every_role_as_a_user_is_refused" {
  command = plan

  variables {
    users = { raw = ["arn:aws:iam::111122223333:role/*"] }
  }

  expect_failures = [var.users]
}

run "a_pattern_of_two_letters_as_a_user_is_refused" {
  command = plan

  variables {
    users = { raw = ["arn:aws:iam::111122223333:role/op*"] }
  }

  expect_failures = [var.users]
}

run "a_user_of_another_account_is_refused" {
  command = plan

  variables {
    users = { raw = ["arn:aws:iam::444455556666:role/collector"] }
  }

  expect_failures = [var.users]
}

run "everybody_as_a_reader_is_refused" {
  command = plan

  variables {
    readers = { raw = ["*"] }
  }

  expect_failures = [var.readers]
}

run "a_pattern_of_readers_is_refused" {
  command = plan

  variables {
    readers = { raw = ["arn:aws:iam::444455556666:role/*"] }
  }

  expect_failures = [var.readers]
}

run "our_whole_account_as_a_reader_is_refused" {
  command = plan

  variables {
    readers = { raw = ["arn:aws:iam::111122223333:root"] }
  }

  expect_failures = [var.readers]
}

run "readers_of_the_table_are_refused" {
  command = plan

  variables {
    readers = { table = ["arn:aws:iam::444455556666:role/siem"] }
  }

  expect_failures = [var.readers]
}

run "replicators_into_the_queue_are_refused" {
  command = plan

  variables {
    replicators = { queue = ["arn:aws:iam::444455556666:role/replication"] }
  }

  expect_failures = [var.replicators]
}

run "a_wildcard_replicator_is_refused" {
  command = plan

  variables {
    replicators = { raw = ["arn:aws:iam::444455556666:role/*"] }
  }

  expect_failures = [var.replicators]
}

run "a_bucket_that_is_an_arn_is_refused" {
  command = plan

  variables {
    archive_bucket_name = "arn:aws:s3:::audit-archive"
  }

  expect_failures = [var.archive_bucket_name]
}

run "a_log_bucket_that_is_a_url_is_refused" {
  command = plan

  variables {
    log_bucket_name = "s3://org-logs"
  }

  expect_failures = [var.log_bucket_name]
}

run "a_log_bucket_that_is_the_archive_is_refused" {
  command = plan

  variables {
    log_bucket_name = "audit-archive"
  }

  expect_failures = [var.log_bucket_name]
}

run "a_results_bucket_with_capitals_is_refused" {
  command = plan

  variables {
    results_bucket_name = "Results"
  }

  expect_failures = [var.results_bucket_name]
}

run "a_trail_that_is_a_name_is_refused" {
  command = plan

  variables {
    trail_arns = ["org"]
  }

  expect_failures = [var.trail_arns]
}

run "a_trail_with_a_wildcard_is_refused" {
  command = plan

  variables {
    trail_arns = ["arn:aws:cloudtrail:*:999999999999:trail/org"]
  }

  expect_failures = [var.trail_arns]
}

run "an_account_with_eleven_digits_is_refused" {
  command = plan

  variables {
    source_account_ids = ["44445555666"]
  }

  expect_failures = [var.source_account_ids]
}

run "an_organization_that_is_none_is_refused" {
  command = plan

  variables {
    organization_id = "r-abcd"
  }

  expect_failures = [var.organization_id]
}

run "a_deletion_window_of_a_day_is_refused" {
  command = plan

  variables {
    deletion_window_in_days = 1
  }

  expect_failures = [var.deletion_window_in_days]
}

run "a_rotation_each_month_is_refused" {
  command = plan

  variables {
    rotation_period_in_days = 30
  }

  expect_failures = [var.rotation_period_in_days]
}

run "a_signing_key_of_another_curve_is_refused" {
  command = plan

  variables {
    attest_key_spec = "ECC_SECG_P256K1"
  }

  expect_failures = [var.attest_key_spec]
}

run "a_user_of_another_partition" {
  command = plan

  variables {
    users = { raw = ["arn:aws-cn:iam::111122223333:role/collector"] }
  }

  expect_failures = [var.users]
}
