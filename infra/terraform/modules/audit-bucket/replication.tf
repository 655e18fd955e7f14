# Everything but staging/ and lease/, which a copy that is only read can do without. One rule per prefix: a rule takes one prefix, and one key.

locals {
  replication_role_name = "${var.name}-replication"

  # Built, so that the replica can name the role before it is there.
  replication_role_arn = "arn:${local.partition}:iam::${data.aws_caller_identity.this.account_id}:role${var.role_path}${local.replication_role_name}"

  replicated = var.replication == null ? {} : merge(
    { for prefix in concat(["raw/", "digests/", "sources/", "accounts/", "acknowledged/", "attest/", "findings/", "keys/", "outcomes/", "index/", "quarantine/", "archive.json"], keys(var.other_prefixes)) : prefix => var.replication.kms_key_arn },
    { for category in keys(local.events_retention_days) : "events/category=${category}/" => lookup(var.replication.event_kms_key_arns, category, var.replication.kms_key_arn) },
  )
  replicated_prefixes = keys(local.replicated)
  replicated_objects  = [for prefix in local.replicated_prefixes : endswith(prefix, "/") ? "${local.bucket_arn}/${prefix}*" : "${local.bucket_arn}/${prefix}"]

  replica_is_elsewhere = try(var.replication.account_id != data.aws_caller_identity.this.account_id, false)
}

resource "aws_iam_role" "replication" {
  count = var.replication == null ? 0 : 1

  name                 = local.replication_role_name
  path                 = var.role_path
  description          = "S3 copies the archive ${var.bucket_name} to its replica with it"
  assume_role_policy   = data.aws_iam_policy_document.replication_trust.minified_json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "replication" {
  count = var.replication == null ? 0 : 1

  name   = "replicate"
  role   = aws_iam_role.replication[0].name
  policy = data.aws_iam_policy_document.replication[0].minified_json
}

# IfExists: whether S3 says for which bucket it replicates is not documented, and a refusal would be silent. Only who may pass this role, in this account, can configure a bucket with it in any case.
data "aws_iam_policy_document" "replication_trust" {
  statement {
    sid     = "S3"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEqualsIfExists"
      variable = "aws:SourceArn"
      values   = [local.bucket_arn]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "replication" {
  count = var.replication == null ? 0 : 1

  statement {
    sid       = "ReadConfiguration"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [local.bucket_arn]
  }

  # No tags: the archive's objects have none.
  statement {
    sid       = "ReadVersionsAndLocks"
    actions   = ["s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication"]
    resources = local.replicated_objects
  }

  # No s3:ReplicateDelete: what is deleted here stays there.
  statement {
    sid       = "WriteReplicas"
    actions   = concat(["s3:ReplicateObject"], local.replica_is_elsewhere ? ["s3:ObjectOwnerOverrideToBucketOwner"] : [])
    resources = [for prefix in local.replicated_prefixes : endswith(prefix, "/") ? "${var.replication.bucket_arn}/${prefix}*" : "${var.replication.bucket_arn}/${prefix}"]
  }

  # The bucket's ARN is the context where it has a bucket key, the object's where not.
  statement {
    sid       = "DecryptHere"
    actions   = ["kms:Decrypt"]
    resources = local.kms_key_arns

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.dns_suffixes : "s3.${data.aws_region.this.region}.${suffix}"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = local.bucket_and_all
    }
  }

  statement {
    sid       = "EncryptThere"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = distinct(values(local.replicated))

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.dns_suffixes : "s3.${var.replication.region}.${suffix}"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [var.replication.bucket_arn, "${var.replication.bucket_arn}/*"]
    }
  }
}

resource "aws_s3_bucket_replication_configuration" "this" {
  count = var.replication == null ? 0 : 1

  bucket = aws_s3_bucket.this.bucket
  role   = local.replication_role_arn

  dynamic "rule" {
    for_each = { for index, prefix in local.replicated_prefixes : prefix => index + 1 }

    content {
      id       = rule.key
      priority = rule.value
      status   = "Enabled"

      filter {
        prefix = rule.key
      }

      delete_marker_replication {
        status = "Disabled"
      }

      source_selection_criteria {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }

      destination {
        account = var.replication.account_id
        bucket  = var.replication.bucket_arn

        encryption_configuration {
          replica_kms_key_id = local.replicated[rule.key]
        }

        dynamic "access_control_translation" {
          for_each = local.replica_is_elsewhere ? ["Destination"] : []

          content {
            owner = access_control_translation.value
          }
        }

        dynamic "replication_time" {
          for_each = var.replication.time_control ? [15] : []

          content {
            status = "Enabled"

            time {
              minutes = replication_time.value
            }
          }
        }

        dynamic "metrics" {
          for_each = var.replication.metrics || var.replication.time_control ? [1] : []

          content {
            status = "Enabled"

            dynamic "event_threshold" {
              for_each = var.replication.time_control ? [15] : []

              content {
                minutes = event_threshold.value
              }
            }
          }
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this, aws_iam_role_policy.replication]
}
