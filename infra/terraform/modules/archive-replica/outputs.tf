output "bucket_name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn
}

output "key_arns" {
  description = "Keys of the replica: class (raw, events-CATEGORY) to ARN."
  value       = { for class, key in aws_kms_key.this : class => key.arn }
}

output "replication" {
  description = "What audit-bucket takes as replication. It is there once the replica can take replicas."
  value = {
    bucket_arn         = local.bucket_arn
    account_id         = local.account_id
    region             = local.region
    kms_key_arn        = aws_kms_key.this["raw"].arn
    event_kms_key_arns = { for category in var.event_categories : category => aws_kms_key.this["events-${category}"].arn }
  }
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_versioning.this, aws_s3_bucket_object_lock_configuration.this]
}
