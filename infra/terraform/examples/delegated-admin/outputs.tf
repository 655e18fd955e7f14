output "trail_arn" {
  description = "The organization's trail. Its ARN has the management account, whoever made it."
  value       = module.org_trail.trail_arn
}

output "delegated_services" {
  description = "What the audit account administers for the organization."
  value       = module.management_account.delegated_services
}

output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
