# What the auditor calls in the archive's account, and nothing else (tests/test_whole_road_auditor.py). It reads, writes what it says of the archive, and can neither land nor delete.

locals {
  # Which suffix kms:ViaService has in China is not documented: either is that service. Elsewhere there is one.
  suffixes = distinct(["amazonaws.com", data.aws_partition.this.dns_suffix])

  archive_bucket_arn = "arn:${local.partition}:s3:::${var.archive.bucket_name}"
  archive_root       = join("/", compact([local.archive_bucket_arn, var.archive.prefix]))
  written_prefixes   = ["accounts/*", "attest/*", "findings/*", "keys/*", "outcomes/*"]
  # Of the events those that say what stopped a trail, or who joined and left; and what people say of findings, which it cannot write.
  read_prefixes  = concat(local.written_prefixes, ["acknowledged/*", "archive.json", "digests/*", "events/category=management/*", "raw/*", "sources/*"])
  event_key_arns = compact([lookup(var.kms_key_arns, "events-management", null)])

  # Origins of replicas are not read.
  looks              = try(length(var.sources.buckets) > 0, false)
  looks_itself       = local.looks && try(var.sources.role, null) == null
  source_buckets     = local.looks ? var.sources.buckets : []
  source_bucket_arns = [for bucket in local.source_buckets : "arn:${local.partition}:s3:::${bucket.name}"]
  source_account_ids = distinct(local.source_buckets[*].account_id)
  # An auditor elsewhere assumes it as itself, not by way of its role here.
  source_role_arns    = [for arn in [try(var.sources.role.arn, null)] : arn if arn != null && local.looks && var.trusted_role == null]
  of_the_archive      = [{ variable = "s3:ResourceAccount", values = [local.account] }]
  by_s3               = [{ variable = "kms:ViaService", values = [for suffix in local.suffixes : "s3.${local.region}.${suffix}"] }]
  for_the_archive     = concat(local.by_s3, [{ variable = "kms:EncryptionContext:aws:s3:arn", values = [local.archive_bucket_arn] }])
  by_sqs              = [{ variable = "kms:ViaService", values = [for suffix in local.suffixes : "sqs.${local.region}.${suffix}"] }]
  by_dynamodb         = [{ variable = "kms:ViaService", values = [for suffix in local.suffixes : "dynamodb.${local.region}.${suffix}"] }]
  heal_queue_arns     = var.heal_queue == null ? [] : [var.heal_queue.queue_arn]
  of_the_source_owner = [{ variable = "s3:ResourceAccount", values = local.source_account_ids }]

  statements = concat(
    [
      # Versions, too: whether something was put over what landed, or a delete marker.
      { sid = "ArchiveBucket", actions = ["s3:ListBucket", "s3:ListBucketVersions"], resources = [local.archive_bucket_arn], equals = local.of_the_archive },
      { sid = "ArchiveReads", actions = ["s3:GetObject"], resources = [for prefix in local.read_prefixes : "${local.archive_root}/${prefix}"], equals = local.of_the_archive },
      { sid = "ArchiveFindings", actions = ["s3:PutObject", "s3:PutObjectRetention"], resources = [for prefix in local.written_prefixes : "${local.archive_root}/${prefix}"], equals = local.of_the_archive },
      # A day's outcomes are large enough to be uploaded in parts.
      { sid = "ArchiveUploads", actions = ["s3:AbortMultipartUpload"], resources = ["${local.archive_root}/outcomes/*"], equals = local.of_the_archive },
      { sid = "ArchiveKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.kms_key_arns["raw"]], equals = local.for_the_archive },
    ],
    # Events are read, and never written.
    [for arns in [local.event_key_arns] : { sid = "EventKeys", actions = ["kms:Decrypt"], resources = arns, equals = local.for_the_archive } if length(arns) > 0],
    [
      # Notes and Batches; what was missing and has landed; and, when it starts, whether the ledger knows the archive's newest Batches.
      { sid = "LedgerReads", actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem"], resources = [var.ledger.table_arn], equals = [] },
      { sid = "LedgerUnfinished", actions = ["dynamodb:Query"], resources = ["${var.ledger.table_arn}/index/unfinished"], equals = [] },
      { sid = "LedgerKey", actions = ["kms:Decrypt"], resources = [var.kms_key_arns["table"]], equals = concat(local.by_dynamodb, [{ variable = "kms:EncryptionContext:aws:dynamodb:tableName", values = [var.ledger.table_name] }]) },
      # It has no encryption context.
      { sid = "LedgerKeyState", actions = ["kms:DescribeKey"], resources = [var.kms_key_arns["table"]], equals = local.by_dynamodb },
    ],
    [for arn in local.heal_queue_arns : { sid = "HealQueue", actions = ["sqs:SendMessage"], resources = [arn], equals = [] }],
    # To send SQS wants both.
    [for arn in local.heal_queue_arns : {
      sid    = "HealQueueKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.kms_key_arns["queue"]]
      equals = concat(local.by_sqs, [{ variable = "kms:EncryptionContext:aws:sqs:arn", values = [arn] }])
    }],
    # Whether an object is there at all: it is described, not fetched, which takes no key. Without ListBucket S3 answers 403 for one that is gone.
    [for arns in [local.source_bucket_arns] : { sid = "LogObjects", actions = ["s3:GetObject"], resources = [for arn in arns : "${arn}/*"], equals = local.of_the_source_owner } if local.looks_itself],
    [for arns in [local.source_bucket_arns] : { sid = "LogBuckets", actions = ["s3:ListBucket"], resources = arns, equals = local.of_the_source_owner } if local.looks_itself],
    [for arn in local.source_role_arns : { sid = "SourceRole", actions = ["sts:AssumeRole"], resources = [arn], equals = [] }],
  )
}

data "aws_iam_policy_document" "access" {
  dynamic "statement" {
    for_each = local.statements
    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
      dynamic "condition" {
        for_each = statement.value.equals
        content {
          test     = "StringEquals"
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }

  # What landed stands in the same table: only the auditor's own lease and notes. It makes no ledger: where there is none it does not start.
  statement {
    sid       = "LedgerNotes"
    actions   = ["dynamodb:UpdateItem"]
    resources = [var.ledger.table_arn]
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["M#*#auditor/*", "X#auditor"]
    }
    # Of no key at all "for all" is true.
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }
}

# What `trailkeep findings` and `trailkeep findings acknowledge` call, for whoever does that: no role here has it.
data "aws_iam_policy_document" "acknowledger" {
  statement {
    sid       = "ListFindings"
    actions   = ["s3:ListBucket"]
    resources = [local.archive_bucket_arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [join("/", compact([var.archive.prefix, "findings/*"]))]
    }
  }
  statement {
    sid       = "ReadFindings"
    actions   = ["s3:GetObject"]
    resources = [for key in ["archive.json", "findings/*"] : "${local.archive_root}/${key}"]
  }
  statement {
    sid       = "Acknowledge"
    actions   = ["s3:PutObject", "s3:PutObjectRetention"]
    resources = ["${local.archive_root}/acknowledged/*"]
  }
  # Which key encrypts, where none is named.
  statement {
    sid       = "ArchiveEncryption"
    actions   = ["s3:GetEncryptionConfiguration"]
    resources = [local.archive_bucket_arn]
  }
  statement {
    sid       = "ArchiveKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arns["raw"]]
    dynamic "condition" {
      for_each = local.for_the_archive
      content {
        test     = "StringEquals"
        variable = condition.value.variable
        values   = condition.value.values
      }
    }
  }
}

# The account is the principal and the role a condition: it need not be there yet, and one made anew is still meant.
data "aws_iam_policy_document" "trust" {
  for_each = { for key, trusted in { elsewhere = var.trusted_role } : key => trusted if trusted != null }

  statement {
    sid     = "AuditorElsewhere"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${split(":", each.value.arn)[4]}:root"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [each.value.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [each.value.external_id]
    }
  }
}
