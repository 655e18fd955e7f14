# Who holds the archive must not be able to take back what it has said: the auditor puts and reads, never over what stands, and nobody deletes.

locals {
  objects        = ["${local.bucket_arn}/*"]
  bucket_and_all = [local.bucket_arn, "${local.bucket_arn}/*"]
  putters        = [{ test = "ArnNotEquals", variable = "aws:PrincipalArn", values = [var.auditor_role_arn] }]

  denials = [
    { sid = "DenyPlainHttp", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "Bool", variable = "aws:SecureTransport", values = ["false"] }] },
    { sid = "DenyOldTls", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "NumericLessThan", variable = "s3:TlsVersion", values = ["1.2"] }] },
    # Administrators of this account among them.
    { sid = "DenyPutByOthers", actions = ["s3:PutObject"], resources = local.objects, conditions = local.putters },
    {
      sid = "DenyOverwrite", actions = ["s3:PutObject"], resources = local.objects
      conditions = [
        { test = "Bool", variable = "s3:ObjectCreationOperation", values = ["true"] },
        { test = "Null", variable = "s3:if-none-match", values = ["true"] },
      ]
    },
    { sid = "DenyDeletion", actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"], resources = local.objects, conditions = [] },
    { sid = "DenyChangesOfLocks", actions = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"], resources = local.objects, conditions = [] },
    # The auditor names a lock with each put, which takes this permission; without bypass it makes none shorter.
    { sid = "DenyRetentionByOthers", actions = ["s3:PutObjectRetention"], resources = local.objects, conditions = local.putters },
    { sid = "DenyReplicationIntoIt", actions = ["s3:ReplicateDelete", "s3:ReplicateObject"], resources = local.objects, conditions = [] },
  ]

  # The account as principal and the role as condition: a role that is not made yet, or is made anew, is meant too.
  grants = concat(
    [
      { sid = "TheAuditorPuts", actions = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"], resources = local.objects, principals = [var.auditor_role_arn] },
      { sid = "TheAuditorLooks", actions = ["s3:GetEncryptionConfiguration", "s3:ListBucket"], resources = [local.bucket_arn], principals = [var.auditor_role_arn] },
    ],
    length(var.reader_principal_arns) == 0 ? [] : [
      { sid = "Read", actions = ["s3:GetObject"], resources = local.objects, principals = var.reader_principal_arns },
      { sid = "List", actions = ["s3:ListBucket"], resources = [local.bucket_arn], principals = var.reader_principal_arns },
    ],
  )

  key_users = concat(
    [{ sid = "TheAuditorEncrypts", actions = ["kms:Decrypt", "kms:GenerateDataKey"], principals = [var.auditor_role_arn] }],
    length(var.reader_principal_arns) == 0 ? [] : [{ sid = "ReadersDecrypt", actions = ["kms:Decrypt"], principals = var.reader_principal_arns }],
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
        identifiers = [for account in distinct([for arn in statement.value.principals : split(":", arn)[4]]) : "arn:${local.partition}:iam::${account}:root"]
      }

      condition {
        test     = "ArnEquals"
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
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
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
        identifiers = [for account in distinct([for arn in statement.value.principals : split(":", arn)[4]]) : "arn:${local.partition}:iam::${account}:root"]
      }

      condition {
        test     = "ArnEquals"
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
