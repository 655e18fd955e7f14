data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.region
  partition  = data.aws_partition.current.partition
  full_name  = "${var.name}-subscriber-${var.subscriber}"

  topic     = split(":", var.topic_arn)
  strangers = [for arn in var.principal_arns : arn if split(":", arn)[4] != local.account_id]

  # The topic's message attributes (docs/announcements.md) carry what is filtered by. Lists that would be too long are left out of a message
  # whole: then the file may hold what is asked for, and is announced. So each list is matched by what names it, and by what has none.
  choices = {
    for attribute, wanted in { accounts = var.accounts, regions = var.regions } : attribute =>
    [for matched in [sort(distinct(wanted)), [{ exists = false }]] : { (attribute) = matched } if length(wanted) > 0]
  }
  branches = flatten([
    for accounts in concat(local.choices.accounts, length(var.accounts) == 0 ? [{}] : []) : [
      for regions in concat(local.choices.regions, length(var.regions) == 0 ? [{}] : []) : merge({ category = sort(var.categories) }, accounts, regions)
    ]
  ])
  # SNS takes $or for a name like any other unless it has two branches.
  filter = length(local.branches) == 1 ? jsonencode(local.branches[0]) : jsonencode({ "$or" = local.branches })
}

resource "aws_sqs_queue" "dead_letters" {
  name                              = "${local.full_name}-dead-letters"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.queue_kms_key_arn
  kms_data_key_reuse_period_seconds = 3600
  tags                              = var.tags
}

resource "aws_sqs_queue" "this" {
  name                              = local.full_name
  message_retention_seconds         = var.message_retention_seconds
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.queue_kms_key_arn
  kms_data_key_reuse_period_seconds = 3600
  tags                              = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })

  lifecycle {
    precondition {
      condition     = local.topic[3] == local.region
      error_message = "topic_arn is a topic of another Region than the queue's; make the subscriber in the topic's Region, where the archive is too."
    }

    precondition {
      condition     = local.topic[4] == local.account_id
      error_message = "topic_arn is a topic of another account; the subscriber is made in the audit account, where topic and archive are, and its reader takes the role from elsewhere."
    }

    precondition {
      condition     = split(":", var.queue_kms_key_arn)[3] == local.region
      error_message = "queue_kms_key_arn is a key of another Region than the queue's; give a key of this Region."
    }

    precondition {
      condition     = alltrue([for category in var.categories : try(split(":", var.event_kms_key_arns[category])[3] == local.region, true)])
      error_message = "event_kms_key_arns has a key of another Region than the archive's; give the keys that the archive in this Region is encrypted with."
    }

    precondition {
      condition     = alltrue([for arn in concat(var.principal_arns, [var.topic_arn, var.archive_bucket_arn]) : startswith(arn, "arn:${local.partition}:")])
      error_message = "principal_arns, topic_arn or archive_bucket_arn names another partition than ${local.partition}; roles cannot be taken, and buckets not read, across partitions."
    }
  }
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

resource "aws_sqs_queue_policy" "queue" {
  for_each = { this = aws_sqs_queue.this, dead_letters = aws_sqs_queue.dead_letters }

  queue_url = each.value.id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn            = var.topic_arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this.arn
  raw_message_delivery = true
  filter_policy        = local.filter
  filter_policy_scope  = "MessageAttributes"

  # What SNS cannot hand to the queue, because a key or policy was broken for a while.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })

  # Without the policy SNS would be refused, and what it announced in that moment would be dead letters.
  depends_on = [aws_sqs_queue_policy.queue]
}

resource "aws_iam_role" "this" {
  name                 = local.full_name
  path                 = var.role_path
  description          = "Reads what the archive announces to ${var.subscriber}: ${join(", ", sort(var.categories))}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = length(local.strangers) == 0 || var.external_id != null
      error_message = "external_id is missing, and principal_arns has principals of other accounts; take the id that the SIEM's vendor gives you, or make one and give it to the other team."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "read"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}
