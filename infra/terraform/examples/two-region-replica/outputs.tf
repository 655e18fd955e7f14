output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.audit_account.archive_url
}

output "replica_bucket_arn" {
  description = "Bucket of the copy."
  value       = module.replica.bucket_arn
}

output "replica_key_arns" {
  description = "Class to key of the copy."
  value       = module.replica.key_arns
}

output "replication_role_arn" {
  description = "Role that S3 copies with."
  value       = module.audit_account.replication_role_arn
}

output "stays_on_destroy" {
  description = "What a destroy leaves or stops at."
  value       = module.audit_account.stays_on_destroy
}
