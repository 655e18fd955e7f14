output "trail_arn" {
  description = "ARN of the trail: the management account's, also under a delegated administrator. It is built, so that policies can name the trail before there is one."
  value       = local.trail_arn
}

output "trail_name" {
  description = "Name of the trail."
  value       = aws_cloudtrail.organization.name
}

output "home_region" {
  description = "Region that the trail was made in and that it can be changed from."
  value       = local.home_region
}

output "excluded_bucket_arns" {
  description = "Buckets whose objects no data selector of this trail records."
  value       = local.excluded_bucket_arns
}

output "selectors" {
  description = "What the trail records, as CloudTrail is told: selectors with their fields, exclusions added."
  value       = local.selectors
}

output "log_group_name" {
  description = "Name of the log group that has the events too; null without cloudwatch_logs."
  value       = one([for group in aws_cloudwatch_log_group.trail : group.name])
}

output "log_role_arn" {
  description = "Role that CloudTrail takes to write to the log group; null without cloudwatch_logs."
  value       = one([for role in aws_iam_role.logs : role.arn])
}
