# How a stack puts existing-trail, ingest and log-bucket together: outputs of one are inputs of the other, in every mode and without a cycle.

variable "mode" {
  description = "Mode of existing-trail."
  type        = string
}

variable "topic_arn" {
  description = "Their topic, for sns."
  type        = string
  default     = null
}

locals {
  queue_key   = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  trail_key   = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  replica     = { bucket_name = "org-logs-replica", kms_key_arn = local.trail_key }
  has_replica = var.mode == "replicated"
}

module "existing_trail" {
  source = "../.."

  mode                  = var.mode
  organization_id       = "o-exampleorg1"
  log_bucket_name       = "org-logs"
  log_bucket_account_id = "444455556666"
  topic_arn             = var.topic_arn
  queue_arn             = module.ingest.queue_arn
  event_bus_arn         = module.ingest.event_bus_arn
  replica               = local.has_replica ? local.replica : null
}

module "ingest" {
  source = "../../../ingest"

  kms_key_arn         = local.queue_key
  organization_id     = "o-exampleorg1"
  mode                = module.existing_trail.ingest.mode
  source_bucket_arns  = module.existing_trail.ingest.source_bucket_arns
  source_account_ids  = module.existing_trail.ingest.source_account_ids
  source_region       = module.existing_trail.ingest.source_region
  external_topic_arns = module.existing_trail.ingest.external_topic_arns
}

module "replica" {
  source   = "../../../log-bucket"
  for_each = local.has_replica ? { replica = local.replica } : {}

  bucket_name           = each.value.bucket_name
  kms_key_arn           = each.value.kms_key_arn
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  replication_role_arns = [module.existing_trail.replication_role_arn]
  notify                = { queue_arn = module.ingest.queue_arn }
}

output "policies" {
  description = "As existing-trail gives them."
  value       = module.existing_trail.policies
}

output "queue_arn" {
  description = "As ingest gives it."
  value       = module.ingest.queue_arn
}
