output "topic_arn" {
  description = "Topic that alarms are sent to. The audit-bucket module sends the use of break-glass roles here, too."
  value       = aws_sns_topic.alarms.arn
}

output "alarm_arns" {
  description = "ARNs of the alarms, by name without the prefix."
  value       = local.alarm_arns
}

output "composite_alarm_arn" {
  description = "ARN of the alarm that is raised while any other is."
  value       = aws_cloudwatch_composite_alarm.any.arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "metric_namespace" {
  description = "Namespace of the metrics that are read from the collector's log."
  value       = local.namespace
}
