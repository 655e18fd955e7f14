locals {
  objects_arn = "${local.bucket_arn}/*"

  from_trails      = length(var.trail_arns) > 0
  writers          = concat(var.replication_role_arns, var.restore_role_arns)
  replicators_home = distinct([for arn in var.replication_role_arns : join(":", [split(":", arn)[0], split(":", arn)[1], "iam", "", split(":", arn)[4], "root"])])
  readers_home     = distinct([for arn in var.reader_role_arns : join(":", [split(":", arn)[0], split(":", arn)[1], "iam", "", split(":", arn)[4], "root"])])

  # Denied to everybody, but where a condition spares somebody. `unless` are roles, `unless_trail` is CloudTrail itself.
  denials = {
    DenyOtherWriters = { actions = ["s3:PutObject", "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], unless = local.writers, unless_trail = local.from_trails }
    DenyDeleting     = { actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"], unless = var.break_glass_role_arns, unless_trail = false }
    DenyUnlocking    = { actions = ["s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"], unless = var.break_glass_role_arns, unless_trail = false }
  }

  # A role is named by condition, below its account: it need not exist yet, and one that is made anew keeps its right.
  allowances = {
    ReadersGetObjects = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${local.bucket_arn}/${local.logs}/*"], homes = local.readers_home, roles = var.reader_role_arns }
    # Without it a key that is gone is answered 403, which cannot be told from a missing permission.
    ReadersListBucket = { actions = ["s3:ListBucket"], resources = [local.bucket_arn], homes = local.readers_home, roles = var.reader_role_arns }
    ReplicateObjects = {
      actions = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"], resources = ["${local.bucket_arn}/${local.logs}/*"]
      homes   = local.replicators_home, roles = var.replication_role_arns
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  dynamic "statement" {
    for_each = local.from_trails ? [1] : []
    content {
      sid       = "TrailsLook"
      actions   = ["s3:GetBucketAcl"]
      resources = [local.bucket_arn]
      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = var.trail_arns
      }
    }
  }

  dynamic "statement" {
    for_each = local.from_trails ? [1] : []
    content {
      sid     = "TrailsWrite"
      actions = ["s3:PutObject"]
      # The management account's folder, too: CreateTrail checks both, and the trail falls back to it if it ceases to be the organization's.
      resources = ["${local.bucket_arn}/${local.logs}/${var.organization_id}/*", "${local.bucket_arn}/${local.logs}/${var.management_account_id}/*"]
      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = var.trail_arns
      }
      condition {
        test     = "StringEquals"
        variable = "s3:x-amz-acl"
        values   = ["bucket-owner-full-control"]
      }
    }
  }

  dynamic "statement" {
    for_each = { for sid, allowance in local.allowances : sid => allowance if length(allowance.roles) > 0 }
    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
      principals {
        type        = "AWS"
        identifiers = statement.value.homes
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = statement.value.roles
      }
    }
  }

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, local.objects_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DenyOldTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, local.objects_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  # A trail that is turned to another key would write what we cannot read. It is refused, CloudTrail retries for 30 days, and the silence raises an alarm.
  # Wrong headers only: without one the default applies, and a negated condition alone, ...IfExists or not, would deny that, too. Digests are spared, since CloudTrail writes them with a key of S3's own.
  dynamic "statement" {
    for_each = {
      DenyOtherEncryption = { variable = "s3:x-amz-server-side-encryption", value = "aws:kms" }
      DenyOtherKeys       = { variable = "s3:x-amz-server-side-encryption-aws-kms-key-id", value = var.kms_key_arn }
    }
    content {
      sid           = statement.key
      effect        = "Deny"
      actions       = ["s3:PutObject"]
      not_resources = ["${local.bucket_arn}/*/CloudTrail-Digest/*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "Null"
        variable = statement.value.variable
        values   = ["false"]
      }
      condition {
        test     = "StringNotEquals"
        variable = statement.value.variable
        values   = [statement.value.value]
      }
    }
  }

  dynamic "statement" {
    for_each = local.denials
    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = statement.value.actions
      resources = [local.objects_arn]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      dynamic "condition" {
        for_each = length(statement.value.unless) > 0 ? [statement.value.unless] : []
        content {
          test     = "ArnNotLike"
          variable = "aws:PrincipalArn"
          values   = condition.value
        }
      }
      # Absent from everybody's request but a service's own, so that a person's never passes.
      dynamic "condition" {
        for_each = statement.value.unless_trail ? [1] : []
        content {
          test     = "StringNotEquals"
          variable = "aws:PrincipalServiceName"
          values   = ["cloudtrail.amazonaws.com"]
        }
      }
    }
  }
}
