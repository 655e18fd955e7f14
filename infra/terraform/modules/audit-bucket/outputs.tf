output "bucket_name" {
  description = "Name of the bucket, once its policy stands: what writes to it needs no other dependency."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn
}

output "locked_prefixes" {
  description = "Prefixes whose objects the services lock."
  value       = local.locked_prefixes
}

output "object_lock_mode" {
  description = "Mode of the locks, as the services take it: governance or compliance."
  value       = var.object_lock_mode
}

output "object_lock_days" {
  description = "Days for which the services lock."
  value       = var.object_lock_days
}

output "replication_role_arn" {
  description = "ARN of the role that replicates, or would: built from its name, so that the replica can be made first."
  value       = local.replication_role_arn
}

output "lifecycle_rules" {
  description = "Tiers and expiry by prefix: archive-replica takes them, so that the copy is kept as long and as cheaply."
  value       = local.lifecycle_rules
}

output "alarm_rule_arns" {
  description = "ARNs of the event rules that publish to alarm_topic_arn: for its policy."
  value       = [for key in keys(local.alarms) : "arn:${local.partition}:events:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:rule/${var.name}-${key}"]
}
