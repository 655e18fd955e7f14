output "for_management_account" {
  description = "What stacks/management-account takes, under the names that it has there."
  value = {
    organization_id      = var.organization_id
    audit_account_id     = var.audit_account_id
    log_bucket_name      = module.audit_account.log_bucket_name
    trail_kms_key_arn    = module.audit_account.trail_kms_key_arn
    trail_name           = module.audit_account.trail_name
    trail_arn            = module.audit_account.trail_arn
    excluded_bucket_arns = module.audit_account.excluded_bucket_arns
    key_prefix           = module.audit_account.key_prefix
  }
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
