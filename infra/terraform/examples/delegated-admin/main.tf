# The audit account makes the trail itself. The management account does no more than delegate: nobody has to log in there for a change of selectors.

locals {
  deployer_role_arn = "arn:aws:iam::${var.audit_account_id}:role/${var.deployer_role_name}"
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
}

provider "aws" {
  alias               = "management"
  region              = var.region
  allowed_account_ids = [var.management_account_id]

  assume_role {
    role_arn = "arn:aws:iam::${var.management_account_id}:role/${var.deployer_role_name}"
  }
}

module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id         = var.organization_id
  management_account_id   = var.management_account_id
  object_lock_mode        = "governance"
  object_lock_days        = 1
  image                   = var.image
  network                 = var.network
  administrator_role_arns = [local.deployer_role_arn]
}

module "management_account" {
  source    = "../../stacks/management-account"
  providers = { aws = aws.management }

  create_trail         = false
  organization_id      = module.audit_account.for_management_account.organization_id
  audit_account_id     = module.audit_account.for_management_account.audit_account_id
  log_bucket_name      = module.audit_account.for_management_account.log_bucket_name
  trail_kms_key_arn    = module.audit_account.for_management_account.trail_kms_key_arn
  trail_name           = module.audit_account.for_management_account.trail_name
  trail_arn            = module.audit_account.for_management_account.trail_arn
  key_prefix           = module.audit_account.for_management_account.key_prefix
  excluded_bucket_arns = module.audit_account.for_management_account.excluded_bucket_arns
  protected_role_arns  = module.audit_account.for_management_account.protected_role_arns
  protected_topic_arns = module.audit_account.for_management_account.protected_topic_arns
  auditor              = module.audit_account.for_management_account.auditor

  # The audit account itself may not end the trail that it makes; the role that applies this may.
  protect = {
    key_arns         = ["arn:aws:kms:${var.region}:${var.audit_account_id}:key/*"]
    target_ids       = [var.audit_account_id]
    exempt_role_arns = [local.deployer_role_arn]
  }
}

# With credentials of the audit account; its ARN has the management account all the same.
module "org_trail" {
  source = "../../modules/org-trail"

  trail_name            = module.audit_account.trail_name
  organization_id       = var.organization_id
  management_account_id = var.management_account_id
  log_bucket_name       = module.audit_account.log_bucket_name
  kms_key_arn           = module.audit_account.trail_kms_key_arn
  excluded_bucket_arns  = module.audit_account.excluded_bucket_arns
  key_prefix            = module.audit_account.key_prefix

  # Read from the delegation, so that it is made before the trail.
  delegated_administrator_account_ids = [for service in module.management_account.delegated_services : var.audit_account_id if service == "cloudtrail.amazonaws.com"]
}
