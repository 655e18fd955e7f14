provider "aws" {
  region = "eu-west-1"
}

variables {
  bucket_name          = "example-replica"
  replication_role_arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication"
  lifecycle_rules = [
    { id = "raw-standard", prefix = "raw/class=standard/", transitions = [{ storage_class = "GLACIER_IR", days = 30 }, { storage_class = "DEEP_ARCHIVE", days = 120 }], retention_days = 2557, noncurrent_days = 30 },
    { id = "attest", prefix = "attest/", transitions = [], retention_days = 2557, noncurrent_days = 30 },
    { id = "staging", prefix = "staging/", transitions = [], retention_days = 0, noncurrent_days = 1 },
  ]
}

run "the_replica_is_versioned_lockable_and_nobody_elses" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && length(aws_s3_bucket_object_lock_configuration.this.rule) == 0
    error_message = "S3 replicates a lockable bucket into a lockable bucket only, and locks come with the replicas"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced",
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "ownership and public access"
  }

  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0
    error_message = "no access log bucket, no logs"
  }
}

run "each_class_has_a_rotated_key" {
  command = plan

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["raw", "events-management", "events-data", "events-insight", "events-network", "events-aggregated"])
    error_message = "keys"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "rotation"
  }
}

run "only_the_replication_role_writes_and_nobody_deletes_or_unlocks" {
  command = plan

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyReplicationByOthers"].Condition == { ArnNotEquals = { "aws:PrincipalArn" = var.replication_role_arn } }
    error_message = "other roles"
  }

  assert {
    condition = alltrue([
      for sid, actions in {
        DenyAllOtherWrites = ["s3:PutObject", "s3:ReplicateDelete"]
        DenyDeletion       = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        DenyChangesOfLocks = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]
      } :
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Action) == toset(actions)
      && !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Condition)
    ])
    error_message = "without an exception"
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPlainHttp"].Condition == { Bool = { "aws:SecureTransport" = "false" } },
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOldTls"].Condition == { NumericLessThan = { "s3:TlsVersion" = "1.2" } },
    ])
    error_message = "TLS"
  }
}

