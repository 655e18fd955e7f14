output "bucket_name" {
  description = "Name of the bucket, once its policy stands."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_policy.this]
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn
}

output "kms_key_arn" {
  description = "Key that encrypts what is put here."
  value       = aws_kms_key.this.arn
}

output "heads" {
  description = "What `auditor` takes."
  value       = { bucket_name = aws_s3_bucket.this.bucket, account_id = local.account, kms_key_arn = aws_kms_key.this.arn }
  depends_on  = [aws_s3_bucket_policy.this]
}
