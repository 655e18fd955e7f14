data "aws_partition" "this" {}

data "aws_caller_identity" "this" {}

data "aws_region" "this" {}

locals {
  partition      = data.aws_partition.this.partition
  account_id     = data.aws_caller_identity.this.account_id
  region         = data.aws_region.this.region
  source_account = split(":", var.replication_role_arn)[4]

  # KMS sees S3 under either name in China.
  dns_suffixes = distinct(["amazonaws.com", data.aws_partition.this.dns_suffix])

  # Built, so that policies are known before the bucket is there.
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket_name}"

  # As in the archive: who may decrypt differs by class.
  key_classes = toset(concat(["raw"], [for category in var.event_categories : "events-${category}"]))
}

resource "aws_kms_key" "this" {
  for_each = local.key_classes

  description             = "Replica ${var.bucket_name}: ${each.key}"
  policy                  = data.aws_iam_policy_document.key.minified_json
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_window_in_days
  tags                    = var.tags

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.key.minified_json) <= 32768
      error_message = "The keys' policy is ${length(data.aws_iam_policy_document.key.minified_json)} bytes long and KMS takes 32768: name fewer reader_principal_arns, or a role that they assume."
    }
  }
}

resource "aws_kms_alias" "this" {
  for_each = local.key_classes

  name          = "alias/${var.name}-replica-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_s3_bucket" "this" {
  bucket              = var.bucket_name
  object_lock_enabled = true
  tags                = var.tags
}

# No rule: replicas bring the locks of their originals with them. It stands here so that a plan shows a rule that somebody added.
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
      kms_master_key_id = aws_kms_key.this["raw"].arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket
  policy = data.aws_iam_policy_document.bucket.minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bucket.minified_json) <= 20480
      error_message = "The bucket policy is ${length(data.aws_iam_policy_document.bucket.minified_json)} bytes long and S3 takes 20480: name fewer reader_principal_arns, or a role that they assume."
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

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  # Smaller ones stay in Standard: the colder classes bill 128 KB or an overhead for each.
  transition_default_minimum_object_size = "all_storage_classes_128K"

  # Rules without expiry are those of prefixes that are not replicated, and of what never expires.
  dynamic "rule" {
    for_each = [for rule in var.lifecycle_rules : rule if rule.retention_days > 0]

    content {
      id     = rule.value.id
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.transitions

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }

      expiration {
        days = rule.value.retention_days
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value.noncurrent_days
      }
    }
  }

  rule {
    id     = "sweep"
    status = "Enabled"
    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_uploads_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
