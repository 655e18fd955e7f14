locals {
  # Who sends, by mode. Where the source's ARN names its account nothing else need be compared; a bucket's does not.
  senders = {
    direct      = { sid = "SendFromLogBuckets", service = "s3.amazonaws.com", source_arns = var.source_bucket_arns }
    sns         = { sid = "SendFromTopic", service = "sns.amazonaws.com", source_arns = [local.topic_arn] }
    external    = { sid = "SendFromTheirTopics", service = "sns.amazonaws.com", source_arns = var.external_topic_arns }
    eventbridge = { sid = "SendFromRule", service = "events.amazonaws.com", source_arns = [local.rule_arn] }
  }
  sender = local.senders[var.mode]
  # S3 has no dead letters of its own; SNS and EventBridge put there what they could not deliver.
  queues = {
    this         = { arn = local.queue_arn, senders = [local.sender] }
    dead_letters = { arn = local.dead_letter_arn, senders = var.mode == "direct" ? [] : [local.sender] }
  }

  topic_actions = [
    "sns:AddPermission", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe",
  ]
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queues

  dynamic "statement" {
    for_each = each.value.senders
    content {
      sid       = statement.value.sid
      actions   = ["sqs:SendMessage"]
      resources = [each.value.arn]
      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.source_arns
      }
      dynamic "condition" {
        for_each = var.mode == "direct" ? [1] : []
        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = local.accounts
        }
      }
      dynamic "condition" {
        for_each = var.mode == "direct" && var.organization_id != null ? [1] : []
        content {
          test     = "StringEqualsIfExists"
          variable = "aws:SourceOrgID"
          values   = [var.organization_id]
        }
      }
    }
  }

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value.arn]
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

  # Inside the account IAM says who may: the collector receives, an operator's backfill sends. Outside, nobody, whatever is added here later.
  statement {
    sid       = "DenyOutsiders"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value.arn]
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

  # To purge is to forget what was announced; nothing here needs it.
  statement {
    sid       = "DenyPurging"
    effect    = "Deny"
    actions   = ["sqs:PurgeQueue"]
    resources = [each.value.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "PublishFromLogBuckets"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = var.source_bucket_arns
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = local.accounts
    }
    dynamic "condition" {
      for_each = var.organization_id != null ? [1] : []
      content {
        test     = "StringEqualsIfExists"
        variable = "aws:SourceOrgID"
        values   = [var.organization_id]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.trail_arns) > 0 ? [1] : []
    content {
      sid       = "PublishFromTrails"
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]
      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = var.trail_arns
      }
    }
  }

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = local.topic_actions
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

  statement {
    sid       = "DenyOutsiders"
    effect    = "Deny"
    actions   = local.topic_actions
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
}

data "aws_iam_policy_document" "bus" {
  statement {
    sid       = "ForwardObjectCreated"
    actions   = ["events:PutEvents"]
    resources = [local.bus_arn]
    principals {
      type        = "AWS"
      identifiers = [for id in sort(local.accounts) : "arn:${local.partition}:iam::${id}:root"]
    }
    # Keys of more than one value each: a batch may carry several events.
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = ["aws.s3"]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "events:detail-type"
      values   = ["Object Created"]
    }
    dynamic "condition" {
      for_each = var.organization_id != null ? [1] : []
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [var.organization_id]
      }
    }
  }
}
