data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  # Built, so that what names the bucket need not wait for it and can be read in the plan.
  bucket_arn = "arn:${data.aws_partition.this.partition}:s3:::${var.bucket_name}"
  logs       = "${var.key_prefix == "" ? "" : "${var.key_prefix}/"}AWSLogs"
}

resource "aws_s3_bucket" "this" {
  bucket = var.bucket_name
  tags   = var.tags
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    bucket_key_enabled       = true
    blocked_encryption_types = ["SSE-C"]
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bucket.minified_json) <= 20480
      error_message = "The bucket policy is ${length(data.aws_iam_policy_document.bucket.minified_json)} bytes long and S3 takes 20480: name fewer trails or roles."
    }
  }

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# Here and not by the bucket's own argument, which would make the bucket anew when the lock is turned on later.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = { for lock in [var.object_lock] : "default" => lock if lock != null }

  bucket = aws_s3_bucket.this.id
  rule {
    default_retention {
      mode = upper(each.value.mode)
      days = each.value.days
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration {
      days = var.retention_days
    }
    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  # A rule of its own: S3 takes it only without days.
  rule {
    id     = "expired-delete-markers"
    status = "Enabled"
    filter {}
    expiration {
      expired_object_delete_marker = true
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = toset(compact([var.access_log_bucket_name]))

  bucket        = aws_s3_bucket.this.id
  target_bucket = each.value
  target_prefix = "${var.bucket_name}/"
  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }
}

# All of CloudTrail's, digests and kinds yet to come included: so by prefix alone, not by suffix. What is put elsewhere, as a test, is not announced.
resource "aws_s3_bucket_notification" "this" {
  for_each = { for notify in [var.notify] : "owner" => notify if notify != null }

  bucket      = aws_s3_bucket.this.id
  eventbridge = each.value.eventbridge

  dynamic "queue" {
    for_each = each.value.queue_arn == null ? [] : [each.value.queue_arn]
    content {
      id            = "log-objects"
      queue_arn     = queue.value
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "${local.logs}/"
    }
  }
  dynamic "topic" {
    for_each = each.value.topic_arn == null ? [] : [each.value.topic_arn]
    content {
      id            = "log-objects"
      topic_arn     = topic.value
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "${local.logs}/"
    }
  }
}
