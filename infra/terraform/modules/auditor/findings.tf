# Who is told of findings. What is told names accounts, keys and gaps: it is encrypted, and only the auditor publishes.

locals {
  # Built, so that the policies are known before the topic is made.
  topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-findings"
}

resource "aws_sns_topic" "findings" {
  name              = "${var.name}-findings"
  display_name      = "What the auditor found"
  kms_master_key_id = var.kms_key_arns["queue"]

  # SHA-256 where a subscriber checks the signature, not SHA-1.
  signature_version = 2
  tags              = var.tags
}

resource "aws_sns_topic_policy" "findings" {
  arn    = aws_sns_topic.findings.arn
  policy = data.aws_iam_policy_document.findings.json
}

resource "aws_sns_topic_subscription" "findings" {
  for_each = { for subscriber in var.subscribers : "${subscriber.protocol} ${subscriber.endpoint}" => subscriber }

  topic_arn            = aws_sns_topic.findings.arn
  protocol             = each.value.protocol
  endpoint             = each.value.endpoint
  raw_message_delivery = each.value.protocol == "sqs" ? true : null

  # Nobody but whom the policy lets is subscribed.
  depends_on = [aws_sns_topic_policy.findings]
}
