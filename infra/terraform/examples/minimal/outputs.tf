output "for_management_account" {
  description = "What stacks/management-account takes, under the names that it has there."
  value       = module.audit_account.for_management_account
}

output "repository_url" {
  description = "Where the collector's image is pushed to."
  value       = module.audit_account.repository_url
}

output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "collector_environment" {
  description = "Environment of the collector's tasks."
  value       = module.audit_account.collector_environment
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
