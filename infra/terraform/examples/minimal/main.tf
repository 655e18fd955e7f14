provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id] # credentials of another account are refused before anything is made
}

# Five inputs; everything else has a default. The original is locked for a day, so that a trial can be ended: README.md says what to take for good.
module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id       = var.organization_id
  management_account_id = var.management_account_id
  object_lock_mode      = "governance"
  image                 = var.image
  network               = var.network

  object_lock_days = 1
}
