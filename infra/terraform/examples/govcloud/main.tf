# GovCloud is a partition of its own: another organization, other accounts, other ARNs, and no way from here to a bucket or key of the commercial one.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
  use_fips_endpoint   = true
}

module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id       = var.organization_id
  management_account_id = var.management_account_id
  object_lock_mode      = "governance"
  object_lock_days      = 1
  image                 = var.image
  network               = var.network

  administrator_role_arns = ["arn:aws-us-gov:iam::${var.audit_account_id}:role/${var.deployer_role_name}"]
  readers                 = length(var.reader_role_arns) == 0 ? [] : [{ principal_arns = var.reader_role_arns, prefixes = ["events/category=management/"] }]
}
