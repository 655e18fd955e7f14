variables {
  bucket_name           = "org-logs"
  kms_key_arn           = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  trail_arns            = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
}

run "the_bucket_is_versioned_private_owned_and_encrypted" {
  command = plan
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versioning is on."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing is public."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Objects belong to the bucket's owner, whoever writes them."
  }
  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
    rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn])
    error_message = "The default is the customer key, with a bucket key."
  }
  assert {
    condition     = length(aws_s3_bucket_notification.this) == 0 && length(aws_s3_bucket_object_lock_configuration.this) == 0 && length(aws_s3_bucket_logging.this) == 0
    error_message = "Notifications, lock and access logs are only there if asked for."
  }
}

run "log_files_expire_after_400_days_and_uploads_after_7" {
  command = plan
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 400 && aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "400 days, and 30 for what was overwritten."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7 && aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].expired_object_delete_marker
    error_message = "Uncompleted uploads and expired delete markers are removed."
  }
}

run "only_the_named_trail_writes_and_only_below_both_folders" {
  command = plan
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s if s.Effect == "Allow"] == [
      {
        Sid       = "TrailsLook", Effect = "Allow", Action = "s3:GetBucketAcl", Resource = "arn:aws:s3:::org-logs", Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization" } }
      },
      {
        Sid       = "TrailsWrite", Effect = "Allow", Action = "s3:PutObject", Principal = { Service = "cloudtrail.amazonaws.com" }
        Resource  = ["arn:aws:s3:::org-logs/AWSLogs/o-exampleorg1/*", "arn:aws:s3:::org-logs/AWSLogs/999999999999/*"]
        Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization", "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
    error_message = "Two Allows, both CloudTrail's for this trail: nobody else's."
  }
  assert {
    condition     = aws_s3_bucket_policy.this.policy == data.aws_iam_policy_document.bucket.minified_json
    error_message = "The bucket has this policy."
  }
}

run "below_a_prefix_of_the_trail" {
  command = plan
  variables {
    key_prefix = "o-exampleorg1"
    notify     = { queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep" }
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Resource if s.Sid == "TrailsWrite"] == [
      ["arn:aws:s3:::org-logs/o-exampleorg1/AWSLogs/o-exampleorg1/*", "arn:aws:s3:::org-logs/o-exampleorg1/AWSLogs/999999999999/*"]
    ]
    error_message = "The folders are below the trail's prefix."
  }
  assert {
    condition     = aws_s3_bucket_notification.this["owner"].queue[0].filter_prefix == "o-exampleorg1/AWSLogs/"
    error_message = "So is what is announced."
  }
}

run "nobody_but_cloudtrail_puts_nobody_deletes_nobody_lifts_a_lock" {
  command = plan
  assert {
    condition = { for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Sid => try(s.Condition, null) if contains(["DenyOtherWriters", "DenyDeleting", "DenyUnlocking"], s.Sid) } == {
      DenyOtherWriters = { StringNotEquals = { "aws:PrincipalServiceName" = "cloudtrail.amazonaws.com" } }
      DenyDeleting     = null
      DenyUnlocking    = null
    }
    error_message = "Only CloudTrail is spared, and of putting alone."
  }
  assert {
    condition     = { for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Sid => try(s.Condition, null) if startswith(s.Sid, "DenyPlain") || startswith(s.Sid, "DenyOld") } == { DenyPlainHttp = { Bool = { "aws:SecureTransport" = "false" } }, DenyOldTls = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } }
    error_message = "TLS 1.2 or newer."
  }
}

run "wrong_encryption_is_denied_and_digests_and_defaults_are_spared" {
  command = plan
  assert {
    condition = { for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Sid => [s.Action, s.NotResource, s.Condition] if contains(["DenyOtherEncryption", "DenyOtherKeys"], s.Sid) } == {
      DenyOtherEncryption = ["s3:PutObject", "arn:aws:s3:::org-logs/*/CloudTrail-Digest/*", {
        Null = { "s3:x-amz-server-side-encryption" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
      }]
      DenyOtherKeys = ["s3:PutObject", "arn:aws:s3:::org-logs/*/CloudTrail-Digest/*", {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
      }]
    }
    error_message = "Only a header that is there and wrong is denied, and none of a digest."
  }
}

run "break_glass_and_restore_roles_are_spared_by_name" {
  command = plan
  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
    restore_role_arns     = ["arn:aws:iam::111122223333:role/restore"]
  }
  assert {
    condition = { for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Sid => s.Condition if contains(["DenyOtherWriters", "DenyDeleting", "DenyUnlocking"], s.Sid) } == {
      DenyOtherWriters = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/restore" }, StringNotEquals = { "aws:PrincipalServiceName" = "cloudtrail.amazonaws.com" } }
      DenyDeleting     = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/break-glass" } }
      DenyUnlocking    = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/break-glass" } }
    }
    error_message = "Each is spared of its own denial only."
  }
}

