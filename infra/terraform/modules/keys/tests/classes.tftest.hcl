# An auditor in an account of its own needs three keys, not twelve.

variables {
  archive_bucket_name = "example-audit"
  classes             = ["attest", "logs", "queue"]
  users               = { attest = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"], queue = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"] }
}

run "only_the_classes_that_are_asked_for_have_keys" {
  command = plan
  assert {
    condition     = toset(keys(output.key_map)) == toset(["attest", "logs", "queue"])
    error_message = jsonencode(keys(output.key_map))
  }
}

run "a_class_that_is_none_is_refused" {
  command = plan
  variables {
    classes = ["attest", "logs", "queue", "secrets"]
  }
  expect_failures = [var.classes]
}

run "a_class_that_somebody_uses_is_not_left_out" {
  command = plan
  variables {
    classes = ["attest", "logs"]
  }
  expect_failures = [var.classes]
}

run "without_the_class_nobody_signs" {
  command = plan
  variables {
    classes = ["queue"]
    users   = {}
  }
  assert {
    condition     = output.attest_key_arn == null
    error_message = "there is no such key"
  }
}
