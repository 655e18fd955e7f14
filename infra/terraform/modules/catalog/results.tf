# The answers: what analysts asked for, so it is encrypted with a key of its own, and gone after some days.

resource "aws_s3_bucket" "results" {
  bucket        = var.results_bucket_name
  force_destroy = var.results_force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "results" {
  bucket                  = aws_s3_bucket.results.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.results_kms_key_arn
    }
  }

  lifecycle {
    precondition {
      condition     = split(":", var.results_kms_key_arn)[3] == local.region
      error_message = "results_kms_key_arn is a key of another Region than the one the results bucket is made in; give a key of this Region."
    }
  }
}

# An answer that is overwritten or deleted can be had back for a day, no longer.
resource "aws_s3_bucket_versioning" "results" {
  bucket = aws_s3_bucket.results.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    id     = "answers-are-deleted"
    status = "Enabled"

    filter {}

    expiration {
      days = var.results_retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # S3 takes no expired_object_delete_marker beside days in one rule.
  rule {
    id     = "markers-are-deleted"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.results]
}

resource "aws_s3_bucket_logging" "results" {
  count = var.access_log_bucket_name == null ? 0 : 1

  bucket        = aws_s3_bucket.results.id
  target_bucket = var.access_log_bucket_name
  target_prefix = "${var.results_bucket_name}/"
}

resource "aws_s3_bucket_policy" "results" {
  bucket = aws_s3_bucket.results.id
  policy = data.aws_iam_policy_document.results.json

  depends_on = [aws_s3_bucket_public_access_block.results]
}
