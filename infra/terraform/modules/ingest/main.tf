data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  accounts         = length(var.source_account_ids) > 0 ? toset(var.source_account_ids) : toset([local.account])
  foreign_accounts = setsubtract(local.accounts, [local.account])
  source_region    = coalesce(var.source_region, local.region)

  # Events of another account or Region reach us only by way of a bus that their rule forwards to.
  forwarded = var.mode == "eventbridge" && (length(local.foreign_accounts) > 0 || local.source_region != local.region)

  queue_name       = var.name
  dead_letter_name = "${var.name}-dead-letters"
  topic_name       = "${var.name}-log-objects"
  rule_name        = "${var.name}-log-objects"
  bus_name         = local.forwarded ? "${var.name}-log-objects" : "default"

  # Built, so that policies and notification configurations can be read in the plan already.
  queue_arn       = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.queue_name}"
  dead_letter_arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.dead_letter_name}"
  topic_arn       = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.topic_name}"
  bus_arn         = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${local.bus_name}"
  rule_arn        = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.forwarded ? "${local.bus_name}/" : ""}${local.rule_name}"

  subscribed_topics = var.mode == "sns" ? toset([local.topic_arn]) : toset(var.external_topic_arns)
}

# --- queues -----------------------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "dead_letters" {
  name                              = local.dead_letter_name
  message_retention_seconds         = 1209600 # 14 days: the most there is, since a message keeps the age it has when it is moved here
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  receive_wait_time_seconds         = 20
  tags                              = var.tags
}

resource "aws_sqs_queue" "this" {
  name                              = local.queue_name
  message_retention_seconds         = var.message_retention_seconds
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = var.max_receive_count })
  tags                              = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url            = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.this.arn] })
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = data.aws_iam_policy_document.queue["this"].json
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = data.aws_iam_policy_document.queue["dead_letters"].json
}

# --- topic ------------------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "this" {
  count             = var.mode == "sns" ? 1 : 0
  name              = local.topic_name
  kms_master_key_id = var.kms_key_arn
  signature_version = 2
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  count  = var.mode == "sns" ? 1 : 0
  arn    = aws_sns_topic.this[0].arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "this" {
  for_each = local.subscribed_topics

  # The owner of the queue subscribes, so that nobody has to confirm; in the topic's Region, where its API is.
  region               = split(":", each.value)[3]
  topic_arn            = each.value
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this.arn
  raw_message_delivery = true

  # What SNS cannot deliver goes where the queue's own failures go, and raises the same alarm.
  redrive_policy = split(":", each.value)[3] == local.region ? jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn }) : null

  depends_on = [aws_sns_topic_policy.this, aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters]
}

# --- events -----------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_bus" "this" {
  count       = local.forwarded ? 1 : 0
  name        = local.bus_name
  description = "Object Created events of log buckets of other accounts or Regions"
  tags        = var.tags
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  count          = local.forwarded ? 1 : 0
  event_bus_name = aws_cloudwatch_event_bus.this[0].name
  policy         = data.aws_iam_policy_document.bus.json
}

resource "aws_cloudwatch_event_rule" "this" {
  count          = var.mode == "eventbridge" ? 1 : 0
  name           = local.rule_name
  description    = "Objects created in the log buckets, to the queue ${local.queue_name}"
  event_bus_name = local.forwarded ? aws_cloudwatch_event_bus.this[0].name : "default"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    account     = sort(local.accounts)
    region      = [local.source_region]
    detail      = { bucket = { name = sort([for arn in var.source_bucket_arns : split(":", arn)[5]]) } }
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  count          = var.mode == "eventbridge" ? 1 : 0
  rule           = aws_cloudwatch_event_rule.this[0].name
  event_bus_name = aws_cloudwatch_event_rule.this[0].event_bus_name
  arn            = aws_sqs_queue.this.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
  depends_on = [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters]
}
