provider "aws" {
  region = "eu-central-1"
}

variables {
  archive    = { bucket_name = "audit" }
  ledger     = { table_name = "trailkeep-ledger", table_arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/trailkeep-ledger" }
  heal_queue = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:trailkeep" }
  kms_key_arns = {
    raw               = "arn:aws:kms:eu-central-1:111122223333:key/raw"
    events-management = "arn:aws:kms:eu-central-1:111122223333:key/management"
    queue             = "arn:aws:kms:eu-central-1:111122223333:key/queue"
    table             = "arn:aws:kms:eu-central-1:111122223333:key/table"
    logs              = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  }
}

run "it_may_what_the_auditor_calls_and_nothing_else" {
  command = plan
  assert {
    condition = { for statement in jsondecode(output.policy_json).Statement : statement.Sid => join(" ", sort(flatten([statement.Action]))) } == {
      ArchiveBucket    = "s3:ListBucket s3:ListBucketVersions"
      ArchiveReads     = "s3:GetObject"
      ArchiveFindings  = "s3:PutObject s3:PutObjectRetention"
      ArchiveUploads   = "s3:AbortMultipartUpload"
      ArchiveKey       = "kms:Decrypt kms:GenerateDataKey"
      EventKeys        = "kms:Decrypt"
      LedgerReads      = "dynamodb:BatchGetItem dynamodb:GetItem"
      LedgerUnfinished = "dynamodb:Query"
      LedgerNotes      = "dynamodb:UpdateItem"
      LedgerKey        = "kms:Decrypt"
      LedgerKeyState   = "kms:DescribeKey"
      HealQueue        = "sqs:SendMessage"
      HealQueueKey     = "kms:Decrypt kms:GenerateDataKey"
    }
    error_message = jsonencode([for statement in jsondecode(output.policy_json).Statement : statement.Sid])
  }
  assert {
    condition     = alltrue([for statement in jsondecode(output.policy_json).Statement : !contains(flatten([statement.Resource]), "*") && statement.Effect == "Allow"]) && !strcontains(output.policy_json, "Delete") && !strcontains(output.policy_json, "Bypass")
    error_message = "Every statement names its resources, and nothing is deleted."
  }
  assert {
    condition     = output.role_arn == null
    error_message = "Here the task role has it."
  }
}

run "it_writes_below_its_own_prefixes_only" {
  command = plan
  assert {
    condition     = toset(flatten([for statement in jsondecode(output.policy_json).Statement : statement.Resource if statement.Sid == "ArchiveFindings"])) == toset([for prefix in ["accounts", "attest", "findings", "keys", "outcomes"] : "arn:aws:s3:::audit/${prefix}/*"])
    error_message = "no events, no originals, nothing staged"
  }
  assert {
    condition     = [for statement in jsondecode(output.policy_json).Statement : statement.Sid if contains(flatten([statement.Resource]), "arn:aws:s3:::audit/acknowledged/*")] == ["ArchiveReads"]
    error_message = "It reads what people say of findings, and says nothing for them."
  }
  assert {
    condition     = one([for statement in jsondecode(output.policy_json).Statement : statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if statement.Sid == "LedgerNotes"]) == ["X#auditor", "M#*#auditor/*"] || one([for statement in jsondecode(output.policy_json).Statement : statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if statement.Sid == "LedgerNotes"]) == ["M#*#auditor/*", "X#auditor"]
    error_message = "its lease and its notes, not what landed"
  }
}

run "who_acknowledges_may_what_that_calls_and_nothing_else" {
  command = plan
  variables {
    archive = { bucket_name = "audit", prefix = "org" }
  }
  assert {
    condition = { for statement in jsondecode(output.acknowledger_policy_json).Statement : statement.Sid => "${join(" ", sort(flatten([statement.Action])))} ${join(" ", sort(flatten([statement.Resource])))}" } == {
      ListFindings      = "s3:ListBucket arn:aws:s3:::audit"
      ReadFindings      = "s3:GetObject arn:aws:s3:::audit/org/archive.json arn:aws:s3:::audit/org/findings/*"
      Acknowledge       = "s3:PutObject s3:PutObjectRetention arn:aws:s3:::audit/org/acknowledged/*"
      ArchiveEncryption = "s3:GetEncryptionConfiguration arn:aws:s3:::audit"
      ArchiveKey        = "kms:Decrypt kms:GenerateDataKey arn:aws:kms:eu-central-1:111122223333:key/raw"
    }
    error_message = output.acknowledger_policy_json
  }
  assert {
    condition     = one([for statement in jsondecode(output.acknowledger_policy_json).Statement : statement.Condition.StringLike["s3:prefix"] if statement.Sid == "ListFindings"]) == "org/findings/*"
    error_message = "Findings are listed, and nothing else."
  }
}

run "an_auditor_elsewhere_assumes_a_role" {
  command = apply
  variables {
    trusted_role = { arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor", external_id = "trailkeep-6f1e" }
  }
  assert {
    condition     = output.role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"
    error_message = "by the name that keys and bucket know"
  }
  assert {
    condition     = one(jsondecode(aws_iam_role.this["elsewhere"].assume_role_policy).Statement).Condition.StringEquals["sts:ExternalId"] == "trailkeep-6f1e" && one(jsondecode(aws_iam_role.this["elsewhere"].assume_role_policy).Statement).Condition.ArnEquals["aws:PrincipalArn"] == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor"
    error_message = "that role alone, with its external id"
  }
}

run "it_looks_into_log_buckets_where_it_shall" {
  command = plan
  variables {
    heal_queue = null
    sources    = { buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/x" }], region = "eu-west-1" }
  }
  assert {
    condition     = one([for statement in jsondecode(output.policy_json).Statement : statement.Condition.StringEquals["s3:ResourceAccount"] if statement.Sid == "LogBuckets"]) == "444455556666" && !strcontains(output.policy_json, "eu-west-1") && !strcontains(output.policy_json, "sqs:")
    error_message = "objects are described, which takes no key; and no queue is granted where there is none"
  }
}

run "a_role_looks_instead" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }], role = { arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader" } }
  }
  assert {
    condition     = one([for statement in jsondecode(output.policy_json).Statement : statement.Resource if statement.Sid == "SourceRole"]) == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader" && !strcontains(output.policy_json, "org-logs")
    error_message = "what the other role reads, this one need not"
  }
}

run "a_role_of_this_account_needs_no_other" {
  command = plan
  variables {
    trusted_role = { arn = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor", external_id = "trailkeep-6f1e" }
  }
  expect_failures = [var.trusted_role]
}

run "a_role_elsewhere_gives_an_external_id" {
  command = plan
  variables {
    trusted_role = { arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor", external_id = "a b" }
  }
  expect_failures = [var.trusted_role]
}

run "a_table_of_another_region_is_refused" {
  command = plan
  variables {
    ledger = { table_name = "trailkeep-ledger", table_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/trailkeep-ledger" }
  }
  expect_failures = [var.ledger]
}

run "a_fifo_queue_is_refused" {
  command = plan
  variables {
    heal_queue = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:trailkeep.fifo" }
  }
  expect_failures = [var.heal_queue]
}

run "every_class_needs_its_key" {
  command = plan
  variables {
    kms_key_arns = { raw = "arn:aws:kms:eu-central-1:111122223333:key/raw" }
  }
  expect_failures = [var.kms_key_arns]
}

run "the_archive_is_no_log_bucket" {
  command = plan
  variables {
    sources = { buckets = [{ name = "audit", account_id = "111122223333" }] }
  }
  expect_failures = [var.sources]
}
