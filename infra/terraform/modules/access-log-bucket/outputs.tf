output "bucket_name" {
  description = "Name of the bucket, once it accepts logs."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn
}
