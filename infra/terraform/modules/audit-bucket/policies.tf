# What nobody may do, whatever IAM grants. PutObject, CreateMultipartUpload, UploadPart and CompleteMultipartUpload are one action, and only
# what begins an object carries the headers of encryption and lock: so a denial looks at headers that are there, and lets parts pass. A negated
# test is true of a header that is missing, with IfExists and without: hence Null = false beside it.

locals {
  objects           = ["${local.bucket_arn}/*"]
  bucket_and_all    = [local.bucket_arn, "${local.bucket_arn}/*"]
  locked_objects    = [for prefix in local.locked_prefixes : "${local.bucket_arn}/${prefix}*"]
  lockable_objects  = [for prefix in local.lockable_prefixes : "${local.bucket_arn}/${prefix}*"]
  audited_objects   = [for prefix in local.audited_prefixes : "${local.bucket_arn}/${prefix}*"]
  said_objects      = [for prefix in local.said_prefixes : "${local.bucket_arn}/${prefix}*"]
  deletable_objects = ["${local.bucket_arn}/staging/*", "${local.bucket_arn}/lease/*"]
  others_objects    = [for prefix in keys(var.other_prefixes) : "${local.bucket_arn}/${prefix}*"]

  # Condition "is none of these roles". Of nobody there is no condition: then it is denied to all.
  unless = {
    for who, arns in {
      acknowledgers = var.acknowledger_role_arns
      auditors      = var.auditor_role_arns
      stagers       = concat(var.writer_role_arns, var.break_glass_role_arns)
      writers       = concat(var.writer_role_arns, var.auditor_role_arns, var.acknowledger_role_arns)
      lockers       = concat(var.writer_role_arns, var.auditor_role_arns, var.acknowledger_role_arns, var.break_glass_role_arns)
      holders       = concat(var.legal_hold_role_arns, var.break_glass_role_arns)
      break_glass   = var.break_glass_role_arns
      administrator = var.administrator_role_arns
    } : who => [for some in length(arns) > 0 ? [arns] : [] : { test = "ArnNotLike", variable = "aws:PrincipalArn", values = some }]
  }

  denials = concat(
    [
      { sid = "DenyPlainHttp", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "Bool", variable = "aws:SecureTransport", values = ["false"] }] },
      { sid = "DenyOldTls", actions = ["s3:*"], resources = local.bucket_and_all, conditions = [{ test = "NumericLessThan", variable = "s3:TlsVersion", values = ["1.2"] }] },

      # ---- wrong encryption, where one is named ----
      {
        sid = "DenyOtherEncryption", actions = ["s3:PutObject"], resources = local.objects,
        conditions = [
          { test = "Null", variable = "s3:x-amz-server-side-encryption", values = ["false"] },
          { test = "StringNotEquals", variable = "s3:x-amz-server-side-encryption", values = ["aws:kms"] },
        ]
      },
      {
        sid = "DenyOtherKeys", actions = ["s3:PutObject"], resources = local.objects,
        conditions = [
          { test = "Null", variable = "s3:x-amz-server-side-encryption-aws-kms-key-id", values = ["false"] },
          { test = "StringNotEquals", variable = "s3:x-amz-server-side-encryption-aws-kms-key-id", values = local.kms_key_arns },
        ]
      },
      # aws:kms without a key is the account's aws/s3 key, not the bucket's default.
      {
        sid = "DenyManagedKey", actions = ["s3:PutObject"], resources = local.objects,
        conditions = [
          { test = "StringEquals", variable = "s3:x-amz-server-side-encryption", values = ["aws:kms"] },
          { test = "Null", variable = "s3:x-amz-server-side-encryption-aws-kms-key-id", values = ["true"] },
        ]
      },
      { sid = "DenyCustomerProvidedKeys", actions = ["s3:PutObject"], resources = local.objects, conditions = [{ test = "Null", variable = "s3:x-amz-server-side-encryption-customer-algorithm", values = ["false"] }] },

      # ---- puts ----
      # Anywhere but where other tools write: an event that is forged or written over misleads as much as an original, and a manifest below staging/ decides what is published.
      merge(
        { sid = "DenyPutByOthers", actions = ["s3:PutObject"], conditions = local.unless.writers },
        length(local.others_objects) == 0 ? { resources = local.objects, not_resources = null } : { resources = null, not_resources = local.others_objects },
      ),
      # A Batch that is committed lies in uploads and below staging/ until it is published; its notifications are gone.
      { sid = "DenyUnstagingByOthers", actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"], resources = local.deletable_objects, conditions = local.unless.stagers },
      { sid = "DenyAbortByOthers", actions = ["s3:AbortMultipartUpload"], not_resources = local.audited_objects, conditions = local.unless.stagers },

      # ---- who says what of the archive ----
      # Who lands does not vouch for what landed, and who vouches lands nothing.
      { sid = "DenyProofsByOthers", actions = ["s3:PutObject"], resources = local.audited_objects, conditions = local.unless.auditors },
      # What is acknowledged raises no alarm: that is for people to say, and for no service.
      { sid = "DenyAcknowledgingByOthers", actions = ["s3:PutObject"], resources = local.said_objects, conditions = local.unless.acknowledgers },

      # ---- puts below the locked prefixes, and where nothing is written over though it need not be locked ----
      # Our services name the key whenever they begin an object; parts name neither key nor lock.
      {
        sid = "DenyPutWithoutLock", actions = ["s3:PutObject"], resources = local.locked_objects,
        conditions = [
          { test = "Null", variable = "s3:x-amz-server-side-encryption-aws-kms-key-id", values = ["false"] },
          { test = "Null", variable = "s3:object-lock-mode", values = ["true"] },
        ]
      },
      {
        sid = "DenyOtherLockMode", actions = ["s3:PutObject", "s3:PutObjectRetention"], resources = local.lockable_objects,
        conditions = [
          { test = "Null", variable = "s3:object-lock-mode", values = ["false"] },
          { test = "StringNotEquals", variable = "s3:object-lock-mode", values = [upper(var.object_lock_mode)] },
        ]
      },
      { sid = "DenyLongerLock", actions = ["s3:PutObject", "s3:PutObjectRetention"], resources = local.lockable_objects, conditions = [{ test = "NumericGreaterThan", variable = "s3:object-lock-remaining-retention-days", values = [tostring(local.max_object_lock_days)] }] },
      # The beginning of an upload and its parts create no object and cannot send If-None-Match.
      {
        sid = "DenyOverwrite", actions = ["s3:PutObject"], resources = local.lockable_objects,
        conditions = [
          { test = "Bool", variable = "s3:ObjectCreationOperation", values = ["true"] },
          { test = "Null", variable = "s3:if-none-match", values = ["true"] },
        ]
      },

      # ---- locks and deletion ----
      { sid = "DenyRetentionByOthers", actions = ["s3:PutObjectRetention"], resources = local.lockable_objects, conditions = local.unless.lockers },
      { sid = "DenyRetentionElsewhere", actions = ["s3:PutObjectRetention"], not_resources = local.lockable_objects, conditions = [] },
      { sid = "DenyLegalHoldByOthers", actions = ["s3:PutObjectLegalHold"], resources = local.objects, conditions = local.unless.holders },
      { sid = "DenyBypassByOthers", actions = ["s3:BypassGovernanceRetention"], resources = local.objects, conditions = local.unless.break_glass },
      # Lifecycle is no request, and is not held up by this. A lock in compliance mode holds against break-glass too.
      { sid = "DenyDeletionByOthers", actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"], not_resources = local.deletable_objects, conditions = local.unless.break_glass },
      # Replicas would be written past every condition above.
      { sid = "DenyReplicationIntoIt", actions = ["s3:ReplicateObject", "s3:ReplicateDelete"], resources = local.objects, conditions = [] },
    ],
    length(var.auditor_role_arns) == 0 ? [] : [
      {
        sid        = "DenyLandingByAuditors", actions = ["s3:PutObject", "s3:PutObjectRetention"], not_resources = local.audited_objects
        conditions = [{ test = "ArnLike", variable = "aws:PrincipalArn", values = var.auditor_role_arns }]
      },
    ],
    length(var.acknowledger_role_arns) == 0 ? [] : [
      {
        sid        = "DenyAllElseToAcknowledgers", actions = ["s3:PutObject", "s3:PutObjectRetention"], not_resources = concat(local.said_objects, local.others_objects)
        conditions = [{ test = "ArnLike", variable = "aws:PrincipalArn", values = var.acknowledger_role_arns }]
      },
    ],
    length(var.administrator_role_arns) == 0 ? [] : [
      {
        sid = "DenyConfigurationByOthers"
        actions = [
          "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutAnalyticsConfiguration", "s3:PutBucketAcl", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutInventoryConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
        ]
        resources = [local.bucket_arn], conditions = local.unless.administrator
      },
    ],
  )
}

