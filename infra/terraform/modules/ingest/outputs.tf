output "queue_url" {
  description = "URL of the queue that the collector receives from."
  value       = aws_sqs_queue.this.url
}

output "queue_arn" {
  description = "Its ARN. Who waits for it waits for the queue's policy, too: S3 refuses a destination that it may not send to."
  value       = local.queue_arn
  depends_on  = [aws_sqs_queue.this, aws_sqs_queue_policy.this]
}

output "queue_name" {
  description = "Its name, as CloudWatch's metrics have it."
  value       = local.queue_name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = local.dead_letter_arn
  depends_on  = [aws_sqs_queue.dead_letters]
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = local.dead_letter_name
}

output "topic_arn" {
  description = "ARN of the topic that log buckets publish to; null but with mode `sns`."
  value       = var.mode == "sns" ? local.topic_arn : null
  depends_on  = [aws_sns_topic.this, aws_sns_topic_policy.this]
}

output "event_rule_arn" {
  description = "ARN of the rule that sends to the queue; null but with mode `eventbridge`. The queue's key names it as aws:SourceArn."
  value       = var.mode == "eventbridge" ? local.rule_arn : null
}

output "event_bus_arn" {
  description = "ARN of the bus that other accounts' or Regions' rules forward to; null where the bucket's events arise here, or with another mode."
  value       = local.forwarded ? local.bus_arn : null
  depends_on  = [aws_cloudwatch_event_bus.this, aws_cloudwatch_event_bus_policy.this]
}
