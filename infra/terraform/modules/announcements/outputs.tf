output "topic_arn" {
  description = "ARN of the topic: the collector's --topic-arn, and what subscribers subscribe to."
  value       = aws_sns_topic.landed.arn

  # Whoever subscribes or publishes by this output finds the policy in force.
  depends_on = [aws_sns_topic_policy.landed]
}

output "topic_name" {
  description = "Name of the topic, as metrics and alarms have it."
  value       = aws_sns_topic.landed.name
}

output "policy_json" {
  description = "The topic's policy, as rendered."
  value       = data.aws_iam_policy_document.landed.json
}
