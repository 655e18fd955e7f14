output "task_role_arn" {
  description = "The role that the service acts with."
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "The task role's name."
  value       = aws_iam_role.task.name
}

output "execution_role_arn" {
  description = "The role that ECS starts tasks with."
  value       = aws_iam_role.execution.arn
}

output "execution_policy_json" {
  description = "The execution role's policy, as rendered."
  value       = data.aws_iam_policy_document.execution.json
}

output "cluster_name" {
  description = "The cluster that the service runs on."
  value       = local.cluster_name
}

output "service_name" {
  description = "The service's name in the cluster; null without an image."
  value       = one(aws_ecs_service.this[*].name)
}

output "task_definition_arn" {
  description = "The task definition; null without an image."
  value       = one(aws_ecs_task_definition.this[*].arn)
}

output "log_group_name" {
  description = "The log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "repository_url" {
  description = "Where images are pushed to; null without a repository."
  value       = one(aws_ecr_repository.this[*].repository_url)
}

output "security_group_id" {
  description = "The tasks' security group, for endpoints to let in."
  value       = aws_security_group.this.id
}
