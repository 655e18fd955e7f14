# Policies, each with what is needed and no more. Resource policies name a role by condition below its account: it need not exist yet.

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "TrailkeepGetsObjects"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.bucket_arn}/${local.logs}*"]
    principals {
      type        = "AWS"
      identifiers = [local.here_root]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [local.collector_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }
  }
  # Without it a key that is gone is answered 403, which cannot be told from a missing permission.
  statement {
    sid       = "TrailkeepListsBucket"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]
    principals {
      type        = "AWS"
      identifiers = [local.here_root]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [local.collector_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }
  }
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "TrailkeepDecrypts"
    actions   = ["kms:Decrypt"]
    resources = ["*"] # of a key's policy: the key itself
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${split(":", local.key_user_arn)[4]}:root"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [local.key_user_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via_s3[local.log_region]
    }
  }
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "TrailkeepSubscribesItsQueue"
    actions   = ["sns:Subscribe"]
    resources = [coalesce(var.topic_arn, "*")]
    principals {
      type        = "AWS"
      identifiers = [local.here_root]
    }
    condition {
      test     = "StringEquals"
      variable = "sns:Protocol"
      values   = ["sqs"]
    }
    condition {
      test     = "StringEquals"
      variable = "sns:Endpoint"
      values   = [var.queue_arn]
    }
  }
}

# --- a role in the owner's account that reads --------------------------------------------------------------------------

data "aws_iam_policy_document" "source_role_trust" {
  statement {
    sid     = "TrailkeepAssumes"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [local.here_root]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [local.collector_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }
    dynamic "condition" {
      for_each = compact([try(var.source_role.external_id, null)])
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "source_role_permissions" {
  statement {
    sid       = "LogObjects"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.bucket_arn}/${local.logs}*"]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.owner]
    }
  }
  statement {
    sid       = "LogBucket"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]
    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.owner]
    }
  }
  dynamic "statement" {
    for_each = compact([var.log_bucket_kms_key_arn])
    content {
      sid       = "ReadWithLogKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = local.via_s3[local.log_region]
      }
    }
  }
}

# --- a rule in the owner's account that forwards -----------------------------------------------------------------------

data "aws_iam_policy_document" "event_role_trust" {
  statement {
    sid     = "RuleForwards"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.rule_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.owner]
    }
  }
}

data "aws_iam_policy_document" "event_role_permissions" {
  statement {
    sid       = "PutOnOurBus"
    actions   = ["events:PutEvents"]
    resources = [coalesce(var.event_bus_arn, "*")]
  }
}

# --- a role in the owner's account that replicates ---------------------------------------------------------------------

data "aws_iam_policy_document" "replication_role_trust" {
  statement {
    sid     = "S3Replicates"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    # IfExists: whether S3 says for which bucket it replicates is not documented, and a refusal would be silent.
    condition {
      test     = "ArnEqualsIfExists"
      variable = "aws:SourceArn"
      values   = [local.bucket_arn]
    }
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [local.owner]
    }
  }
}

data "aws_iam_policy_document" "replication_role_permissions" {
  statement {
    sid       = "ReadOrigin"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [local.bucket_arn]
  }
  statement {
    sid       = "ReadOriginObjects"
    actions   = ["s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
    resources = ["${local.bucket_arn}/${local.logs}*"]
  }
  # Not s3:ReplicateDelete: what is deleted there stays here.
  statement {
    sid       = "WriteReplica"
    actions   = ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags"]
    resources = ["${coalesce(local.replica_arn, "*")}/${local.logs}*"]
  }
  dynamic "statement" {
    for_each = compact([var.log_bucket_kms_key_arn])
    content {
      sid       = "ReadWithOriginKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = local.via_s3[local.log_region]
      }
    }
  }
  # GenerateDataKey, too: with Encrypt alone replication fails, and nobody is told.
  statement {
    sid       = "WriteWithReplicaKey"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = [try(var.replica.kms_key_arn, "*")]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via_s3[local.region]
    }
  }
}
