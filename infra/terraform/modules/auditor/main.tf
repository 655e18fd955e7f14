data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  # Variables of trailkeep-auditor, without TRAILKEEP_: those that this module sets, and those that `options` may. tests/test_environment_auditor.py holds
  # both lists against the program's own --help.
  own = [
    "archive", "archive_name", "aws_region", "bucket_aliases", "digest_queue", "external_id", "findings_topic_arn", "former_public_keys", "heads", "heads_external_id",
    "heads_role_arn", "heal_queue", "kms_key_id", "ledger", "look_into_log_buckets", "object_lock_days", "object_lock_mode", "organizations_external_id",
    "organizations_role_arn", "role_arn", "signing_key", "source_external_id", "source_region", "source_role_arn", "without_organization",
  ]
  further = [
    "assume_regions", "auditor_lease", "aws_endpoint", "aws_max_attempts", "distance", "every", "kms_keys", "listen", "log", "log_format", "only_accounts",
    "only_regions", "public_keys", "sample", "settle", "without_accounts", "without_regions",
  ]

  replicas = { for bucket in try(var.sources.buckets, []) : bucket.name => bucket.replicates if bucket.replicates != null }
  looks    = var.look_into_log_buckets && var.sources != null

  # What may look into them: a role of its own, the role in the archive's account, or the task role itself.
  source_role = !local.looks ? null : try(var.sources.role.arn, null) != null ? { arn = var.sources.role.arn, external_id = var.sources.role.external_id } : var.access.role

  set = merge(
    {
      archive          = join("/", compact(["s3://${var.archive.bucket_name}", var.archive.prefix]))
      aws_region       = data.aws_region.this.region
      kms_key_id       = var.kms_key_arns["raw"]
      ledger           = var.ledger_url
      object_lock_days = tostring(var.object_lock_days)
      object_lock_mode = var.object_lock_mode
    },
    # What is not given is left out: the program refuses an empty value.
    { for key, value in {
      archive_name              = var.archive_name
      digest_queue              = one([for queue in aws_sqs_queue.this : queue.url])
      external_id               = try(var.access.role.external_id, null)
      findings_topic_arn        = local.topic_arn
      heads_external_id         = try(var.heads.external_id, null)
      heads                     = var.heads == null ? null : join("/", compact(["s3://${var.heads.bucket_name}", var.heads.prefix]))
      heads_role_arn            = try(var.heads.role_arn, null)
      heal_queue                = var.heal_queue_url
      organizations_external_id = try(var.organization.external_id, null)
      organizations_role_arn    = try(var.organization.role_arn, null)
      role_arn                  = try(var.access.role.arn, null)
      signing_key               = var.attest_key_arn == null ? null : "kms:${var.attest_key_arn}"
      source_external_id        = try(local.source_role.external_id, null)
      source_region             = local.looks ? var.sources.region : null
      source_role_arn           = try(local.source_role.arn, null)
    } : key => value if value != null },
    length(local.replicas) == 0 ? {} : { bucket_aliases = join(",", [for replica, origin in local.replicas : "${replica}=${origin}"]) },
    length(var.former_attest_key_arns) == 0 ? {} : { former_public_keys = join(",", formatlist("kms:%s", var.former_attest_key_arns)) },
    local.looks ? { look_into_log_buckets = "true" } : {},
    var.organization == null ? { without_organization = "true" } : {},
  )

  environment = tomap(merge(var.otel_environment, { for key, value in merge(var.options, local.set) : "TRAILKEEP_${upper(key)}" => value }))
}

module "service" {
  source = "../service"

  name             = var.name
  service          = "auditor"
  image            = var.image
  environment      = local.environment
  task_policy_json = data.aws_iam_policy_document.task.json

  cluster     = var.cluster
  network     = var.network
  scrape_from = var.scrape_from

  cpu                  = var.cpu
  memory               = var.memory
  cpu_architecture     = var.cpu_architecture
  stop_timeout_seconds = 120
  # A day's sources are sorted outside memory for its attestation.
  scratch = true

  # A lease says which of two works; the other one waits for it to stand still.
  min_tasks = var.standby ? 2 : 1

  log_kms_key_arn      = var.kms_key_arns["logs"]
  log_retention_days   = var.log_retention_days
  repository           = var.repository
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
  tags                 = var.tags
}
