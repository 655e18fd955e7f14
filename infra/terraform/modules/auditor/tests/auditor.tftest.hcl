provider "aws" {
  region = "eu-central-1"
}

variables {
  image            = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/auditor@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  archive          = { bucket_name = "audit" }
  ledger_url       = "dynamodb://trailkeep-ledger"
  access           = { policy_json = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"ArchiveBucket\",\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"arn:aws:s3:::audit\"}]}" }
  heal_queue_url   = "https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep"
  announcements    = { topic_arn = "arn:aws:sns:eu-central-1:111122223333:trailkeep-landed" }
  organization     = { role_arn = "arn:aws:iam::999999999999:role/trailkeep/trailkeep-organization", external_id = "trailkeep-o-exampleorg1" }
  attest_key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/attest"
  kms_key_arns     = { for class in ["raw", "queue", "logs"] : class => "arn:aws:kms:eu-central-1:111122223333:key/${class}" }
  object_lock_mode = "governance"
  object_lock_days = 2557
  network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
}

run "it_may_what_it_calls_and_nothing_else" {
  command = apply
  assert {
    condition = { for statement in jsondecode(output.task_policy_json).Statement : statement.Sid => join(" ", sort(flatten([statement.Action]))) } == {
      ArchiveBucket           = "s3:ListBucket"
      OrganizationRole        = "sts:AssumeRole"
      PublicKeysOfCloudTrail  = "cloudtrail:ListPublicKeys"
      Findings                = "sns:Publish"
      FindingsKey             = "kms:Decrypt kms:GenerateDataKey"
      DigestQueue             = "sqs:DeleteMessage sqs:ReceiveMessage"
      DigestQueueKey          = "kms:Decrypt"
      SignAttestations        = "kms:Sign"
      PublicKeyOfAttestations = "kms:GetPublicKey"
    }
    error_message = jsonencode([for statement in jsondecode(output.task_policy_json).Statement : statement.Sid])
  }
  assert {
    condition     = [for statement in jsondecode(output.task_policy_json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")] == ["PublicKeysOfCloudTrail"]
    error_message = "Every statement names its resources, but the one whose action has none."
  }
  assert {
    condition     = one([for statement in jsondecode(output.task_policy_json).Statement : statement.Condition.StringEquals["kms:MessageType"] if statement.Sid == "SignAttestations"]) == "RAW"
    error_message = "It signs texts, and no digest that somebody hands in."
  }
  assert {
    condition     = output.task_role_name == "trailkeep-auditor" && output.service_name == "trailkeep-auditor"
    error_message = "The role's name is what key and bucket policies are built with."
  }
}

run "it_has_the_public_keys_of_those_that_signed_before_and_signs_with_none_of_them" {
  command = apply
  variables {
    former_attest_key_arns = ["arn:aws:kms:eu-central-1:111122223333:key/attest-1", "arn:aws:kms:eu-central-1:111122223333:key/attest-2"]
  }
  assert {
    condition     = output.environment["TRAILKEEP_FORMER_PUBLIC_KEYS"] == "kms:arn:aws:kms:eu-central-1:111122223333:key/attest-1,kms:arn:aws:kms:eu-central-1:111122223333:key/attest-2"
    error_message = "as the program takes them"
  }
  assert {
    condition = { for statement in jsondecode(output.task_policy_json).Statement : statement.Sid => toset(flatten([statement.Resource])) if endswith(statement.Sid, "Attestations") } == {
      SignAttestations        = toset([var.attest_key_arn])
      PublicKeyOfAttestations = toset(concat([var.attest_key_arn], var.former_attest_key_arns))
    }
    error_message = "their public keys, and nothing else of them"
  }
}

run "a_former_key_is_not_the_one_that_signs" {
  command = plan
  variables {
    former_attest_key_arns = ["arn:aws:kms:eu-central-1:111122223333:key/attest"]
  }
  expect_failures = [var.former_attest_key_arns]
}

run "a_former_key_is_no_alias" {
  command = plan
  variables {
    former_attest_key_arns = ["alias/trailkeep-attest"]
  }
  expect_failures = [var.former_attest_key_arns]
}

run "nobody_signed_before_where_nobody_signs" {
  command = plan
  variables {
    attest_key_arn         = null
    former_attest_key_arns = ["arn:aws:kms:eu-central-1:111122223333:key/attest-1"]
  }
  expect_failures = [var.former_attest_key_arns]
}

run "the_findings_topic_is_the_auditor_s_alone" {
  command = apply
  variables {
    subscribers = [{ protocol = "email", endpoint = "security@example.com" }, { protocol = "sqs", endpoint = "arn:aws:sqs:eu-central-1:444455556666:siem" }]
  }
  assert {
    condition     = aws_sns_topic.findings.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/queue" && length(aws_sns_topic_subscription.findings) == 2
    error_message = "encrypted, and told to both"
  }
  assert {
    condition     = { for s in jsondecode(aws_sns_topic_policy.findings.policy).Statement : s.Sid => s }["OnlyTheAuditorTells"].Condition == { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor" } }
    error_message = "nobody else publishes"
  }
}

run "digests_wake_it_by_a_queue_of_its_own" {
  command = apply
  assert {
    condition     = output.environment["TRAILKEEP_DIGEST_QUEUE"] == output.digest_queue_url && aws_sns_topic_subscription.this["digests"].topic_arn == "arn:aws:sns:eu-central-1:111122223333:trailkeep-landed" && aws_sns_topic_subscription.this["digests"].filter_policy_scope == "MessageAttributes" && aws_sns_topic_subscription.this["digests"].filter_policy == jsonencode({ kind = ["digest"] })
    error_message = "subscribed, and told"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this["digests"].redrive_policy).maxReceiveCount == 5 && output.dead_letter_queue_name == "trailkeep-auditor-digests-dead-letters"
    error_message = "with dead letters"
  }
}

run "in_another_account_it_assumes_the_archive_s_role" {
  command = apply
  variables {
    access        = { role = { arn = "arn:aws:iam::777788889999:role/trailkeep/trailkeep-auditor", external_id = "trailkeep-6f1e" } }
    announcements = null
    heads         = { bucket_name = "example-heads", account_id = "222233334444", kms_key_arn = "arn:aws:kms:eu-central-1:222233334444:key/heads" }
  }
  assert {
    condition     = output.environment["TRAILKEEP_ROLE_ARN"] == "arn:aws:iam::777788889999:role/trailkeep/trailkeep-auditor" && output.environment["TRAILKEEP_EXTERNAL_ID"] == "trailkeep-6f1e" && output.environment["TRAILKEEP_HEADS"] == "s3://example-heads"
    error_message = "The program is told of both."
  }
  assert {
    condition     = toset([for statement in jsondecode(output.task_policy_json).Statement : statement.Sid]) == toset(["ArchiveRole", "OrganizationRole", "PublicKeysOfCloudTrail", "Findings", "FindingsKey", "SignAttestations", "PublicKeyOfAttestations", "HeadsBucket", "Heads", "HeadsKey"])
    error_message = jsonencode([for statement in jsondecode(output.task_policy_json).Statement : statement.Sid])
  }
}

run "what_is_not_given_is_neither_set_nor_granted" {
  command = apply
  variables {
    heal_queue_url = null
    announcements  = null
    organization   = null
    attest_key_arn = null
  }
  assert {
    condition     = output.environment["TRAILKEEP_WITHOUT_ORGANIZATION"] == "true" && length(setintersection(keys(output.environment), ["TRAILKEEP_HEAL_QUEUE", "TRAILKEEP_DIGEST_QUEUE", "TRAILKEEP_SIGNING_KEY"])) == 0
    error_message = jsonencode(output.environment)
  }
  assert {
    condition     = toset([for statement in jsondecode(output.task_policy_json).Statement : statement.Sid]) == toset(["ArchiveBucket", "PublicKeysOfCloudTrail", "Findings", "FindingsKey"])
    error_message = "less is granted"
  }
}

run "two_tasks_where_one_shall_wait" {
  command = apply
  variables {
    standby = true
    options = { every = "30m", sample = "1%" }
  }
  assert {
    condition     = output.environment["TRAILKEEP_EVERY"] == "30m" && output.environment["TRAILKEEP_SAMPLE"] == "1%"
    error_message = "options become variables"
  }
}

run "an_unknown_option_is_refused" {
  command = plan
  variables {
    options = { evry = "30m" }
  }
  expect_failures = [var.options]
}

run "what_the_module_sets_is_no_option" {
  command = plan
  variables {
    options = { signing_key = "key.pem" }
  }
  expect_failures = [var.options]
}

run "access_is_one_of_two" {
  command = plan
  variables {
    access = {}
  }
  expect_failures = [var.access]
}

run "heads_need_what_they_are_heads_of" {
  command = plan
  variables {
    attest_key_arn = null
    heads          = { bucket_name = "example-heads", account_id = "222233334444" }
  }
  expect_failures = [var.heads]
}

run "the_archive_keeps_no_heads_of_its_own" {
  command = plan
  variables {
    heads = { bucket_name = "audit", account_id = "111122223333" }
  }
  expect_failures = [var.heads]
}

run "an_alias_does_not_sign" {
  command = plan
  variables {
    attest_key_arn = "alias/trailkeep-attest"
  }
  expect_failures = [var.attest_key_arn]
}

run "plain_http_is_not_told" {
  command = plan
  variables {
    subscribers = [{ protocol = "http", endpoint = "http://example.com" }]
  }
  expect_failures = [var.subscribers]
}

run "who_looks_has_something_to_look_into" {
  command = plan
  variables {
    look_into_log_buckets = true
  }
  expect_failures = [var.look_into_log_buckets]
}
