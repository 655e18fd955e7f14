variables {
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  object_lock_mode      = "governance"
  object_lock_days      = 30
  image                 = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  network               = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
}

run "by_default_everything_of_the_auditor_is_there_but_its_tasks" {
  command = apply

  assert {
    condition = output.auditor_environment == tomap({
      TRAILKEEP_ARCHIVE                   = output.archive_url
      TRAILKEEP_AWS_REGION                = "us-east-1"
      TRAILKEEP_DIGEST_QUEUE              = output.auditor_environment["TRAILKEEP_DIGEST_QUEUE"]
      TRAILKEEP_FINDINGS_TOPIC_ARN        = "arn:aws:sns:us-east-1:111122223333:trailkeep-findings"
      TRAILKEEP_HEAL_QUEUE                = output.queue_url
      TRAILKEEP_KMS_KEY_ID                = output.key_arns["raw"]
      TRAILKEEP_LEDGER                    = output.ledger_url
      TRAILKEEP_LOOK_INTO_LOG_BUCKETS     = "true"
      TRAILKEEP_OBJECT_LOCK_DAYS          = "30"
      TRAILKEEP_OBJECT_LOCK_MODE          = "governance"
      TRAILKEEP_ORGANIZATIONS_EXTERNAL_ID = "trailkeep-o-exampleorg1"
      TRAILKEEP_ORGANIZATIONS_ROLE_ARN    = "arn:aws:iam::999999999999:role/trailkeep/trailkeep-organization"
      TRAILKEEP_SIGNING_KEY               = "kms:${output.attest_key_arn}"
    })
    error_message = jsonencode(output.auditor_environment)
  }
  assert {
    condition     = output.auditor_service_name == null && output.auditor_repository_url != null && output.auditor_role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"
    error_message = "A repository to push to, and no tasks before that."
  }
  assert {
    condition     = !contains(keys(module.observability.alarm_arns), "auditor-silent")
    error_message = "Nobody waits for rounds of an auditor that does not run."
  }
  assert {
    condition     = output.for_management_account.auditor == { trusted_role_arn = output.auditor_role_arn, external_id = "trailkeep-o-exampleorg1", role_arn = "arn:aws:iam::999999999999:role/trailkeep/trailkeep-organization" }
    error_message = "The management account makes the role that the auditor was told of."
  }
  assert {
    condition     = contains(output.protected_role_arns, output.auditor_role_arn) && contains(output.protected_topic_arns, output.findings_topic_arn)
    error_message = "Its roles and topic are protected as the collector's."
  }
}

run "collectors_announce_the_digests_that_wake_it" {
  command = plan

  assert {
    condition     = output.collector_environment["TRAILKEEP_ANNOUNCE_DIGESTS"] == "true"
    error_message = "Nothing would come on its queue."
  }
}

run "with_an_image_it_works_and_is_watched" {
  command = apply

  variables {
    auditor   = { image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/auditor@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", standby = true, emails = ["security@example.com"] }
    collector = { options = { without_regions = "eu-north-1" } }
  }

  assert {
    condition     = output.auditor_service_name == "trailkeep-auditor" && module.auditor[0].cluster_name == output.cluster_name
    error_message = "It runs on the collector's cluster."
  }
  assert {
    condition     = length(setsubtract(["gap-found", "verification-failed", "attestation-late", "auditor-silent", "auditor-dead-letters", "tasks-trailkeep-auditor"], keys(module.observability.alarm_arns))) == 0
    error_message = jsonencode(keys(module.observability.alarm_arns))
  }
  assert {
    condition     = output.auditor_environment["TRAILKEEP_WITHOUT_REGIONS"] == "eu-north-1"
    error_message = "What the collector leaves out is not asked of it."
  }
}

run "without_an_auditor_nothing_of_it_is_there" {
  command = apply

  variables {
    auditor = null
  }

  assert {
    condition     = output.auditor_environment == null && output.auditor_role_arn == null && output.findings_topic_arn == null && !can(output.for_management_account.auditor)
    error_message = "neither tasks nor roles"
  }
  assert {
    condition     = !contains(keys(output.collector_environment), "TRAILKEEP_ANNOUNCE_DIGESTS")
    error_message = "and subscribers hear of nothing new"
  }
  assert {
    condition     = length(module.keys.key_map["attest"].users) == 0 && alltrue([for key in values(module.keys.key_map) : !strcontains(jsonencode(key.users), "auditor")])
    error_message = "and no key knows one"
  }
}

run "an_auditor_elsewhere_assumes_a_role_here" {
  command = apply

  variables {
    auditor = { elsewhere = { task_role_arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor", external_id = "trailkeep-6f1e" } }
  }

  assert {
    condition     = module.auditor_access[0].role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor" && output.auditor_role_arn == module.auditor_access[0].role_arn
    error_message = "The role has the name that keys and bucket know."
  }
  assert {
    condition     = output.findings_topic_arn == null && output.auditor_environment == null && length(module.keys.key_map["attest"].users) == 0
    error_message = "Tasks, topic and signing key are there, not here."
  }
  assert {
    condition     = output.for_management_account.auditor.trusted_role_arn == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor"
    error_message = "Who asks Organizations is the task role, wherever it runs."
  }
  assert {
    condition     = strcontains(module.announcements.policy_json, "444455556666")
    error_message = "Its queue is there, and subscribes."
  }
}

run "it_may_ask_as_it_is_or_nobody" {
  command = apply

  variables {
    auditor = { organization = "delegated", attest = false, heal = false, look_into_log_buckets = false }
  }

  assert {
    condition     = length(setintersection(keys(output.auditor_environment), ["TRAILKEEP_ORGANIZATIONS_ROLE_ARN", "TRAILKEEP_WITHOUT_ORGANIZATION", "TRAILKEEP_SIGNING_KEY", "TRAILKEEP_HEAL_QUEUE", "TRAILKEEP_LOOK_INTO_LOG_BUCKETS"])) == 0
    error_message = jsonencode(output.auditor_environment)
  }
  assert {
    condition     = strcontains(module.auditor[0].task_policy_json, "organizations:ListAccounts") && !strcontains(module.auditor[0].task_policy_json, "kms:Sign") && !strcontains(module.auditor[0].task_policy_json, "sqs:SendMessage")
    error_message = "What it does not do it may not."
  }
}

run "the_way_to_the_organization_is_one_of_three" {
  command = plan
  variables {
    auditor = { organization = "root" }
  }
  expect_failures = [var.auditor]
}

run "its_image_is_pinned" {
  command = plan
  variables {
    auditor = { image = "trailkeep/auditor:latest" }
  }
  expect_failures = [var.auditor]
}

run "heads_are_of_attestations" {
  command = plan
  variables {
    auditor = { attest = false, heads = { bucket_name = "heads", account_id = "444455556666" } }
  }
  expect_failures = [var.auditor]
}

run "an_auditor_elsewhere_is_a_role" {
  command = plan
  variables {
    auditor = { elsewhere = { task_role_arn = "444455556666", external_id = "trailkeep-6f1e" } }
  }
  expect_failures = [var.auditor]
}

run "the_lines_that_alarms_are_read_from_are_written" {
  command = plan
  variables {
    auditor = { options = { log = "warn" } }
  }
  expect_failures = [var.auditor]
}

run "an_address_is_one" {
  command = plan
  variables {
    auditor = { emails = ["security"] }
  }
  expect_failures = [var.auditor]
}
