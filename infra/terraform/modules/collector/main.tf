data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  # Variables of trailkeep-collector, without TRAILKEEP_: those that this module sets, and those that `options` may. tests/test_environment.py holds
  # both lists against the program's own --help.
  own = [
    "accounts", "announce_digests", "archive", "aws_region", "bucket_aliases", "buckets", "class_label", "drain", "kms_key_id", "kms_keys", "ledger", "max_messages",
    "object_lock_days", "object_lock_mode", "organizations", "queue", "source_external_id", "source_region", "source_role_arn", "topic_arn",
  ]
  further = [
    "aws_endpoint", "aws_max_attempts", "breaker_keys", "breaker_probe", "classes", "fetches", "landers", "lease", "listen", "log", "log_format",
    "look_again", "low_latency", "max_deliveries", "max_inflated_bytes", "max_object_bytes", "max_stored_bytes", "no_redact", "only_accounts",
    "only_regions", "raw_data", "receive_wait", "receivers", "recover_every", "redact_paths", "reject_wait", "retry_first", "retry_longest", "seal_age",
    "seal_bytes", "seal_objects", "seal_small_age", "seal_small_bytes", "visibility", "without_accounts", "without_regions", "zstd_level",
  ]

  replicas = { for bucket in var.sources.buckets : bucket.name => bucket.replicates if bucket.replicates != null }
  # The program wants a bucket besides replicas; where there are only those, their origins are it. They are not granted, so not read.
  buckets = coalescelist([for bucket in var.sources.buckets : bucket.name if bucket.replicates == null], distinct(values(local.replicas)))

  # What has a key of its own, by prefix; everything else has raw's.
  event_keys = { for class, arn in var.kms_key_arns : "events/category=${trimprefix(class, "events-")}/" => arn if startswith(class, "events-") }

  # All workers of a queue share the 120,000 messages that SQS has in flight; a part is left for those of a deployment that overlap.
  max_messages = min(20000, floor(100000 / var.max_tasks))

  # What is left of the stop timeout is for ending the process itself.
  drain_seconds = var.stop_timeout_seconds - 20

  set = merge(
    {
      archive          = join("/", compact(["s3://${var.archive.bucket_name}", var.archive.prefix]))
      aws_region       = data.aws_region.this.region
      buckets          = join(",", local.buckets)
      class_label      = var.class_label
      drain            = "${local.drain_seconds}s"
      kms_key_id       = var.kms_key_arns["raw"]
      ledger           = var.ledger.ledger_url
      max_messages     = tostring(local.max_messages)
      object_lock_days = tostring(var.object_lock_days)
      object_lock_mode = var.object_lock_mode
      queue            = var.queue.queue_url
    },
    # What is not given is left out: the program refuses an empty list.
    { for key, list in {
      accounts       = var.account_ids
      bucket_aliases = [for replica, origin in local.replicas : "${replica}=${origin}"]
      kms_keys       = [for prefix, arn in local.event_keys : "${prefix}=${arn}"]
      organizations  = var.organization_ids
    } : key => join(",", distinct(list)) if length(list) > 0 },
    { for key, value in {
      source_external_id = try(var.sources.role.external_id, null)
      source_region      = var.sources.region
      source_role_arn    = try(var.sources.role.arn, null)
      topic_arn          = var.topic_arn
      announce_digests   = var.announce_digests ? "true" : null
    } : key => value if value != null },
  )

  environment = tomap(merge(var.otel_environment, { for key, value in merge(var.options, local.set) : "TRAILKEEP_${upper(key)}" => value }))
}

module "service" {
  source = "../service"

  name             = var.name
  service          = "collector"
  image            = var.image
  environment      = local.environment
  task_policy_json = data.aws_iam_policy_document.task.json

  cluster     = var.cluster
  network     = var.network
  scrape_from = var.scrape_from

  cpu                  = var.cpu
  memory               = var.memory
  cpu_architecture     = var.cpu_architecture
  stop_timeout_seconds = var.stop_timeout_seconds

  min_tasks         = var.min_tasks
  max_tasks         = var.max_tasks
  queue_name        = var.queue.queue_name
  backlog_per_task  = var.backlog_per_task
  scaling_suspended = var.scaling_suspended
  spot_share        = var.spot_share

  log_kms_key_arn      = var.kms_key_arns["logs"]
  log_retention_days   = var.log_retention_days
  repository           = var.repository
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
  tags                 = var.tags
}
