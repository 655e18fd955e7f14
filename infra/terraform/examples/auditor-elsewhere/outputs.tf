output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "archive_bucket_name" {
  description = "Bucket of the archive."
  value       = module.audit_account.archive_bucket_name
}

output "log_bucket_name" {
  description = "Bucket that the trail writes to."
  value       = module.audit_account.log_bucket_name
}

output "queue_url" {
  description = "The collector's queue."
  value       = module.audit_account.queue_url
}

output "collector_environment" {
  description = "Environment of the collector's tasks."
  value       = module.audit_account.collector_environment
}

output "collector_role_arn" {
  description = "Role that the collector acts with."
  value       = module.audit_account.task_role_arn
}

output "auditor_environment" {
  description = "Environment of the auditor's tasks, in its own account."
  value       = module.auditor.environment
}

output "auditor_role_arn" {
  description = "The auditor's task role, in its own account."
  value       = module.auditor.task_role_arn
}

output "access_role_arn" {
  description = "Role in the audit account that it takes on for archive, ledger, queue and log bucket."
  value       = module.audit_account.auditor_role_arn
}

output "organization_role_arn" {
  description = "Role in the management account that it reads the organization with."
  value       = module.management_account.auditor_role_arn
}

output "attest_key_arn" {
  description = "Key that signs attestations, in the auditor's account."
  value       = module.auditor_keys.attest_key_arn
}

output "digest_queue_url" {
  description = "Queue of Digests that landed, in the auditor's account."
  value       = module.auditor.digest_queue_url
}

output "findings_topic_arn" {
  description = "Topic that findings are told on, in the auditor's account."
  value       = module.auditor.findings_topic_arn
}

output "auditor_repository_url" {
  description = "Where the auditor's image is pushed to, in its account; `auditor_image` is this with @sha256:… behind."
  value       = module.auditor.repository_url
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
