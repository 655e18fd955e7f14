data "aws_partition" "current" {}

locals {
  management_account_id = split(":", var.trail_arn)[4]
  log_bucket_arns       = [for name in [var.log_bucket_name] : "arn:${data.aws_partition.current.partition}:s3:::${name}" if name != null]

  # With the trail and the buckets that the audit account's stack named.
  protect = { for key, protect in { given = var.protect } : key => merge(protect, {
    trail_arns  = [var.trail_arn]
    bucket_arns = setunion(var.excluded_bucket_arns, protect.bucket_arns, local.log_bucket_arns)

    service_role_arns = setunion(var.protected_role_arns, protect.service_role_arns)
    topic_arns        = setunion(var.protected_topic_arns, protect.topic_arns)
  }) if protect != null }
}

module "org_admin" {
  source = "../../modules/org-admin"

  name                               = var.name
  tags                               = var.tags
  organization_id                    = var.organization_id
  delegated_administrator_account_id = var.audit_account_id
  services                           = var.delegated_services
  organization_readers               = var.organization_readers
  permissions_boundary               = var.permissions_boundary
  role_path                          = var.role_path
  auditor                            = var.auditor
  protect                            = one(values(local.protect))
}

module "org_trail" {
  source = "../../modules/org-trail"
  count  = var.create_trail ? 1 : 0

  name                   = var.name
  tags                   = var.tags
  permissions_boundary   = var.permissions_boundary
  role_path              = var.role_path
  trail_name             = var.trail_name
  organization_id        = var.organization_id
  management_account_id  = local.management_account_id
  log_bucket_name        = var.log_bucket_name
  key_prefix             = var.key_prefix
  kms_key_arn            = var.trail_kms_key_arn
  sns_topic_arn          = var.sns_topic_arn
  excluded_bucket_arns   = var.excluded_bucket_arns
  excluded_resource_arns = var.excluded_resource_arns
  event_selectors        = var.event_selectors
  insights               = var.insights
  cloudwatch_logs        = var.cloudwatch_logs
}
