# Digests that landed, as the archive announces them. They only wake the auditor, which looks every hour anyway: what is lost here is lost for an hour.

locals {
  digests    = { for key, announced in { digests = var.announcements } : key => announced.topic_arn if announced != null }
  queue_name = "${var.name}-auditor-digests"
  queue_arns = {
    this         = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.queue_name}"
    dead_letters = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.queue_name}-dead-letters"
  }
}

resource "aws_sqs_queue" "this" {
  for_each = local.digests

  name                              = local.queue_name
  message_retention_seconds         = 86400
  visibility_timeout_seconds        = 60
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.kms_key_arns["queue"]
  kms_data_key_reuse_period_seconds = 3600
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn, maxReceiveCount = 5 })
  tags                              = var.tags
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.digests

  name                              = "${local.queue_name}-dead-letters"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.kms_key_arns["queue"]
  kms_data_key_reuse_period_seconds = 3600
  tags                              = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each = local.digests

  queue_url            = aws_sqs_queue.dead_letters[each.key].id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.this[each.key].arn] })
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.digests

  queue_url = aws_sqs_queue.this[each.key].id
  policy    = data.aws_iam_policy_document.queue["this"].json
}

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each = local.digests

  queue_url = aws_sqs_queue.dead_letters[each.key].id
  policy    = data.aws_iam_policy_document.queue["dead_letters"].json
}

# docs/announcements.md: what announces Digests has this attribute, and no category.
resource "aws_sns_topic_subscription" "this" {
  for_each = local.digests

  topic_arn            = each.value
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this[each.key].arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ kind = ["digest"] })
  filter_policy_scope  = "MessageAttributes"
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn })

  # Without the policies SNS would be refused.
  depends_on = [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters]
}
