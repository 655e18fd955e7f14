locals {
  objects        = ["${local.bucket_arn}/*"]
  bucket_and_all = [local.bucket_arn, "${local.bucket_arn}/*"]

  not_replication = [{ test = "ArnNotEquals", variable = "aws:PrincipalArn", values = [var.replication_role_arn] }]

  # There is no break-glass here: who has to delete changes this policy first, which CloudTrail tells.
  denials = [
    { sid = "DenyPlainHttp", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "Bool", variable = "aws:SecureTransport", values = ["false"] }] },
    { sid = "DenyOldTls", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "NumericLessThan", variable = "s3:TlsVersion", values = ["1.2"] }] },
    { sid = "DenyReplicationByOthers", actions = ["s3:ReplicateObject"], resources = local.objects, conditions = local.not_replication },
    { sid = "DenyAllOtherWrites", actions = ["s3:PutObject", "s3:ReplicateDelete"], resources = local.objects, conditions = [] },
    { sid = "DenyDeletion", actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"], resources = local.objects, conditions = [] },
    # Locks come with the replicas, by s3:ReplicateObject.
    { sid = "DenyChangesOfLocks", actions = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"], resources = local.objects, conditions = [] },
  ]

  # The account as principal and the role as condition: a role that is not made yet, or is made anew, is meant too.
  grants = concat(
    [{
      sid        = "Replicas"
      accounts   = [local.source_account]
      actions    = concat(["s3:ReplicateObject"], local.source_account == local.account_id ? [] : ["s3:ObjectOwnerOverrideToBucketOwner"])
      resources  = local.objects
      principals = [var.replication_role_arn]
    }],
    length(var.reader_principal_arns) == 0 ? [] : [
      {
        sid        = "Read"
        accounts   = distinct([for arn in var.reader_principal_arns : split(":", arn)[4]])
        actions    = ["s3:GetObject"]
        resources  = local.objects
        principals = var.reader_principal_arns
      },
      {
        sid        = "List"
        accounts   = distinct([for arn in var.reader_principal_arns : split(":", arn)[4]])
        actions    = ["s3:ListBucket"]
        resources  = [local.bucket_arn]
        principals = var.reader_principal_arns
      },
    ],
  )

  # Use of a key: only by way of S3, only for this bucket.
  key_users = concat(
    [{ sid = "EncryptReplicas", accounts = [local.source_account], actions = ["kms:Encrypt", "kms:GenerateDataKey"], principals = [var.replication_role_arn] }],
    length(var.reader_principal_arns) == 0 ? [] : [
      { sid = "DecryptForReaders", accounts = distinct([for arn in var.reader_principal_arns : split(":", arn)[4]]), actions = ["kms:Decrypt"], principals = var.reader_principal_arns },
    ],
  )
}

data "aws_iam_policy_document" "bucket" {
  dynamic "statement" {
    for_each = local.denials

    content {
      sid       = statement.value.sid
      effect    = "Deny"
      actions   = statement.value.actions
      resources = statement.value.resources

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }

  dynamic "statement" {
    for_each = local.grants

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      principals {
        type        = "AWS"
        identifiers = [for account in statement.value.accounts : "arn:${local.partition}:iam::${account}:root"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = statement.value.principals
      }
    }
  }
}

data "aws_iam_policy_document" "key" {
  # Without kms:Encrypt, Decrypt, GenerateDataKey, ReEncrypt or CreateGrant: an administrator manages and does not read.
  statement {
    sid = "Administer"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant",
      "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    dynamic "condition" {
      for_each = length(var.key_administrator_role_arns) == 0 ? [] : [var.key_administrator_role_arns]

      content {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = condition.value
      }
    }
  }

  dynamic "statement" {
    for_each = local.key_users

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [for account in statement.value.accounts : "arn:${local.partition}:iam::${account}:root"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = statement.value.principals
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.dns_suffixes : "s3.${local.region}.${suffix}"]
      }

      condition {
        test     = "StringLike"
        variable = "kms:EncryptionContext:aws:s3:arn"
        values   = local.bucket_and_all
      }
    }
  }
}
