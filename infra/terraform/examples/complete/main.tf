# Three accounts and two Regions in one root: the archive, its replica, and the organization's own settings.

locals {
  deployer_role_arn         = "arn:aws:iam::${var.audit_account_id}:role/${var.deployer_role_name}"
  replica_deployer_role_arn = "arn:aws:iam::${var.replica.account_id}:role/${var.deployer_role_name}"
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
}

provider "aws" {
  alias               = "replica"
  region              = var.replica.region
  allowed_account_ids = [var.replica.account_id]

  assume_role {
    role_arn = local.replica_deployer_role_arn
  }
}

# The replica's account, in the archive's Region.
provider "aws" {
  alias               = "heads"
  region              = var.region
  allowed_account_ids = [var.replica.account_id]

  assume_role {
    role_arn = local.replica_deployer_role_arn
  }
}

# A trail is made and changed in its home Region, which is the archive's here.
provider "aws" {
  alias               = "management"
  region              = var.region
  allowed_account_ids = [var.organization.management_account_id]

  assume_role {
    role_arn = "arn:aws:iam::${var.organization.management_account_id}:role/${var.deployer_role_name}"
  }
}

module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id       = var.organization.id
  management_account_id = var.organization.management_account_id
  object_lock_mode      = "governance"
  image                 = var.image
  network               = var.network
  tags                  = var.tags

  # Locks and time. A day's lock, so that a trial can be ended.
  object_lock_days = 1
  raw_classes = {
    standard = {}                        # seven years
    payments = { retention_days = 3653 } # ten
  }
  events_retention_days = { management = 2557, data = 365, insight = 730, network = 365, aggregated = 730 }

  # People. Who deploys manages the keys and cannot use them; who breaks the glass is seen.
  administrator_role_arns = [local.deployer_role_arn]
  break_glass_role_arns   = [var.break_glass_role_arn]
  legal_hold_role_arns    = [var.legal_hold_role_arn]
  operator_role_arns      = [var.operator_role_arn]
  acknowledger_role_arns  = [var.security_role_arn]
  readers                 = var.readers
  catalog                 = { analyst_role_arns = [var.analyst_role_arn] }
  subscribers             = var.subscribers

  alarms = { emails = var.alarm_emails }

  # Whose hashes of attestations stand in another account. Public keys are each Region's own, and Organizations answers in us-east-1: there no endpoint leads.
  auditor = {
    image        = var.auditor_image
    standby      = true
    emails       = var.alarm_emails
    heads        = module.heads.heads
    egress_cidrs = ["0.0.0.0/0"]
  }

  # Nothing of the collector's tasks passes the internet.
  endpoints = { route_table_ids = var.route_table_ids }

  replication = module.replica.replication
}

module "replica" {
  source    = "../../modules/archive-replica"
  providers = { aws = aws.replica }

  bucket_name                 = "trailkeep-replica-${var.replica.account_id}-${var.replica.region}"
  replication_role_arn        = module.audit_account.replication_role_arn
  lifecycle_rules             = module.audit_account.archive_lifecycle_rules
  key_administrator_role_arns = [local.replica_deployer_role_arn]
  reader_principal_arns       = [var.restore_role_arn]
  tags                        = var.tags
}

# Where the audit account's administrators cannot take back what was attested.
module "heads" {
  source    = "../../modules/heads-bucket"
  providers = { aws = aws.heads }

  bucket_name                 = "trailkeep-heads-${var.replica.account_id}-${var.region}"
  auditor_role_arn            = "arn:aws:iam::${var.audit_account_id}:role/trailkeep/trailkeep-auditor"
  object_lock_mode            = "governance"
  object_lock_days            = 1
  key_administrator_role_arns = [local.replica_deployer_role_arn]
  tags                        = var.tags
}

module "management_account" {
  source    = "../../stacks/management-account"
  providers = { aws = aws.management }

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
  tags                 = var.tags

  # Charged per event. What the archive itself does is left out, whatever stands here.
  event_selectors = {
    data = [
      { name = "Every write to S3", resource_type = "AWS::S3::Object", read_write = "WriteOnly" },
      { name = "Functions that run", resource_type = "AWS::Lambda::Function" },
    ]
  }
  insights = ["ApiCallRateInsight", "ApiErrorRateInsight"]

  protect = length(var.protected_target_ids) == 0 ? null : {
    key_arns         = ["arn:aws:kms:${var.region}:${var.audit_account_id}:key/*", "arn:aws:kms:${var.replica.region}:${var.replica.account_id}:key/*"]
    bucket_arns      = [module.replica.bucket_arn, module.heads.bucket_arn]
    target_ids       = var.protected_target_ids
    exempt_role_arns = [local.deployer_role_arn, local.replica_deployer_role_arn, var.break_glass_role_arn]
  }
}
