# Where log objects come from: a log bucket of our own, which the organization trail writes; or what a trail that is there already delivers to
# somebody else, from where it is read, or replicated into a bucket of ours.

locals {
  own_trail          = var.existing_trail == null
  replicated         = try(var.existing_trail.mode == "replicated", false)
  log_bucket_is_ours = local.own_trail || local.replicated

  key_prefix = try(var.existing_trail.key_prefix, var.trail_key_prefix)

  # The trail is made after this, in the management account. A trail's ARN has that account, under a delegated administrator too.
  trail_arn = "arn:${local.partition}:cloudtrail:${coalesce(var.trail_home_region, local.region)}:${var.management_account_id}:trail/${var.trail_name}"

  # Built as existing-trail builds it: the replica's key names it, and existing-trail names that key.
  source_replication_role_arn = local.replicated ? "arn:${local.partition}:iam::${var.existing_trail.log_bucket_account_id}:role${var.role_path}${coalesce(var.existing_trail.replication_role_name, "${var.name}-replication")}" : null

  log_bucket_arn = "arn:${local.partition}:s3:::${local.bucket_names.logs}"

  own_ingest = { mode = var.notification_mode, source_bucket_arns = [local.log_bucket_arn], source_account_ids = [], source_region = null, external_topic_arns = [] }
  ingest     = local.own_trail ? local.own_ingest : module.existing_trail[0].ingest
  sources = local.own_trail ? {
    buckets = [{ name = local.bucket_names.logs, account_id = local.account, kms_key_arn = module.keys.key_arns["trail"], replicates = null }]
    role    = null
    region  = null
  } : module.existing_trail[0].sources

  # A replica announces to the queue.
  notify = {
    sns         = { topic_arn = module.ingest.topic_arn }
    direct      = { queue_arn = module.ingest.queue_arn }
    eventbridge = { eventbridge = true }
  }[local.replicated ? "direct" : var.notification_mode]
}

module "log_bucket" {
  source = "../../modules/log-bucket"
  count  = local.log_bucket_is_ours ? 1 : 0

  bucket_name            = local.bucket_names.logs
  kms_key_arn            = module.keys.key_arns["trail"]
  organization_id        = var.organization_id
  management_account_id  = var.management_account_id
  trail_arns             = local.own_trail ? [local.trail_arn] : []
  replication_role_arns  = local.replicated ? [local.source_replication_role_arn] : []
  key_prefix             = local.key_prefix
  reader_role_arns       = concat([local.collector_role_arn], local.auditor_looks ? local.auditor_role_arns : [])
  break_glass_role_arns  = var.break_glass_role_arns
  access_log_bucket_name = module.access_log_bucket.bucket_name
  retention_days         = var.log_file_retention_days
  notify                 = local.notify
  tags                   = var.tags
}

module "existing_trail" {
  source = "../../modules/existing-trail"
  count  = local.own_trail ? 0 : 1

  name                   = var.name
  role_path              = var.role_path
  mode                   = var.existing_trail.mode
  organization_id        = var.organization_id
  log_bucket_name        = var.existing_trail.log_bucket_name
  log_bucket_account_id  = var.existing_trail.log_bucket_account_id
  log_bucket_region      = var.existing_trail.log_bucket_region
  log_bucket_kms_key_arn = var.existing_trail.log_bucket_kms_key_arn
  key_prefix             = var.existing_trail.key_prefix
  topic_arn              = var.existing_trail.topic_arn
  source_role            = var.existing_trail.source_role
  replica                = local.replicated ? { bucket_name = local.bucket_names.logs, kms_key_arn = module.keys.key_arns["trail"], role_name = var.existing_trail.replication_role_name } : null
  queue_arn              = module.ingest.queue_arn
  event_bus_arn          = module.ingest.event_bus_arn
  collector_role_arn     = local.collector_role_arn
  owned_bucket_names     = values(local.bucket_names)
}

module "ingest" {
  source = "../../modules/ingest"

  name                = var.name
  kms_key_arn         = module.keys.key_arns["queue"]
  mode                = local.ingest.mode
  source_bucket_arns  = local.ingest.source_bucket_arns
  source_account_ids  = local.ingest.source_account_ids
  source_region       = local.ingest.source_region
  external_topic_arns = local.ingest.external_topic_arns
  organization_id     = var.organization_id

  message_retention_seconds = var.queue.message_retention_seconds
  max_receive_count         = var.queue.max_receive_count
  tags                      = var.tags
}
