# ---- what stacks/management-account takes ----

# The names are those of its variables; tests/test_stacks.py holds them against it.
output "for_management_account" {
  description = "Inputs of stacks/management-account, all that it takes from here: `terraform output -json for_management_account > …/audit-account.auto.tfvars.json`. With existing_trail create_trail = false is one of them."
  value = merge(
    {
      organization_id      = var.organization_id
      audit_account_id     = local.account
      log_bucket_name      = one(module.log_bucket[*].bucket_name)
      trail_kms_key_arn    = lookup(module.keys.key_arns, "trail", null)
      trail_name           = var.trail_name
      trail_arn            = local.trail_arn
      key_prefix           = local.key_prefix
      excluded_bucket_arns = [for what in sort(keys(local.bucket_names)) : "arn:${local.partition}:s3:::${local.bucket_names[what]}"]
      protected_role_arns  = local.protected_role_arns
      protected_topic_arns = local.protected_topic_arns
    },
    { for name, value in { auditor = local.organization_role } : name => value if value != null },
    { for name, value in { create_trail = false } : name => value if !local.own_trail },
  )
}

output "audit_account_id" {
  description = "This account, which CloudTrail may be delegated to."
  value       = local.account
}

output "log_bucket_name" {
  description = "Bucket that the organization trail writes to, or is replicated into; with existing_trail and no replica null."
  value       = one(module.log_bucket[*].bucket_name)
}

output "trail_kms_key_arn" {
  description = "Key that the organization trail encrypts with; null where the log bucket is not ours."
  value       = lookup(module.keys.key_arns, "trail", null)
}

output "trail_name" {
  description = "Name that the policies of log bucket and key expect of the trail."
  value       = var.trail_name
}

output "trail_arn" {
  description = "ARN that the trail will have, and that the policies here name. With existing_trail nothing here names it, and it is that trail's if trail_name and trail_home_region are."
  value       = local.trail_arn
}

output "key_prefix" {
  description = "Prefix that the policies here expect of the trail's keys; empty for none."
  value       = local.key_prefix
}

output "trail_home_region" {
  description = "Region that the trail has to be made in."
  value       = coalesce(var.trail_home_region, local.region)
}

output "excluded_bucket_arns" {
  description = "Buckets whose objects the trail must not record, or it would record its own landing."
  value       = [for what in sort(keys(local.bucket_names)) : "arn:${local.partition}:s3:::${local.bucket_names[what]}"]
}

output "auditor" {
  description = "The auditor's task role, the external id that it gives, and the role in the management account that it was told of, which stacks/management-account makes; null where it asks otherwise, or nobody."
  value       = local.organization_role
}

output "protected_role_arns" {
  description = "Roles of the services, which a service control policy may protect."
  value       = local.protected_role_arns
}

output "protected_topic_arns" {
  description = "Topics of findings, alarms and announcements, which a service control policy may protect."
  value       = local.protected_topic_arns
}

output "existing_trail_policies" {
  description = "With existing_trail: what the owners of bucket, key and topic add, by name. Else empty."
  value       = try(module.existing_trail[0].policies, {})
}

# ---- the archive ----

output "archive_url" {
  description = "The archive, as `trailkeep --archive` takes it."
  value       = module.collector.environment["TRAILKEEP_ARCHIVE"]
}

output "archive_bucket_name" {
  description = "Bucket of the archive."
  value       = module.audit_bucket.bucket_name
}

output "archive_bucket_arn" {
  description = "ARN of that bucket."
  value       = module.audit_bucket.bucket_arn
}

output "archive_lifecycle_rules" {
  description = "Tiers and expiry by prefix, for modules/archive-replica."
  value       = module.audit_bucket.lifecycle_rules
}

output "replication_role_arn" {
  description = "Role that replicates the archive, or would: modules/archive-replica takes it, before `replication` is given here."
  value       = module.audit_bucket.replication_role_arn
}

output "ledger_url" {
  description = "The ledger, as `trailkeep --ledger` takes it."
  value       = module.ledger.ledger_url
}

output "key_arns" {
  description = "Class to ARN of each key that encrypts."
  value       = module.keys.key_arns
}

output "attest_key_arn" {
  description = "Key that signs attestations; its public key is what they are checked with."
  value       = module.keys.attest_key_arn
}

output "key_map" {
  description = "Which key encrypts what, and who may do what with it."
  value       = module.keys.key_map
}

# ---- the collector ----

output "collector_environment" {
  description = "Environment of the collector's tasks, exactly as they get it."
  value       = module.collector.environment
}

output "task_role_arn" {
  description = "Role that the collector acts with."
  value       = module.collector.task_role_arn
}

output "queue_url" {
  description = "Queue of notifications, as `trailkeep queue` and `trailkeep backfill` take it."
  value       = module.ingest.queue_url
}

output "dead_letter_queue_url" {
  description = "Its dead-letter queue."
  value       = module.ingest.dead_letter_queue_url
}

output "announcements_topic_arn" {
  description = "Topic that landed objects are announced on."
  value       = module.announcements.topic_arn
}

