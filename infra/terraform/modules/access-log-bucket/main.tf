# Log delivery supports neither Object Lock nor a customer key at its target: so this bucket has neither, and is
# protected by versions and by its policy.

data "aws_partition" "this" {}

data "aws_caller_identity" "this" {}

locals {
  # Built, so that the policy is known before the bucket is there.
  bucket_arn = "arn:${data.aws_partition.this.partition}:s3:::${var.bucket_name}"
}

resource "aws_s3_bucket" "this" {
  bucket              = var.bucket_name
  object_lock_enabled = false
  tags                = var.tags
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

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    blocked_encryption_types = ["SSE-C"]

    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

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
  }

  # A rule of its own: S3 takes either days or this in one expiration.
  rule {
    id     = "sweep"
    status = "Enabled"
    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket
  policy = data.aws_iam_policy_document.bucket.minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bucket.minified_json) <= 20480
      error_message = "The bucket policy is ${length(data.aws_iam_policy_document.bucket.minified_json)} bytes long and S3 takes 20480: name fewer source_bucket_names and give the others a bucket of their own."
    }
  }

  depends_on = [aws_s3_bucket_public_access_block.this]
}
