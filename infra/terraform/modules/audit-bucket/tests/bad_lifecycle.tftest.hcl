variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "governance"
  default_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "standard_ia_before_30_days_is_refused" {
  command = plan

  variables {
    tiers = { events = { standard_ia_days = 7 } }
  }

  expect_failures = [var.tiers]
}

run "glacier_ir_before_standard_ias_minimum_is_refused" {
  command = plan

  variables {
    tiers = { proofs = { glacier_ir_days = 45 } }
  }

  expect_failures = [var.tiers]
}

run "deep_archive_before_glacier_irs_minimum_is_refused" {
  command = plan

  variables {
    tiers = { raw = { deep_archive_days = 119 } }
  }

  expect_failures = [var.tiers]
}

run "a_tier_of_half_a_day_is_refused" {
  command = plan

  variables {
    tiers = { raw = { glacier_ir_days = 30.5 } }
  }

  expect_failures = [var.tiers]
}

run "a_class_shorter_than_deep_archives_minimum_is_refused" {
  command = plan

  variables {
    object_lock_days = 1
    raw_classes      = { standard = { retention_days = 299 } }
  }

  expect_failures = [var.raw_classes]
}

run "a_label_with_a_slash_overlaps_and_is_refused" {
  command = plan

  variables {
    raw_classes = { standard = {}, "standard/day=20250101" = {} }
  }

  expect_failures = [var.raw_classes]
}

run "a_label_in_capitals_is_refused" {
  command = plan

  variables {
    raw_classes = { PCI = {} }
  }

  expect_failures = [var.raw_classes]
}

run "an_unknown_category_is_refused" {
  command = plan

  variables {
    events_retention_days = { logins = 400 }
  }

  expect_failures = [var.events_retention_days]
}

run "events_shorter_than_glacier_irs_minimum_are_refused" {
  command = plan

  variables {
    events_retention_days = { data = 179 }
  }

  expect_failures = [var.events_retention_days]
}

run "proofs_shorter_than_the_longest_class_are_refused" {
  command = plan

  variables {
    proof_retention_days = 2556
  }

  expect_failures = [var.proof_retention_days]
}

run "proofs_shorter_than_their_tiers_minimum_are_refused" {
  command = plan

  variables {
    object_lock_days     = 1
    raw_classes          = { short = { retention_days = 100 } }
    tiers                = { raw = { glacier_ir_days = 0, deep_archive_days = 0 } }
    proof_retention_days = 120
  }

  expect_failures = [var.proof_retention_days]
}

run "quarantine_of_no_days_is_refused" {
  command = plan

  variables {
    quarantine_retention_days = 0
  }

  expect_failures = [var.quarantine_retention_days]
}

run "old_versions_of_no_days_are_refused" {
  command = plan

  variables {
    noncurrent_days = 0
  }

  expect_failures = [var.noncurrent_days]
}

run "sweeping_uploads_before_queue_and_dead_letters_are_empty_is_refused" {
  command = plan

  variables {
    abort_uploads_days = 14
  }

  expect_failures = [var.abort_uploads_days]
}

run "a_prefix_that_overlaps_the_archives_is_refused" {
  command = plan

  variables {
    other_prefixes = { "raw/mine/" = 400 }
  }

  expect_failures = [var.other_prefixes]
}

run "prefixes_that_overlap_each_other_are_refused" {
  command = plan

  variables {
    other_prefixes = { "tools/" = 400, "tools/a/" = 30 }
  }

  expect_failures = [var.other_prefixes]
}

run "a_prefix_without_its_slash_is_refused" {
  command = plan

  variables {
    other_prefixes = { tools = 400 }
  }

  expect_failures = [var.other_prefixes]
}
