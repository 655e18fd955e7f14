# The audit account: what keeps an organization's trail, and who may read it. Modules are put together here; none of them knows another.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  # Names, not outputs: keys and policies name what is not there yet.
  default_names = { for what in ["archive", "logs", "access", "results"] : what => "${var.name}-${what}-${local.account}-${local.region}" }
  bucket_names  = { for what, name in local.default_names : what => coalesce(var.bucket_names[what], name) }

  collector_role_arn = "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-collector"

  event_categories  = ["management", "data", "insight", "network", "aggregated"]
  event_kms_classes = [for category in local.event_categories : "events-${category}"]
  event_kms_key_arns = {
    for category in local.event_categories : category => module.keys.key_arns["events-${category}"]
  }
}

module "keys" {
  source = "../../modules/keys"

  name                    = var.name
  administrator_role_arns = var.administrator_role_arns
  event_categories        = local.event_categories
  users                   = local.key_users
  readers                 = local.key_readers
  replicators             = local.key_replicators

  archive_bucket_name = local.bucket_names.archive
  log_bucket_name     = local.log_bucket_is_ours ? local.bucket_names.logs : null
  results_bucket_name = var.catalog == null ? null : local.bucket_names.results

  trail_arns              = local.own_trail ? [local.trail_arn] : []
  source_account_ids      = try(module.existing_trail[0].announcing_account_ids, [])
  organization_id         = var.organization_id
  deletion_window_in_days = var.key_deletion_window_in_days
  tags                    = var.tags
}

module "access_log_bucket" {
  source = "../../modules/access-log-bucket"

  bucket_name         = local.bucket_names.access
  source_bucket_names = concat([local.bucket_names.archive], local.log_bucket_is_ours ? [local.bucket_names.logs] : [], var.catalog == null ? [] : [local.bucket_names.results])
  retention_days      = var.access_log_retention_days
  tags                = var.tags
}

module "audit_bucket" {
  source = "../../modules/audit-bucket"

  name                 = var.name
  bucket_name          = local.bucket_names.archive
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  object_lock_mode          = var.object_lock_mode
  object_lock_days          = var.object_lock_days
  raw_classes               = var.raw_classes
  events_retention_days     = var.events_retention_days
  proof_retention_days      = var.proof_retention_days
  quarantine_retention_days = var.quarantine_retention_days
  tiers                     = var.tiers

  default_kms_key_arn  = module.keys.key_arns["raw"]
  allowed_kms_key_arns = values(local.event_kms_key_arns)

  acknowledger_role_arns  = var.acknowledger_role_arns
  auditor_role_arns       = local.auditor_role_arns
  writer_role_arns        = concat([local.collector_role_arn], var.rebuild_role_arns)
  administrator_role_arns = var.administrator_role_arns
  break_glass_role_arns   = var.break_glass_role_arns
  legal_hold_role_arns    = var.legal_hold_role_arns
  readers                 = var.readers

  access_log_bucket_name = module.access_log_bucket.bucket_name
  inventory              = var.inventory_frequency == null ? null : { frequency = var.inventory_frequency }
  replication            = var.replication
  alarm_topic_arn        = module.observability.topic_arn
  alarm_regions          = var.alarm_regions
  tags                   = var.tags
}

module "ledger" {
  source = "../../modules/ledger"

  name                        = var.name
  kms_key_arn                 = module.keys.key_arns["table"]
  deletion_protection         = var.ledger.deletion_protection
  point_in_time_recovery_days = var.ledger.point_in_time_recovery_days
  tags                        = var.tags
}

module "announcements" {
  source = "../../modules/announcements"

  name                = var.name
  kms_key_arn         = module.keys.key_arns["queue"]
  publisher_role_arns = [local.collector_role_arn]
  organization_id     = var.organization_id

  # An auditor in another account has its queue there.
  subscriber_account_ids = try([split(":", var.auditor.elsewhere.task_role_arn)[4]], [])
  tags                   = var.tags
}

module "collector" {
  source = "../../modules/collector"

  name                 = var.name
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  queue     = { queue_url = module.ingest.queue_url, queue_arn = module.ingest.queue_arn, queue_name = module.ingest.queue_name }
  archive   = { bucket_name = module.audit_bucket.bucket_name }
  ledger    = { table_name = module.ledger.table_name, table_arn = module.ledger.table_arn, index_arn = module.ledger.index_arn, ledger_url = module.ledger.ledger_url }
  topic_arn = module.announcements.topic_arn
  sources   = local.sources

  # They wake the auditor, which may subscribe from elsewhere, too.
  announce_digests = local.audited

  organization_ids = [var.organization_id]
  account_ids      = var.collector.account_ids
  kms_key_arns     = module.keys.key_arns
  object_lock_mode = module.audit_bucket.object_lock_mode
  object_lock_days = module.audit_bucket.object_lock_days
  class_label      = var.collector.class_label
  options          = var.collector.options

  image              = var.image
  cluster            = var.collector.cluster
  network            = local.network
  scrape_from        = var.collector.scrape_from
  cpu                = var.collector.cpu
  memory             = var.collector.memory
  cpu_architecture   = var.collector.cpu_architecture
  min_tasks          = var.collector.min_tasks
  max_tasks          = var.collector.max_tasks
  backlog_per_task   = var.collector.backlog_per_task
  spot_share         = var.collector.spot_share
  scaling_suspended  = var.collector.scaling_suspended
  log_retention_days = var.log_group_retention_days
  tags               = var.tags
}
