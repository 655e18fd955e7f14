# Control Tower's trail stays as it is. What it delivers to the log-archive account is announced on a topic there, and read by way of a role there:
# Control Tower forbids changing its bucket's policy.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
}

module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id       = var.organization_id
  management_account_id = var.management_account_id
  object_lock_mode      = "governance"
  object_lock_days      = 1
  image                 = var.image
  network               = var.network

  existing_trail = {
    mode                   = "sns"
    log_bucket_name        = var.log_bucket_name
    log_bucket_account_id  = var.log_archive_account_id
    log_bucket_kms_key_arn = var.log_bucket_kms_key_arn
    key_prefix             = var.organization_id # Control Tower's
    topic_arn              = var.topic_arn
    source_role            = { external_id = var.external_id }
  }
}