run "readers_get_objects_and_list" {
  command = plan
  variables {
    reader_role_arns = ["arn:aws:iam::444455556666:role/trailkeep/trailkeep-collector"]
  }
  assert {
    condition = { for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Sid => [s.Principal, toset(flatten([s.Action])), s.Resource, s.Condition] if startswith(s.Sid, "Readers") } == {
      ReadersGetObjects = [{ AWS = "arn:aws:iam::444455556666:root" }, toset(["s3:GetObject", "s3:GetObjectVersion"]), "arn:aws:s3:::org-logs/AWSLogs/*", { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-collector" } }]
      ReadersListBucket = [{ AWS = "arn:aws:iam::444455556666:root" }, toset(["s3:ListBucket"]), "arn:aws:s3:::org-logs", { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-collector" } }]
    }
    error_message = "The collector's role reads and lists, and nothing more."
  }
}

run "a_replica_is_written_by_the_replication_role_alone" {
  command = plan
  variables {
    trail_arns            = []
    replication_role_arns = ["arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication"]
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : [s.Sid, toset(flatten([s.Action])), s.Resource, s.Principal, s.Condition] if s.Effect == "Allow"] == [[
      "ReplicateObjects", toset(["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]), "arn:aws:s3:::org-logs/AWSLogs/*",
      { AWS = "arn:aws:iam::444455556666:root" }, { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication" } }
    ]]
    error_message = "No CloudTrail, only the role; and it replicates no deletion."
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.bucket.minified_json).Statement : s.Condition if s.Sid == "DenyOtherWriters"] == [
      { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication" } }
    ]
    error_message = "Everybody else is denied, CloudTrail too."
  }
}

run "a_lock_is_the_buckets_default" {
  command = plan
  variables {
    object_lock = { mode = "governance", days = 30 }
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.this["default"].rule[0].default_retention[0].mode == "GOVERNANCE" && aws_s3_bucket_object_lock_configuration.this["default"].rule[0].default_retention[0].days == 30
    error_message = "CloudTrail sends no lock: the default is what locks."
  }
}

run "accesses_are_logged_below_the_buckets_name" {
  command = plan
  variables {
    access_log_bucket_name = "access-logs"
  }
  assert {
    condition     = aws_s3_bucket_logging.this["access-logs"].target_prefix == "org-logs/"
    error_message = "As access-log-bucket allows."
  }
}

run "a_queue_is_notified_of_all_that_cloudtrail_writes" {
  command = plan
  variables {
    notify = { queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep", eventbridge = true }
  }
  assert {
    condition     = [for q in aws_s3_bucket_notification.this["owner"].queue : [q.queue_arn, q.events, q.filter_prefix, q.filter_suffix == null]] == [["arn:aws:sqs:us-east-1:111122223333:trailkeep", toset(["s3:ObjectCreated:*"]), "AWSLogs/", true]]
    error_message = "By prefix and without a suffix: digests, and kinds yet to come."
  }
  assert {
    condition     = aws_s3_bucket_notification.this["owner"].eventbridge && length(aws_s3_bucket_notification.this["owner"].topic) == 0
    error_message = "EventBridge besides."
  }
}

run "a_topic_is_notified" {
  command = plan
  variables {
    notify = { topic_arn = "arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects" }
  }
  assert {
    condition     = [for t in aws_s3_bucket_notification.this["owner"].topic : [t.topic_arn, t.events, t.filter_prefix]] == [["arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects", toset(["s3:ObjectCreated:*"]), "AWSLogs/"]] && !aws_s3_bucket_notification.this["owner"].eventbridge
    error_message = "The topic and nobody else."
  }
}

run "the_built_arn_is_the_buckets" {
  command = apply
  assert {
    condition     = output.bucket_arn == aws_s3_bucket.this.arn && output.bucket_name == "org-logs" && output.notification_owner == null
    error_message = "The ARN that is built is the one that AWS gives."
  }
}

run "break_glass_may_be_a_role_of_identity_center" {
  command = plan
  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_BreakGlass_*"]
  }
  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyDeleting"].Condition.ArnNotLike["aws:PrincipalArn"] == var.break_glass_role_arns[0]
    error_message = "The random ending of its name is left open."
  }
}
