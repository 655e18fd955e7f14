variables {
  bucket_name          = "example-audit"
  object_lock_mode     = "governance"
  default_kms_key_arn  = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  allowed_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000b"]
  writer_role_arns     = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]

  replication = {
    bucket_arn         = "arn:aws:s3:::example-replica"
    account_id         = "444455556666"
    region             = "eu-west-1"
    kms_key_arn        = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000c"
    event_kms_key_arns = { management = "arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-0000-0000-00000000000d" }
  }
}

run "nothing_is_replicated_unless_asked_for" {
  command = plan

  variables {
    replication = null
  }

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.this) == 0 && length(aws_iam_role.replication) == 0
    error_message = "no replica, no role"
  }

  assert {
    condition     = output.replication_role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-replication"
    error_message = "the replica can be made first"
  }
}

run "everything_but_staging_and_lease_is_replicated" {
  command = plan

  assert {
    condition = toset([for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.filter[0].prefix]) == toset([
      "accounts/", "acknowledged/", "archive.json", "attest/", "digests/", "findings/", "index/", "keys/", "outcomes/", "quarantine/", "raw/", "sources/",
      "events/category=aggregated/", "events/category=data/", "events/category=insight/", "events/category=management/", "events/category=network/",
    ])
    error_message = "a rule for each prefix"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.status == "Enabled" && rule.delete_marker_replication[0].status == "Disabled" && rule.source_selection_criteria[0].sse_kms_encrypted_objects[0].status == "Enabled"])
    error_message = "deletions stay here, and KMS objects are taken"
  }

  assert {
    condition     = length(distinct([for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.priority])) == 17 && length(distinct([for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.id])) == 17
    error_message = "priorities and ids differ"
  }
}

run "a_replica_in_another_account_belongs_to_it_and_has_its_keys" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.destination[0].access_control_translation[0].owner == "Destination" && rule.destination[0].account == "444455556666"])
    error_message = "owner"
  }

  assert {
    condition = { for rule in aws_s3_bucket_replication_configuration.this[0].rule : rule.filter[0].prefix => substr(rule.destination[0].encryption_configuration[0].replica_kms_key_id, -1, 1) if contains(["raw/", "events/category=management/", "events/category=data/"], rule.filter[0].prefix) } == {
      "raw/" = "c", "events/category=management/" = "d", "events/category=data/" = "c"
    }
    error_message = "keys"
  }
}

run "a_replica_in_the_same_account_needs_no_change_of_owner" {
  command = plan

  variables {
    replication = {
      bucket_arn  = "arn:aws:s3:::example-replica"
      account_id  = "111122223333"
      region      = "eu-west-1"
      kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-00000000000c"
    }
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_replication_configuration.this[0].rule : length(rule.destination[0].access_control_translation) == 0])
    error_message = "owner"
  }

  assert {
    condition     = { for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["WriteReplicas"].Action == "s3:ReplicateObject"
    error_message = "nothing but the replica"
  }
}

run "time_control_is_15_minutes_and_metrics_are_on" {
  command = plan

  variables {
    replication = {
      bucket_arn   = "arn:aws:s3:::example-replica"
      account_id   = "111122223333"
      region       = "eu-west-1"
      kms_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-00000000000c"
      time_control = true
    }
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_replication_configuration.this[0].rule : alltrue([
      rule.destination[0].replication_time[0].status == "Enabled", rule.destination[0].replication_time[0].time[0].minutes == 15,
      rule.destination[0].metrics[0].status == "Enabled", rule.destination[0].metrics[0].event_threshold[0].minutes == 15,
    ])])
    error_message = "S3 knows no other time"
  }
}

run "the_role_may_do_just_what_replication_does" {
  command = plan

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Action])) == toset([
      "s3:GetReplicationConfiguration", "s3:ListBucket",
      "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectRetention", "s3:GetObjectLegalHold",
      "s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner",
      "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey",
    ])
    error_message = "actions"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.replication[0].policy, "staging") && !contains(flatten([for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Resource]), "*")
    error_message = "resources"
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["DecryptHere"].Condition.StringEquals["kms:ViaService"] == "s3.us-east-1.amazonaws.com",
      toset({ for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["DecryptHere"].Resource) == toset(concat([var.default_kms_key_arn], var.allowed_kms_key_arns)),
      toset({ for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["DecryptHere"].Condition.StringLike["kms:EncryptionContext:aws:s3:arn"]) == toset(["arn:aws:s3:::example-audit", "arn:aws:s3:::example-audit/*"]),
      { for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["EncryptThere"].Condition.StringEquals["kms:ViaService"] == "s3.eu-west-1.amazonaws.com",
      length({ for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["EncryptThere"].Resource) == 2,
      toset({ for s in jsondecode(aws_iam_role_policy.replication[0].policy).Statement : s.Sid => s }["EncryptThere"].Condition.StringLike["kms:EncryptionContext:aws:s3:arn"]) == toset(["arn:aws:s3:::example-replica", "arn:aws:s3:::example-replica/*"]),
    ])
    error_message = "keys only by way of S3, here for this bucket and there for that one"
  }
}

run "s3_alone_assumes_the_role_within_the_boundary" {
  command = plan

  variables {
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    role_path            = "/audit/"
  }

  assert {
    condition     = jsondecode(aws_iam_role.replication[0].assume_role_policy).Statement[0].Principal == { Service = "s3.amazonaws.com" } && length(jsondecode(aws_iam_role.replication[0].assume_role_policy).Statement) == 1
    error_message = "trust"
  }

  assert {
    condition     = aws_iam_role.replication[0].permissions_boundary == var.permissions_boundary && aws_iam_role.replication[0].path == "/audit/" && output.replication_role_arn == "arn:aws:iam::111122223333:role/audit/trailkeep-replication"
    error_message = "boundary and path"
  }
}