run "the_role_of_another_account_puts_replicas_that_belong_to_this_one" {
  command = plan

  assert {
    condition = alltrue([
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Replicas"].Action) == toset(["s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner"]),
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Replicas"].Principal == { AWS = "arn:aws:iam::444455556666:root" },
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Replicas"].Condition == { ArnLike = { "aws:PrincipalArn" = var.replication_role_arn } },
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Replicas"].Resource == "arn:aws:s3:::example-replica/*",
    ])
    error_message = "grant"
  }

  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid if s.Effect == "Allow"] == ["Replicas"]
    error_message = "nobody else may do anything"
  }
}

run "a_role_of_this_account_needs_no_change_of_owner" {
  command = plan

  variables {
    replication_role_arn = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-replication"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Replicas"].Action == "s3:ReplicateObject"
    error_message = "owner"
  }
}

run "the_keys_encrypt_for_the_role_by_way_of_this_bucket_only" {
  command = plan

  assert {
    condition = alltrue([for key in aws_kms_key.this : { for s in jsondecode(key.policy).Statement : s.Sid => s }["EncryptReplicas"].Condition == {
      ArnLike      = { "aws:PrincipalArn" = var.replication_role_arn }
      StringEquals = { "kms:ViaService" = "s3.eu-west-1.amazonaws.com" }
      StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::example-replica", "arn:aws:s3:::example-replica/*"] }
    }])
    error_message = "conditions"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : toset({ for s in jsondecode(key.policy).Statement : s.Sid => s }["EncryptReplicas"].Action) == toset(["kms:Encrypt", "kms:GenerateDataKey"])])
    error_message = "it encrypts and does not decrypt"
  }
}

run "administrators_manage_the_keys_and_do_not_use_them" {
  command = plan

  variables {
    key_administrator_role_arns = ["arn:aws:iam::111122223333:role/deployer"]
  }

  assert {
    condition = alltrue([for key in aws_kms_key.this : length(setintersection({ for s in jsondecode(key.policy).Statement : s.Sid => s }["Administer"].Action,
    ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant", "kms:*"])) == 0])
    error_message = "manage is not use"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : { for s in jsondecode(key.policy).Statement : s.Sid => s }["Administer"].Condition == { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/deployer" } }])
    error_message = "only they"
  }
}

run "readers_are_named_in_the_bucket_and_in_the_keys" {
  command = plan

  variables {
    reader_principal_arns = ["arn:aws:iam::111122223333:role/restore", "arn:aws:iam::444455556666:role/auditor"]
  }

  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Action if s.Effect == "Allow" && s.Sid != "Replicas"] == ["s3:GetObject", "s3:ListBucket"]
    error_message = "they read and list"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : { for s in jsondecode(key.policy).Statement : s.Sid => s }["DecryptForReaders"].Action == "kms:Decrypt"])
    error_message = "and decrypt"
  }
}

run "the_replica_has_the_archives_tiers_and_expiry" {
  command = plan

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id] == ["raw-standard", "attest", "sweep"]
    error_message = "one rule for each prefix that is replicated"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 2557 && { for t in aws_s3_bucket_lifecycle_configuration.this.rule[0].transition : t.storage_class => t.days } == { GLACIER_IR = 30, DEEP_ARCHIVE = 120 }
    error_message = "as handed over"
  }
}

run "what_the_archive_has_to_know_is_one_output" {
  command = apply

  assert {
    condition = alltrue([
      output.replication.bucket_arn == "arn:aws:s3:::example-replica", output.replication.account_id == "111122223333", output.replication.region == "eu-west-1",
      output.replication.kms_key_arn == output.key_arns["raw"], output.replication.event_kms_key_arns["data"] == output.key_arns["events-data"],
    ])
    error_message = "replication"
  }
}

run "overlapping_rules_are_refused" {
  command = plan

  variables {
    lifecycle_rules = [
      { id = "raw", prefix = "raw/", transitions = [], retention_days = 400, noncurrent_days = 30 },
      { id = "raw-standard", prefix = "raw/class=standard/", transitions = [], retention_days = 2557, noncurrent_days = 30 },
    ]
  }

  expect_failures = [var.lifecycle_rules]
}

run "no_rules_are_refused" {
  command = plan

  variables {
    lifecycle_rules = []
  }

  expect_failures = [var.lifecycle_rules]
}

run "a_role_that_is_an_account_is_refused" {
  command = plan

  variables {
    replication_role_arn = "arn:aws:iam::444455556666:root"
  }

  expect_failures = [var.replication_role_arn]
}

run "an_unknown_category_is_refused" {
  command = plan

  variables {
    event_categories = ["logins"]
  }

  expect_failures = [var.event_categories]
}

run "a_reader_that_is_an_account_is_refused" {
  command = plan

  variables {
    reader_principal_arns = ["arn:aws:iam::444455556666:root"]
  }

  expect_failures = [var.reader_principal_arns]
}

run "an_administrators_session_is_refused" {
  command = plan

  variables {
    key_administrator_role_arns = ["arn:aws:sts::111122223333:assumed-role/deployer/ci"]
  }

  expect_failures = [var.key_administrator_role_arns]
}

run "a_bucket_name_with_dots_is_refused" {
  command = plan

  variables {
    bucket_name = "example.replica"
  }

  expect_failures = [var.bucket_name]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    name = "Trailkeep"
  }

  expect_failures = [var.name]
}

run "sweeping_uploads_at_once_is_refused" {
  command = plan

  variables {
    abort_uploads_days = 0
  }

  expect_failures = [var.abort_uploads_days]
}

run "a_key_deletion_window_that_kms_does_not_take_is_refused" {
  command = plan

  variables {
    key_deletion_window_in_days = 3
  }

  expect_failures = [var.key_deletion_window_in_days]
}

run "a_rule_that_is_null" {
  command = plan

  variables {
    lifecycle_rules = [null]
  }

  expect_failures = [var.lifecycle_rules]
}

run "two_rules_of_one_name" {
  command = plan

  variables {
    lifecycle_rules = [{ id = "a", prefix = "raw/", transitions = [], retention_days = 5, noncurrent_days = 3 }, { id = "a", prefix = "events/", transitions = [], retention_days = 5, noncurrent_days = 3 }]
  }

  expect_failures = [var.lifecycle_rules]
}

run "a_storage_class_that_is_none" {
  command = plan

  variables {
    lifecycle_rules = [{ id = "a", prefix = "raw/", transitions = [{ storage_class = "COLD", days = 1 }], retention_days = 5, noncurrent_days = 3 }]
  }

  expect_failures = [var.lifecycle_rules]
}

run "days_in_fractions_before_a_key_is_gone" {
  command = plan

  variables {
    key_deletion_window_in_days = 7.5
  }

  expect_failures = [var.key_deletion_window_in_days]
}