data "aws_iam_policy_document" "bucket" {
  dynamic "statement" {
    for_each = local.denials

    content {
      sid           = statement.value.sid
      effect        = "Deny"
      actions       = statement.value.actions
      resources     = try(statement.value.resources, null)
      not_resources = try(statement.value.not_resources, null)

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

  # A role that is deleted and made anew is still meant: hence the account as principal, and the role as condition.
  dynamic "statement" {
    for_each = { for index, reader in var.readers : index => reader }

    content {
      sid       = "Read${statement.key}"
      actions   = ["s3:GetObject"]
      resources = [for prefix in statement.value.prefixes : prefix == "archive.json" ? "${local.bucket_arn}/${prefix}" : "${local.bucket_arn}/${prefix}*"]

      principals {
        type        = "AWS"
        identifiers = distinct([for arn in statement.value.principal_arns : "arn:${local.partition}:iam::${split(":", arn)[4]}:root"])
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = statement.value.principal_arns
      }
    }
  }

  dynamic "statement" {
    for_each = { for index, reader in var.readers : index => reader }

    content {
      sid       = "List${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = [local.bucket_arn]

      principals {
        type        = "AWS"
        identifiers = distinct([for arn in statement.value.principal_arns : "arn:${local.partition}:iam::${split(":", arn)[4]}:root"])
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = statement.value.principal_arns
      }

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [for prefix in statement.value.prefixes : "${prefix}*"]
      }
    }
  }
}
