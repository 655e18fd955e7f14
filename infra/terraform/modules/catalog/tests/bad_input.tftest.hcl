variables {
  archive_bucket_name  = "example-audit"
  archive_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000001"]
  results_bucket_name  = "example-audit-answers"
  results_kms_key_arn  = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000009"
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables {
    name = "Trailkeep"
  }
  expect_failures = [var.name]
}

run "an_arn_for_the_archive_bucket_is_refused" {
  command = plan
  variables {
    archive_bucket_name = "arn:aws:s3:::example-audit"
  }
  expect_failures = [var.archive_bucket_name]
}

run "a_prefix_with_a_slash_at_its_end_is_refused" {
  command = plan
  variables {
    archive_prefix = "org/"
  }
  expect_failures = [var.archive_prefix]
}

run "no_key_for_analysts_is_refused" {
  command = plan
  variables {
    archive_kms_key_arns = []
  }
  expect_failures = [var.archive_kms_key_arns]
}

run "an_alias_for_analysts_is_refused" {
  command = plan
  variables {
    archive_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:alias/raw"]
  }
  expect_failures = [var.archive_kms_key_arns]
}

run "a_day_that_is_none_is_refused" {
  command = plan
  variables {
    since = "20250231"
  }
  expect_failures = [var.since]
}

run "a_day_with_dashes_is_refused" {
  command = plan
  variables {
    since = "2025-01-01"
  }
  expect_failures = [var.since]
}

run "answers_in_the_archive_bucket_are_refused" {
  command = plan
  variables {
    results_bucket_name = "example-audit"
  }
  expect_failures = [var.results_bucket_name]
}

run "a_results_bucket_that_is_no_name_is_refused" {
  command = plan
  variables {
    results_bucket_name = "Answers_of_Audit"
  }
  expect_failures = [var.results_bucket_name]
}

run "an_alias_for_the_results_is_refused" {
  command = plan
  variables {
    results_kms_key_arn = "alias/results"
  }
  expect_failures = [var.results_kms_key_arn]
}

run "a_results_key_of_another_region_is_refused" {
  command = plan
  variables {
    results_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000009"
  }
  expect_failures = [aws_s3_bucket_server_side_encryption_configuration.results]
}

run "answers_for_ever_are_refused" {
  command = plan
  variables {
    results_retention_days = 3650
  }
  expect_failures = [var.results_retention_days]
}

run "a_cut_off_below_ten_megabytes_is_refused" {
  command = plan
  variables {
    bytes_scanned_cutoff = 10000000
  }
  expect_failures = [var.bytes_scanned_cutoff]
}

run "a_first_day_to_come_finds_nothing" {
  command = plan
  variables {
    since = "29990101"
  }
  expect_failures = [var.since]
}

run "a_prefix_that_the_collector_does_not_take_is_refused" {
  command = plan
  variables {
    archive_prefix = "audit/../org"
  }
  expect_failures = [var.archive_prefix]
}

run "a_key_of_another_region_encrypts_no_archive_here" {
  command = plan
  variables {
    archive_kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"]
  }
  expect_failures = [var.archive_kms_key_arns]
}

run "answers_do_not_log_into_themselves" {
  command = plan
  variables {
    access_log_bucket_name = var.results_bucket_name
  }
  expect_failures = [var.access_log_bucket_name]
}

run "a_cut_off_has_an_end" {
  command = plan
  variables {
    bytes_scanned_cutoff = 10000000000000000
  }
  expect_failures = [var.bytes_scanned_cutoff]
}
