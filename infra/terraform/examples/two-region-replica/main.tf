# The archive, and a copy of it that survives the loss of its Region and of its account.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
}

provider "aws" {
  alias               = "replica"
  region              = var.replica.region
  allowed_account_ids = [var.replica.account_id]

  assume_role {
    role_arn = var.replica_role_arn
  }
}

module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id       = var.organization_id
  management_account_id = var.management_account_id
  object_lock_mode      = "governance"
  object_lock_days      = 1
  image                 = var.image
  network               = var.network

  # Copied within 15 minutes, or an event tells; charged per byte.
  replication = merge(module.replica.replication, { time_control = true })
}

# Each takes of the other what is known before anything is made: the role's name and the tiers there, names and keys here.
module "replica" {
  source    = "../../modules/archive-replica"
  providers = { aws = aws.replica }

  bucket_name           = "trailkeep-replica-${var.replica.account_id}-${var.replica.region}"
  replication_role_arn  = module.audit_account.replication_role_arn
  lifecycle_rules       = module.audit_account.archive_lifecycle_rules
  reader_principal_arns = [var.restore_role_arn]
}
