locals {
  root = var.archive_prefix == "" ? "" : "${var.archive_prefix}/"
  # The categories' parts of the archive, and nothing beside them.
  prefixes = [for category in sort(var.categories) : "${local.root}events/category=${category}/"]
  # China's services call KMS under their own domain.
  via = { for service in ["s3", "sqs"] : service => distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "${service}.${local.region}.${suffix}"]) }

  queue_arns = {
    for queue, name in { this = local.full_name, dead_letters = "${local.full_name}-dead-letters" } :
    queue => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}"
  }
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queue_arns

  # The dead letters' too: what SNS cannot deliver, it puts there itself.
  statement {
    sid       = "AnnouncementsOfOurTopic"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.topic_arn]
    }
  }

  statement {
    sid       = "NoPlainHttp"
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
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Subscriber"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = sort(distinct(var.principal_arns))
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "FetchAnnouncements"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.queue_arns.this]
  }

  statement {
    sid       = "DecryptAnnouncements"
    actions   = ["kms:Decrypt"]
    resources = [var.queue_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via.sqs
    }
  }

  statement {
    sid       = "ReadTheCategories"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.prefixes : "${var.archive_bucket_arn}/${prefix}*"]
  }

  # To catch up after announcements were lost.
  statement {
    sid       = "ListTheCategories"
    actions   = ["s3:ListBucket"]
    resources = [var.archive_bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for prefix in local.prefixes : "${prefix}*"]
    }
  }

  statement {
    sid       = "DecryptTheCategories"
    actions   = ["kms:Decrypt"]
    resources = distinct([for category in sort(var.categories) : var.event_kms_key_arns[category]])

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.via.s3
    }

    # The bucket with S3 Bucket Keys, the object without them.
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = concat([var.archive_bucket_arn], [for prefix in local.prefixes : "${var.archive_bucket_arn}/${prefix}*"])
    }
  }
}
