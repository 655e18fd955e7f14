# What the auditor calls beside what it may do to the archive (access), and nothing else.

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  # Which suffix kms:ViaService has in China is not documented: either is that service. Elsewhere there is one.
  suffixes = distinct(["amazonaws.com", data.aws_partition.this.dns_suffix])

  heads_arn  = var.heads == null ? null : "arn:${local.partition}:s3:::${var.heads.bucket_name}"
  heads_root = var.heads == null ? null : join("/", compact([local.heads_arn, var.heads.prefix]))
  # Put by the task role itself, or by a role there.
  heads_itself = var.heads != null && try(var.heads.role_arn, null) == null

  assumed = { for sid, arn in {
    ArchiveRole      = try(var.access.role.arn, null)
    HeadsRole        = try(var.heads.role_arn, null)
    OrganizationRole = try(var.organization.role_arn, null)
    # In one account with the archive access has it.
    SourceRole = var.access.role == null || try(local.source_role.arn == var.access.role.arn, true) ? null : local.source_role.arn
  } : sid => arn if arn != null }

  # docs/coverage.md, "Accounts".
  read_organization = [
    "organizations:DescribeOrganization", "organizations:ListAccounts", "organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots", "organizations:ListTagsForResource",
  ]
  asks_itself = var.organization != null && try(var.organization.role_arn, null) == null
}

data "aws_iam_policy_document" "task" {
  source_policy_documents = compact([try(var.access.policy_json, null)])

  dynamic "statement" {
    for_each = local.assumed
    content {
      sid       = statement.key
      actions   = ["sts:AssumeRole"]
      resources = [statement.value]
    }
  }

  # Public, and told for a Region as a whole: the action knows no resources.
  statement {
    sid       = "PublicKeysOfCloudTrail"
    actions   = ["cloudtrail:ListPublicKeys"]
    resources = ["*"]
  }

  # As delegated administrator, or let by the organization's resource policy. Reading knows no resource smaller than the organization.
  dynamic "statement" {
    for_each = local.asks_itself ? [1] : []
    content {
      sid       = "Organization"
      actions   = local.read_organization
      resources = ["*"]
    }
  }
  dynamic "statement" {
    for_each = local.asks_itself ? [1] : []
    content {
      sid       = "RegionsOfAccounts"
      actions   = ["account:ListRegions"]
      resources = ["arn:${local.partition}:account::*:account", "arn:${local.partition}:account::*:account/o-*/*"]
    }
  }

  statement {
    sid       = "Findings"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
  }
  statement {
    sid       = "FindingsKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arns["queue"]]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for suffix in local.suffixes : "sns.${local.region}.${suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:sns:topicArn"
      values   = [local.topic_arn]
    }
  }

  dynamic "statement" {
    for_each = length(local.digests) == 0 ? [] : [local.queue_arns["this"]]
    content {
      sid       = "DigestQueue"
      actions   = ["sqs:DeleteMessage", "sqs:ReceiveMessage"]
      resources = [statement.value]
    }
  }
  dynamic "statement" {
    for_each = length(local.digests) == 0 ? [] : [local.queue_arns["this"]]
    content {
      sid       = "DigestQueueKey"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arns["queue"]]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.suffixes : "sqs.${local.region}.${suffix}"]
      }
      condition {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:aws:sqs:arn"
        values   = [statement.value]
      }
    }
  }

  # The whole text, never a digest that somebody hands in.
  dynamic "statement" {
    for_each = var.attest_key_arn == null ? [] : [var.attest_key_arn]
    content {
      sid       = "SignAttestations"
      actions   = ["kms:Sign"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:MessageType"
        values   = ["RAW"]
      }
    }
  }
  dynamic "statement" {
    for_each = var.attest_key_arn == null ? [] : [var.attest_key_arn]
    content {
      sid       = "PublicKeyOfAttestations"
      actions   = ["kms:GetPublicKey"]
      resources = concat([statement.value], var.former_attest_key_arns)
    }
  }

  # Which key encrypts there is asked of the bucket.
  dynamic "statement" {
    for_each = local.heads_itself ? [local.heads_arn] : []
    content {
      sid       = "HeadsBucket"
      actions   = ["s3:GetEncryptionConfiguration", "s3:ListBucket"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = [var.heads.account_id]
      }
    }
  }
  dynamic "statement" {
    for_each = local.heads_itself ? [local.heads_root] : []
    content {
      sid       = "Heads"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"]
      resources = ["${statement.value}/*"]
      condition {
        test     = "StringEquals"
        variable = "s3:ResourceAccount"
        values   = [var.heads.account_id]
      }
    }
  }
  dynamic "statement" {
    for_each = local.heads_itself ? compact([try(var.heads.kms_key_arn, null)]) : []
    content {
      sid       = "HeadsKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.suffixes : "s3.${split(":", statement.value)[3]}.${suffix}"]
      }
    }
  }
}

data "aws_iam_policy_document" "queue" {
  for_each = length(local.digests) == 0 ? {} : local.queue_arns

  # The dead letters' too: what SNS cannot deliver, it puts there itself.
  statement {
    sid       = "AnnouncementsOfTheArchive"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.announcements.topic_arn]
    }
  }
  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]
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
    sid       = "DenyOutsiders"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
    condition {
      test     = "BoolIfExists"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "findings" {
  statement {
    sid       = "TheAuditorTells"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [local.task_role_arn]
    }
  }

  # Within an account an IAM policy alone is enough to publish, so that those who may not have to be refused: a finding that is made up misleads as much as one that is kept back.
  statement {
    sid       = "OnlyTheAuditorTells"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.task_role_arn]
    }
  }

  # Whatever is added here later.
  statement {
    sid       = "NoOtherAccount"
    effect    = "Deny"
    actions   = ["sns:AddPermission", "sns:DeleteTopic", "sns:Publish", "sns:RemovePermission", "sns:SetTopicAttributes"]
    resources = [local.topic_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
    condition {
      test     = "BoolIfExists"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
  # Nothing that names accounts and gaps leaves in the clear.
  statement {
    sid       = "OnlyEncryptedSubscriptions"
    effect    = "Deny"
    actions   = ["sns:Subscribe"]
    resources = [local.topic_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "sns:Protocol"
      values   = ["email", "email-json", "https", "lambda", "sqs"]
    }
  }
  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["sns:Publish", "sns:Subscribe"]
    resources = [local.topic_arn]
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
}

locals {
  # As `service` names it: built, so that neither waits for the other.
  task_role_arn = "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-auditor"
}
