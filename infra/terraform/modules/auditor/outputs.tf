output "environment" {
  description = "The environment of the tasks, exactly as they get it."
  value       = local.environment
}

output "task_policy_json" {
  description = "What the auditor may do: its task role's policy, as rendered."
  value       = data.aws_iam_policy_document.task.json
}

output "task_role_arn" {
  description = "The role that the service acts with."
  value       = module.service.task_role_arn
}

output "task_role_name" {
  description = "The task role's name."
  value       = module.service.task_role_name
}

output "execution_role_arn" {
  description = "The role that ECS starts tasks with."
  value       = module.service.execution_role_arn
}

output "execution_policy_json" {
  description = "The execution role's policy, as rendered."
  value       = module.service.execution_policy_json
}

output "cluster_name" {
  description = "The cluster that the service runs on."
  value       = module.service.cluster_name
}

output "service_name" {
  description = "The service's name in the cluster; null without an image."
  value       = module.service.service_name
}

output "task_definition_arn" {
  description = "The task definition; null without an image."
  value       = module.service.task_definition_arn
}

output "log_group_name" {
  description = "The log group."
  value       = module.service.log_group_name
}

output "repository_url" {
  description = "Where images are pushed to; null without a repository."
  value       = module.service.repository_url
}

output "security_group_id" {
  description = "The tasks' security group, for endpoints to let in."
  value       = module.service.security_group_id
}

output "digest_queue_url" {
  description = "Queue of Digests that landed; null without announcements."
  value       = one([for queue in aws_sqs_queue.this : queue.url])
}

output "dead_letter_queue_name" {
  description = "Name of its dead-letter queue, for an alarm; null without announcements."
  value       = one([for queue in aws_sqs_queue.dead_letters : queue.name])
}

output "findings_topic_arn" {
  description = "Topic that findings are told on."
  value       = aws_sns_topic.findings.arn

  # Whoever subscribes by this output finds the policy in force.
  depends_on = [aws_sns_topic_policy.findings]
}
