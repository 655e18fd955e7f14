# The auditor in an account of its own: who keeps the archive cannot sign what is said of it, and who signs can neither land nor delete.

locals {
  deployer_role_arns = { for account in [var.audit_account_id, var.auditor_account_id, var.management_account_id] : account => "arn:aws:iam::${account}:role/${var.deployer_role_name}" }

  # Built: each side names the other before it is made.
  task_role_arn = "arn:aws:iam::${var.auditor_account_id}:role/trailkeep/trailkeep-auditor"
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.audit_account_id]
}

provider "aws" {
  alias               = "auditor"
  region              = var.region
  allowed_account_ids = [var.auditor_account_id]

  assume_role {
    role_arn = local.deployer_role_arns[var.auditor_account_id]
  }
}

provider "aws" {
  alias               = "management"
  region              = var.region
  allowed_account_ids = [var.management_account_id]

  assume_role {
    role_arn = local.deployer_role_arns[var.management_account_id]
  }
}

# Archive, ledger, queue and their keys; and the one role that the auditor's task role may take on here.
module "audit_account" {
  source = "../../stacks/audit-account"

  organization_id         = var.organization_id
  management_account_id   = var.management_account_id
  object_lock_mode        = "governance"
  object_lock_days        = 1
  image                   = var.image
  network                 = var.network
  collector               = { options = var.collector_options }
  administrator_role_arns = [local.deployer_role_arns[var.audit_account_id]]

  auditor = {
    elsewhere = { task_role_arn = local.task_role_arn, external_id = var.external_id }
  }
}

# ---- the auditor's account ----

# What it signs with, and what encrypts its queue, its topics and its log: administrators of the archive's account have none of these.
module "auditor_keys" {
  source    = "../../modules/keys"
  providers = { aws = aws.auditor }

  classes                 = ["attest", "logs", "queue"]
  archive_bucket_name     = module.audit_account.archive_bucket_name
  administrator_role_arns = [local.deployer_role_arns[var.auditor_account_id]]
  users                   = { attest = [local.task_role_arn], queue = [local.task_role_arn] }
  readers                 = { attest = [var.checker_role_arn] }

  # The archive's topic tells the auditor's queue of Digests that landed.
  source_account_ids = [var.audit_account_id]
}

module "auditor" {
  source    = "../../modules/auditor"
  providers = { aws = aws.auditor }

  archive               = module.audit_account.for_auditor_elsewhere.archive
  ledger_url            = module.audit_account.for_auditor_elsewhere.ledger_url
  access                = module.audit_account.for_auditor_elsewhere.access
  heal_queue_url        = module.audit_account.for_auditor_elsewhere.heal_queue_url
  announcements         = module.audit_account.for_auditor_elsewhere.announcements
  sources               = module.audit_account.for_auditor_elsewhere.sources
  look_into_log_buckets = module.audit_account.for_auditor_elsewhere.look_into_log_buckets
  organization          = module.audit_account.for_auditor_elsewhere.organization
  object_lock_mode      = module.audit_account.for_auditor_elsewhere.object_lock_mode
  object_lock_days      = module.audit_account.for_auditor_elsewhere.object_lock_days
  options               = module.audit_account.for_auditor_elsewhere.options

  # Of the archive's account the one that each put names; the others are this account's.
  kms_key_arns   = merge(module.auditor_keys.key_arns, { raw = module.audit_account.for_auditor_elsewhere.raw_kms_key_arn })
  attest_key_arn = module.auditor_keys.attest_key_arn

  image       = var.auditor_image
  network     = var.auditor_network
  subscribers = [for address in var.emails : { protocol = "email", endpoint = address }]
}

# Its alarms: the audit account has those of the collector.
module "auditor_alarms" {
  source    = "../../modules/observability"
  providers = { aws = aws.auditor }

  kms_key_arn            = module.auditor_keys.key_arns["queue"]
  cluster_name           = module.auditor.cluster_name
  service_names          = var.auditor_image == null ? [] : [module.auditor.service_name]
  auditor_log_group_name = module.auditor.log_group_name
  subscribers            = [for address in var.emails : { protocol = "email", endpoint = address }]
}

# ---- the management account: the trail, and the role that the task role asks for accounts with ----

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

  # Neither account's administrators may stop what the other one relies on; the roles that apply this may.
  protect = {
    key_arns          = [for account in [var.audit_account_id, var.auditor_account_id] : "arn:aws:kms:${var.region}:${account}:key/*"]
    service_role_arns = [local.task_role_arn, "${local.task_role_arn}-execution"]
    topic_arns        = [for topic in ["alarms", "findings"] : "arn:aws:sns:${var.region}:${var.auditor_account_id}:trailkeep-${topic}"]
    target_ids        = [var.audit_account_id, var.auditor_account_id]
    exempt_role_arns  = [local.deployer_role_arns[var.audit_account_id], local.deployer_role_arns[var.auditor_account_id]]
  }
}
