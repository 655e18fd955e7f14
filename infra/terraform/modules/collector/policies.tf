# What the collector calls, and nothing else. Calls and actions: docs/operating.md, "Permissions".

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  # Which suffix kms:ViaService has in China is not documented: either is that service. Elsewhere there is one.
  suffixes = distinct(["amazonaws.com", data.aws_partition.this.dns_suffix])

  archive_bucket_arn = "arn:${local.partition}:s3:::${var.archive.bucket_name}"
  archive_root       = join("/", compact([local.archive_bucket_arn, var.archive.prefix]))

  # attest/ is not the collector's: who lands must not be able to vouch for what landed.
  # By multipart upload, and by plain puts.
  uploaded_prefixes = ["digests/*", "events/*", "index/*", "quarantine/*", "raw/*", "sources/*"]
  written_prefixes  = concat(["archive.json", "staging/*"], local.uploaded_prefixes)
  locked_prefixes   = ["digests/*", "raw/*", "sources/*"]

  # Origins of replicas are not read.
  source_bucket_arns = [for bucket in var.sources.buckets : "arn:${local.partition}:s3:::${bucket.name}"]
  source_account_ids = distinct(var.sources.buckets[*].account_id)
  source_key_arns    = distinct([for bucket in var.sources.buckets : bucket.kms_key_arn if bucket.kms_key_arn != null])
  source_region      = coalesce(var.sources.region, local.region)
  reads_itself       = var.sources.role == null
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Queue"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
    resources = [var.queue.queue_arn]
  }
  statement {
    sid       = "QueueKey"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arns["queue"]]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.suffixes : "sqs.${local.region}.${suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:sqs:arn"
      values   = [var.queue.queue_arn]
    }
  }

  dynamic "statement" {
    for_each = local.reads_itself ? [1] : []
    content {
      sid       = "LogObjects"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = [for arn in local.source_bucket_arns : "${arn}/*"]
      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = local.source_account_ids
      }
    }
  }
  # Without it S3 answers 403 for a key that is gone, which cannot be told from a missing permission. A condition on s3:prefix would take that away again.
  dynamic "statement" {
    for_each = local.reads_itself ? [1] : []
    content {
      sid       = "LogBuckets"
      actions   = ["s3:ListBucket"]
      resources = local.source_bucket_arns
      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = local.source_account_ids
      }
    }
  }
  # CloudTrail encrypts with the trail as context, replication with the bucket: so by way of S3 in that Region, and no narrower.
  dynamic "statement" {
    for_each = local.reads_itself && length(local.source_key_arns) > 0 ? [1] : []
    content {
      sid       = "LogKeys"
      actions   = ["kms:Decrypt"]
      resources = local.source_key_arns
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.suffixes : "s3.${local.source_region}.${suffix}"]
      }
    }
  }
  dynamic "statement" {
    for_each = local.reads_itself ? [] : [var.sources.role.arn]
    content {
      sid       = "SourceRole"
      actions   = ["sts:AssumeRole"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "ArchiveBucket"
    actions   = ["s3:ListBucket"]
    resources = [local.archive_bucket_arn]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  # No condition on lock and key: parts of an upload carry neither, its beginning does. The bucket's policy says what it can of that.
  statement {
    sid       = "ArchiveObjects"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for prefix in local.written_prefixes : "${local.archive_root}/${prefix}"]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "ArchiveUploads"
    actions   = ["s3:AbortMultipartUpload"]
    resources = [for prefix in local.uploaded_prefixes : "${local.archive_root}/${prefix}"]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "ArchiveLocks"
    actions   = ["s3:PutObjectRetention"]
    resources = [for prefix in local.locked_prefixes : "${local.archive_root}/${prefix}"]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "ArchiveStaging"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.archive_root}/staging/*"]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }
  # Bucket keys make the bucket the context, so that no policy tells prefixes apart: each put names its class's key.
  statement {
    sid       = "ArchiveKeys"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = distinct(concat([var.kms_key_arns["raw"]], values(local.event_keys)))
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.suffixes : "s3.${local.region}.${suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.archive_bucket_arn]
    }
  }

  statement {
    sid = "Ledger"
    actions = [
      "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PartiQLInsert",
      "dynamodb:PutItem", "dynamodb:UpdateItem",
    ]
    resources = [var.ledger.table_arn]
  }
  statement {
    sid       = "LedgerIndex"
    actions   = ["dynamodb:Query"]
    resources = [var.ledger.index_arn]
  }
  statement {
    sid       = "LedgerKey"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arns["table"]]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.suffixes : "dynamodb.${local.region}.${suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:dynamodb:tableName"
      values   = [var.ledger.table_name]
    }
  }
  # It has no encryption context.
  statement {
    sid       = "LedgerKeyState"
    actions   = ["kms:DescribeKey"]
    resources = [var.kms_key_arns["table"]]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.suffixes : "dynamodb.${local.region}.${suffix}"]
    }
  }

  dynamic "statement" {
    for_each = var.topic_arn == null ? [] : [var.topic_arn]
    content {
      sid       = "Topic"
      actions   = ["sns:Publish"]
      resources = [statement.value]
    }
  }
  dynamic "statement" {
    for_each = var.topic_arn == null ? [] : [var.topic_arn]
    content {
      sid       = "TopicKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.kms_key_arns["queue"]]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.suffixes : "sns.${local.region}.${suffix}"]
      }
      condition {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:aws:sns:topicArn"
        values   = [statement.value]
      }
    }
  }
}
