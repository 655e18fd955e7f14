# The auditor: holds what landed against what CloudTrail signed, has what is missing fetched, tells of it, and signs what the archive holds.

locals {
  audited       = var.auditor != null
  auditor_here  = local.audited && try(var.auditor.elsewhere, null) == null
  attests_here  = local.auditor_here && try(var.auditor.attest, false)
  auditor_looks = local.audited && coalesce(try(var.auditor.look_into_log_buckets, null), local.log_bucket_is_ours)

  # Its task role, or the role that an auditor elsewhere assumes: keys and buckets know one.
  auditor_role_arn  = "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-auditor"
  auditor_role_arns = local.audited ? [local.auditor_role_arn] : []

  # Who asks Organizations: the task role itself, wherever it runs.
  auditor_task_role_arn = try(var.auditor.elsewhere.task_role_arn, null) == null ? local.auditor_role_arn : var.auditor.elsewhere.task_role_arn
  organization_role = local.audited && try(var.auditor.organization == "role", false) ? {
    trusted_role_arn = local.auditor_task_role_arn
    external_id      = "${var.name}-${var.organization_id}"
    role_arn         = "arn:${local.partition}:iam::${var.management_account_id}:role${var.role_path}${var.name}-organization"
  } : null

  auditor_organization = try(var.auditor.organization == "none", true) ? null : { role_arn = try(local.organization_role.role_arn, null), external_id = try(local.organization_role.external_id, null) }

  # What the collector leaves out on purpose is no gap to be healed.
  admission = { for option, value in var.collector.options : option => value if contains(["only_accounts", "only_regions", "without_accounts", "without_regions"], option) }

  # The services' roles and topics, for stacks/management-account to protect.
  service_roles  = concat(["collector", "collector-execution"], local.audited ? ["auditor"] : [], local.auditor_here ? ["auditor-execution"] : [])
  service_topics = concat(["alarms", "landed"], local.auditor_here ? ["findings"] : [])

  protected_role_arns  = [for role in local.service_roles : "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-${role}"]
  protected_topic_arns = [for topic in local.service_topics : "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-${topic}"]
}

module "auditor_access" {
  source = "../../modules/auditor-access"
  count  = local.audited ? 1 : 0

  name                 = var.name
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  archive      = { bucket_name = module.audit_bucket.bucket_name }
  ledger       = { table_name = module.ledger.table_name, table_arn = module.ledger.table_arn }
  heal_queue   = var.auditor.heal ? { queue_arn = module.ingest.queue_arn } : null
  sources      = local.auditor_looks ? local.sources : null
  kms_key_arns = module.keys.key_arns
  trusted_role = var.auditor.elsewhere == null ? null : { arn = var.auditor.elsewhere.task_role_arn, external_id = var.auditor.elsewhere.external_id }
  tags         = var.tags
}

module "auditor" {
  source = "../../modules/auditor"
  count  = local.auditor_here ? 1 : 0

  name                 = var.name
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  archive        = { bucket_name = module.audit_bucket.bucket_name }
  ledger_url     = module.ledger.ledger_url
  access         = { policy_json = module.auditor_access[0].policy_json }
  heal_queue_url = var.auditor.heal ? module.ingest.queue_url : null
  announcements  = { topic_arn = module.announcements.topic_arn }

  sources               = local.sources
  look_into_log_buckets = local.auditor_looks
  organization          = local.auditor_organization

  attest_key_arn         = var.auditor.attest ? module.keys.attest_key_arn : null
  former_attest_key_arns = var.auditor.former_attest_key_arns
  archive_name           = var.auditor.archive_name
  heads                  = var.auditor.heads
  subscribers            = concat([for address in var.auditor.emails : { protocol = "email", endpoint = address }], var.auditor.subscribers)
  kms_key_arns           = module.keys.key_arns
  object_lock_mode       = module.audit_bucket.object_lock_mode
  object_lock_days       = module.audit_bucket.object_lock_days
  options                = merge(local.admission, var.auditor.options)

  image              = var.auditor.image
  cluster            = module.collector.cluster_name
  network            = local.auditor_network
  standby            = var.auditor.standby
  scrape_from        = var.auditor.scrape_from
  cpu                = var.auditor.cpu
  memory             = var.auditor.memory
  cpu_architecture   = var.auditor.cpu_architecture
  log_retention_days = var.log_group_retention_days
  tags               = var.tags
}

# Public keys are each Region's own and Organizations answers in one: no endpoint of this VPC leads there.
locals {
  egress_is_bound = var.endpoints != null || length(var.network.egress_cidrs) + length(var.network.egress_prefix_list_ids) > 0
  auditor_network = merge(local.network, { egress_cidrs = distinct(concat(local.network.egress_cidrs, local.egress_is_bound ? try(var.auditor.egress_cidrs, []) : [])) })
}
