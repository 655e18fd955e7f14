output "bucket_name" {
  description = "Name of the bucket. Who waits for it waits for its policy: CreateTrail tries to write before it makes a trail."
  value       = var.bucket_name
  depends_on  = [aws_s3_bucket.this, aws_s3_bucket_policy.this, aws_s3_bucket_versioning.this]
}

output "bucket_arn" {
  description = "ARN of the bucket, built: policies that name it need not wait for it."
  value       = local.bucket_arn
}

output "notification_owner" {
  description = "Who writes the bucket's notification configuration: `log-bucket`, the one that `notification_owners` names, or null."
  value       = var.notify != null ? "log-bucket" : one(distinct(var.notification_owners))
}