output "repository_url" {
  description = "Where the collector's image is pushed to; `image` is this with @sha256:… behind."
  value       = module.collector.repository_url
}

output "cluster_name" {
  description = "ECS cluster of the collector."
  value       = module.collector.cluster_name
}

output "service_name" {
  description = "ECS service of the collector; null without an image."
  value       = module.collector.service_name
}

output "log_group_name" {
  description = "Log group of the collector."
  value       = module.collector.log_group_name
}

# ---- the auditor ----

output "auditor_environment" {
  description = "Environment of the auditor's tasks, exactly as they get it; null without it."
  value       = one(module.auditor[*].environment)
}

output "auditor_role_arn" {
  description = "Role that the auditor reads and writes the archive with: its task role, or the one that it assumes from elsewhere; null without it."
  value       = one(local.auditor_role_arns)
}

output "auditor_repository_url" {
  description = "Where the auditor's image is pushed to; `auditor.image` is this with @sha256:… behind. null without it."
  value       = one(module.auditor[*].repository_url)
}

output "auditor_service_name" {
  description = "ECS service of the auditor; null without an image."
  value       = one(module.auditor[*].service_name)
}

output "auditor_log_group_name" {
  description = "Log group of the auditor; null without it."
  value       = one(module.auditor[*].log_group_name)
}

output "findings_topic_arn" {
  description = "Topic that findings are told on; null without an auditor here."
  value       = one(module.auditor[*].findings_topic_arn)
}

output "acknowledger_policy_json" {
  description = "What the roles of acknowledger_role_arns need, to be attached to them; null without an auditor."
  value       = one(module.auditor_access[*].acknowledger_policy_json)
}

# The names are those of the module's inputs; an example beside this takes them.
output "for_auditor_elsewhere" {
  description = "With auditor.elsewhere: inputs of modules/auditor in that account, all that it takes from here, and the key of raw. null without."
  value = !local.audited || local.auditor_here ? null : {
    archive               = { bucket_name = module.audit_bucket.bucket_name }
    ledger_url            = module.ledger.ledger_url
    access                = { role = { arn = module.auditor_access[0].role_arn, external_id = var.auditor.elsewhere.external_id } }
    heal_queue_url        = var.auditor.heal ? module.ingest.queue_url : null
    announcements         = { topic_arn = module.announcements.topic_arn }
    sources               = local.sources
    look_into_log_buckets = local.auditor_looks
    organization          = local.auditor_organization
    object_lock_mode      = module.audit_bucket.object_lock_mode
    object_lock_days      = module.audit_bucket.object_lock_days
    options               = merge(local.admission, var.auditor.options)
    raw_kms_key_arn       = module.keys.key_arns["raw"]
  }
}

# ---- around it ----

output "alarm_topic_arn" {
  description = "Topic that alarms are told on."
  value       = module.observability.topic_arn
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = module.observability.dashboard_name
}

output "workgroup_name" {
  description = "Athena workgroup to ask in; null without catalog."
  value       = one(module.catalog[*].workgroup_name)
}

output "analyst_policy_json" {
  description = "What the role of an analyst needs; null without catalog."
  value       = one(module.catalog[*].analyst_policy_json)
}

output "subscriber_queue_urls" {
  description = "Queue of each subscriber."
  value       = { for name, subscriber in module.subscriber : name => subscriber.queue_url }
}

output "subscriber_role_arns" {
  description = "Role that each subscriber takes."
  value       = { for name, subscriber in module.subscriber : name => subscriber.role_arn }
}

output "stays_on_destroy" {
  description = "What `terraform destroy` does not take away, or stops at, and what to do about it."
  value = merge(
    {
      "s3://${local.bucket_names.archive}" = join(" ", [
        "stops while it holds anything; ${join(", ", module.audit_bucket.locked_prefixes)} are locked for ${var.object_lock_days == 1 ? "a day" : "${var.object_lock_days} days"} from when they were written,",
        var.object_lock_mode == "compliance" ? "and nobody can delete them before" : length(var.break_glass_role_arns) > 0 ? "and only break-glass roles can delete them before" : "and nobody can delete them before: no break-glass role is named (break_glass_role_arns)",
      ])
      "s3://${local.bucket_names.access}" = "stops while it holds anything; logs go on arriving for hours: empty it last"
      (module.ledger.ledger_url)          = var.ledger.deletion_protection ? "stops: apply ledger = { deletion_protection = false } first; the archive can rebuild it" : "deleted; the archive can rebuild it"
      "repository ${var.name}/collector"  = "stops while it holds images"
      keys                                = "scheduled for deletion, gone after ${var.key_deletion_window_in_days} days: what they encrypted can then be read by nobody, locked or not. Cancel it while anything is kept"
    },
    local.log_bucket_is_ours ? { "s3://${local.bucket_names.logs}" = "stops while it holds anything: delete the trail first, then all versions" } : {},
    var.catalog == null ? {} : { "s3://${local.bucket_names.results}" = var.catalog.results_force_destroy ? "deleted with its answers" : "stops while it holds answers: apply catalog = { results_force_destroy = true } first" },
  )
}
