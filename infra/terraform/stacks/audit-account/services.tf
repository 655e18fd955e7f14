# What goes with the archive: alarms, SQL, subscribers, endpoints.

module "observability" {
  source = "../../modules/observability"

  name                     = var.name
  kms_key_arn              = module.keys.key_arns["queue"]
  queue_name               = module.ingest.queue_name
  dead_letter_queue_name   = module.ingest.dead_letter_queue_name
  cluster_name             = module.collector.cluster_name
  service_names            = concat(var.image == null ? [] : [module.collector.service_name], !local.auditor_here || try(var.auditor.image, null) == null ? [] : [module.auditor[0].service_name])
  collector_log_group_name = module.collector.log_group_name
  # Without tasks there are no rounds to wait for.
  auditor_log_group_name  = local.auditor_here && try(var.auditor.image, null) != null ? module.auditor[0].log_group_name : null
  auditor                 = var.alarms.auditor
  landing_silence_minutes = var.alarms.landing_silence_minutes
  thresholds              = var.alarms.thresholds
  subscribers             = concat([for address in var.alarms.emails : { protocol = "email", endpoint = address }], var.alarms.subscribers)
  page_arns               = var.alarms.page_arns
  extra_alarms = merge({ for subscriber in keys(var.subscribers) : "subscriber-${subscriber}-dead-letters" => {
    description = "Announcements to the subscriber ${subscriber} are in its dead-letter queue: it did not fetch what landed, or could not."
    namespace   = "AWS/SQS"
    metric_name = "ApproximateNumberOfMessagesVisible"
    statistic   = "Maximum"
    dimensions  = { QueueName = module.subscriber[subscriber].dead_letter_queue_name }
    } }, { for auditor in module.auditor : "auditor-dead-letters" => {
    description = "Announcements of Digests are in the auditor's dead-letter queue: it does not read its queue, and finds what is missing by the hour only. See docs/auditor.md."
    namespace   = "AWS/SQS"
    metric_name = "ApproximateNumberOfMessagesVisible"
    statistic   = "Maximum"
    dimensions  = { QueueName = auditor.dead_letter_queue_name }
  } })
  tags = var.tags
}

module "catalog" {
  source = "../../modules/catalog"
  count  = var.catalog == null ? 0 : 1

  name                   = var.name
  archive_bucket_name    = module.audit_bucket.bucket_name
  archive_kms_key_arns   = concat([module.keys.key_arns["raw"]], values(local.event_kms_key_arns))
  results_bucket_name    = local.bucket_names.results
  results_kms_key_arn    = module.keys.key_arns["results"]
  access_log_bucket_name = module.access_log_bucket.bucket_name
  bytes_scanned_cutoff   = var.catalog.bytes_scanned_cutoff
  results_retention_days = var.catalog.results_retention_days
  results_force_destroy  = var.catalog.results_force_destroy
  since                  = var.catalog.since
  tags                   = var.tags
}

module "subscriber" {
  source   = "../../modules/subscriber"
  for_each = var.subscribers

  name                 = var.name
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
  subscriber           = each.key
  principal_arns       = each.value.principal_arns
  external_id          = each.value.external_id
  categories           = each.value.categories
  accounts             = each.value.accounts
  regions              = each.value.regions
  topic_arn            = module.announcements.topic_arn
  archive_bucket_arn   = module.audit_bucket.bucket_arn
  event_kms_key_arns   = local.event_kms_key_arns
  queue_kms_key_arn    = module.keys.key_arns["queue"]
  tags                 = var.tags
}

# With endpoints of this stack tasks connect to them, and nowhere else but where `network` says. One output each is asked for: as a whole the module
# waits for the tasks' security group. How many there are is known beforehand, which they are is not.
locals {
  endpoint_services = setunion(
    try(var.endpoints.services, []), local.sources.role == null ? [] : ["sts"],
    local.auditor_here ? ["cloudtrail"] : [], local.attests_here ? ["kms"] : [], local.organization_role == null || !local.auditor_here ? [] : ["sts"],
  )
  network = merge(var.network, {
    egress_prefix_list_ids    = concat(var.network.egress_prefix_list_ids, var.endpoints == null ? [] : values(module.endpoints[0].prefix_list_ids))
    egress_security_group_ids = var.endpoints == null || length(setsubtract(local.endpoint_services, ["s3", "dynamodb"])) == 0 ? [] : [module.endpoints[0].security_group_id]
  })
}

module "endpoints" {
  source = "../../modules/endpoints"
  count  = var.endpoints == null ? 0 : 1

  name                 = var.name
  vpc_id               = var.network.vpc_id
  subnet_ids           = var.network.subnet_ids
  route_table_ids      = var.endpoints.route_table_ids
  services             = local.endpoint_services
  service_names        = var.endpoints.service_names
  client_cidrs         = var.endpoints.client_cidrs
  security_group_ids   = concat([module.collector.security_group_id], module.auditor[*].security_group_id)
  organization_id      = var.organization_id
  resource_account_ids = distinct(concat(local.sources.buckets[*].account_id, try([var.auditor.heads.account_id], []), local.organization_role == null ? [] : [var.management_account_id]))
  tags                 = var.tags
}
