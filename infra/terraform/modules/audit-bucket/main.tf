data "aws_partition" "this" {}

data "aws_caller_identity" "this" {}

data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition

  # KMS sees S3 under either name in China.
  dns_suffixes = distinct(["amazonaws.com", data.aws_partition.this.dns_suffix])

  # Built, so that policies are known before the bucket is there.
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket_name}"

  # Where the services lock each object as they write it. Source: docs/format.md, "Objects".
  locked_prefixes = concat(["raw/", "digests/", "sources/"], local.proved_prefixes)

  # What is said of the archive, and not landed: the auditor's alone, so that who lands cannot vouch for it.
  proved_prefixes = ["attest/", "findings/", "keys/", "outcomes/"]

  # Whole histories, of which the newest counts: each is made once and stays as it is, locked or not.
  audited_prefixes = concat(["accounts/"], local.proved_prefixes)

  # What people say of findings, and no service: each is made once, locked or not. Who said what, and why, is in a row of findings/, too.
  said_prefixes     = ["acknowledged/"]
  lockable_prefixes = distinct(concat(local.locked_prefixes, local.audited_prefixes, local.said_prefixes))

  max_object_lock_days = var.max_object_lock_days == null ? var.object_lock_days + 1 : var.max_object_lock_days
  kms_key_arns         = distinct(concat([var.default_kms_key_arn], var.allowed_kms_key_arns))
}

resource "aws_s3_bucket" "this" {
  bucket              = var.bucket_name
  object_lock_enabled = true
  tags                = var.tags
}

# No rule: a default would lock staging/ and archive.json too. It stands here so that a plan shows a rule that somebody added.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    bucket_key_enabled       = true
    blocked_encryption_types = ["SSE-C"]

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.default_kms_key_arn
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for arn in local.kms_key_arns : split(":", arn)[3] == data.aws_region.this.region])
      error_message = "default_kms_key_arn or allowed_kms_key_arns names a key outside ${data.aws_region.this.region}: S3 encrypts with keys of the bucket's own Region only. Give keys of this Region."
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket
  policy = data.aws_iam_policy_document.bucket.minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bucket.minified_json) <= 20480
      error_message = "The bucket policy is ${length(data.aws_iam_policy_document.bucket.minified_json)} bytes long and S3 takes 20480: name fewer readers, or give them a role of this account to assume."
    }

    precondition {
      condition     = alltrue([for arn in var.break_glass_role_arns : split(":", arn)[4] == data.aws_caller_identity.this.account_id])
      error_message = "break_glass_role_arns names a role of another account: its use could not be seen here, and no alarm would be raised. Make the role in account ${data.aws_caller_identity.this.account_id}."
    }
  }

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  count = var.access_log_bucket_name == null ? 0 : 1

  bucket        = aws_s3_bucket.this.bucket
  target_bucket = var.access_log_bucket_name
  target_prefix = "${var.bucket_name}/"

  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }
}

# Into the access log bucket, whose keys are S3's own: here it would need a hole in the policy and in the key's.
resource "aws_s3_bucket_inventory" "this" {
  count = var.access_log_bucket_name == null || var.inventory == null ? 0 : 1

  bucket                   = aws_s3_bucket.this.bucket
  name                     = "all-versions"
  included_object_versions = "All"

  # What shows an object without a lock, with the wrong key, or not replicated.
  optional_fields = [
    "BucketKeyStatus", "ChecksumAlgorithm", "ETag", "EncryptionStatus", "IsMultipartUploaded", "LastModifiedDate", "ObjectLockLegalHoldStatus",
    "ObjectLockMode", "ObjectLockRetainUntilDate", "ReplicationStatus", "Size", "StorageClass",
  ]

  schedule {
    frequency = var.inventory.frequency
  }

  destination {
    bucket {
      account_id = data.aws_caller_identity.this.account_id
      bucket_arn = "arn:${local.partition}:s3:::${var.access_log_bucket_name}"
      format     = "Parquet"
      prefix     = "inventory"

      encryption {
        sse_s3 {}
      }
    }
  }
}
