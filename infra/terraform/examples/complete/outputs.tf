output "trail_arn" {
  description = "The organization's trail."
  value       = module.management_account.trail_arn
}

output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "archive_bucket_arn" {
  description = "Bucket of the archive."
  value       = module.audit_account.archive_bucket_arn
}

output "replica_bucket_arn" {
  description = "Bucket of the second copy."
  value       = module.replica.bucket_arn
}

output "replication_role_arn" {
  description = "Role that S3 copies with."
  value       = module.audit_account.replication_role_arn
}

output "task_role_arn" {
  description = "Role that the collector acts with."
  value       = module.audit_account.task_role_arn
}

output "key_arns" {
  description = "Class to key."
  value       = module.audit_account.key_arns
}

output "attest_key_arn" {
  description = "Key that signs attestations."
  value       = module.audit_account.attest_key_arn
}

output "auditor_role_arn" {
  description = "Role that the auditor acts with."
  value       = module.audit_account.auditor_role_arn
}

output "organization_role_arn" {
  description = "Role in the management account that it reads the organization with."
  value       = module.management_account.auditor_role_arn
}

output "acknowledger_policy_json" {
  description = "Policy for security_role_arn, which the root that makes that role attaches."
  value       = module.audit_account.acknowledger_policy_json
}

output "findings_topic_arn" {
  description = "Topic that findings are told on."
  value       = module.audit_account.findings_topic_arn
}

output "heads_bucket_arn" {
  description = "Bucket of hashes of attestations, in another account."
  value       = module.heads.bucket_arn
}

output "subscribers" {
  description = "What each subscriber is given: its queue and its role."
  value = {
    for name, url in module.audit_account.subscriber_queue_urls : name => { queue_url = url, role_arn = module.audit_account.subscriber_role_arns[name] }
  }
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
