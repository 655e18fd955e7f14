variables {
  kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "a_name_that_ends_with_a_dash_is_refused" {
  command = plan

  variables {
    name = "trailkeep-"
  }

  expect_failures = [var.name]
}

run "a_table_name_with_a_slash_is_refused" {
  command = plan

  variables {
    table_name = "trailkeep-a/b"
  }

  expect_failures = [var.table_name]
}

run "a_table_name_that_the_key_does_not_know_is_refused" {
  command = plan

  variables {
    table_name = "audit-ledger"
  }

  expect_failures = [var.table_name]
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/trailkeep-table"
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

run "recovery_of_more_than_35_days_is_refused" {
  command = plan

  variables {
    point_in_time_recovery_days = 36
  }

  expect_failures = [var.point_in_time_recovery_days]
}

run "a_bound_that_starves_workers_is_refused" {
  command = plan

  variables {
    max_request_units = { read = 5, write = 5 }
  }

  expect_failures = [var.max_request_units]
}

run "a_bound_that_is_no_whole_number_is_refused" {
  command = plan

  variables {
    max_request_units = { read = 1000.5, write = 1000 }
  }

  expect_failures = [var.max_request_units]
}

run "less_warmth_than_a_new_table_has_is_refused" {
  command = plan

  variables {
    warm_throughput = { read_units_per_second = 100, write_units_per_second = 100 }
  }

  expect_failures = [var.warm_throughput]
}

run "more_warmth_than_the_bound_is_refused" {
  command = plan

  variables {
    max_request_units = { read = 12000, write = 4000 }
    warm_throughput   = { read_units_per_second = 12000, write_units_per_second = 8000 }
  }

  expect_failures = [var.warm_throughput]
}

run "units_that_are_null" {
  command = plan

  variables {
    max_request_units = { read = null, write = 1000 }
  }

  expect_failures = [var.max_request_units]
}

run "warmth_in_fractions" {
  command = plan

  variables {
    warm_throughput = { read_units_per_second = 12000.5, write_units_per_second = 5000 }
  }

  expect_failures = [var.warm_throughput]
}

run "warmth_beyond_numbers" {
  command = plan

  variables {
    warm_throughput = { read_units_per_second = 1e15, write_units_per_second = 5000 }
  }

  expect_failures = [var.warm_throughput]
}
