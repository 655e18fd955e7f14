output "for_their_owners" {
  description = "Documents for the owners of bucket, key and topic: `terraform output -json for_their_owners`."
  value       = module.audit_account.existing_trail_policies
}

output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "task_role_arn" {
  description = "Role that the collector acts with, which the documents name."
  value       = module.audit_account.task_role_arn
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
