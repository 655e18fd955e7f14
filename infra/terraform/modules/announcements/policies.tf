locals {
  # Spelled from the name and not taken from the resource: so the policy can be read in the plan.
  topic_arn = "arn:${local.partition}:sns:${data.aws_region.current.region}:${local.account}:${var.name}-landed"

  subscriber_accounts = setsubtract(var.subscriber_account_ids, [local.account])
}

data "aws_iam_policy_document" "landed" {
  statement {
    sid       = "PublishersAnnounce"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = var.publisher_role_arns
    }
  }

  # Within an account an IAM policy alone is enough to publish, so that those who may not have to be refused. AWS's services have no principal's ARN, and are refused with them.
  statement {
    sid       = "OnlyPublishersAnnounce"
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
      values   = var.publisher_role_arns
    }
  }

  dynamic "statement" {
    for_each = length(local.subscriber_accounts) > 0 ? [local.subscriber_accounts] : []
    content {
      sid       = "AccountsSubscribeQueues"
      actions   = ["sns:Subscribe"]
      resources = [local.topic_arn]

      principals {
        type        = "AWS"
        identifiers = [for id in statement.value : "arn:${local.partition}:iam::${id}:root"]
      }

      condition {
        test     = "StringEquals"
        variable = "sns:Protocol"
        values   = ["sqs"]
      }

      dynamic "condition" {
        for_each = compact([var.organization_id])
        content {
          test     = "StringEquals"
          variable = "aws:PrincipalOrgID"
          values   = [condition.value]
        }
      }
    }
  }

  # Nobody, administrators among them, sends announcements by mail or HTTPS, or to a queue of an account that is not known here: they name accounts and keys of the archive.
  statement {
    sid       = "OnlyQueuesSubscribe"
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
      values   = ["sqs"]
    }
  }

  statement {
    sid       = "OnlyQueuesOfKnownAccountsSubscribe"
    effect    = "Deny"
    actions   = ["sns:Subscribe"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotLike"
      variable = "sns:Endpoint"
      values   = [for id in concat([local.account], sort(local.subscriber_accounts)) : "arn:${local.partition}:sqs:*:${id}:*"]
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
