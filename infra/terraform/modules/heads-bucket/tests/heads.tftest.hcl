variables {
  bucket_name      = "example-heads"
  auditor_role_arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor"
  object_lock_mode = "compliance"
}

run "what_is_put_stays" {
  command = plan
  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_object_lock_configuration.this.rule[0].default_retention[0].mode == "COMPLIANCE" && aws_s3_bucket_object_lock_configuration.this.rule[0].default_retention[0].days == 3653
    error_message = "locked by default, for ten years"
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.expiration) == 0])
    error_message = "nothing expires"
  }
  assert {
    condition     = !can({ for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid => s }["DenyDeletion"].Condition) && !can({ for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid => s }["DenyChangesOfLocks"].Condition)
    error_message = "nobody deletes, nobody shortens"
  }
}

run "one_role_puts_and_only_where_nothing_stands" {
  command = plan
  assert {
    condition     = { for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid => s }["DenyPutByOthers"].Condition == { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor" } }
    error_message = "this account's administrators do not"
  }
  assert {
    condition     = { for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid => s }["DenyOverwrite"].Condition.Null["s3:if-none-match"] == "true"
    error_message = "a head is never written over"
  }
  assert {
    condition     = toset([for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid if s.Effect == "Allow"]) == toset(["TheAuditorPuts", "TheAuditorLooks"])
    error_message = "nobody else is let in from outside"
  }
}

run "readers_compare" {
  command = plan
  variables {
    reader_principal_arns = ["arn:aws:iam::777788889999:role/auditors"]
  }
  assert {
    condition     = { for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Sid => s }["Read"].Action == "s3:GetObject" && { for s in jsondecode(data.aws_iam_policy_document.key.json).Statement : s.Sid => s }["ReadersDecrypt"].Action == "kms:Decrypt"
    error_message = "read, list and decrypt, and no more"
  }
}

run "an_auditor_of_this_account_is_refused" {
  command = plan
  variables {
    auditor_role_arn = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"
  }
  expect_failures = [var.auditor_role_arn]
}

run "a_pattern_is_no_role" {
  command = plan
  variables {
    auditor_role_arn = "arn:aws:iam::444455556666:role/*"
  }
  expect_failures = [var.auditor_role_arn]
}

run "a_lock_has_one_of_two_modes" {
  command = plan
  variables {
    object_lock_mode = "legal"
  }
  expect_failures = [var.object_lock_mode]
}

run "a_name_with_dots_is_refused" {
  command = plan
  variables {
    bucket_name = "example.heads"
  }
  expect_failures = [var.bucket_name]
}

run "a_lock_of_no_days_is_refused" {
  command = plan
  variables {
    object_lock_days = 0
  }
  expect_failures = [var.object_lock_days]
}

run "a_reader_is_named" {
  command = plan
  variables {
    reader_principal_arns = ["arn:aws:iam::777788889999:root"]
  }
  expect_failures = [var.reader_principal_arns]
}

run "it_does_not_log_into_itself" {
  command = plan
  variables {
    access_log_bucket_name = "example-heads"
  }
  expect_failures = [var.access_log_bucket_name]
}
