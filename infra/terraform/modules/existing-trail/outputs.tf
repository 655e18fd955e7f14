output "sources" {
  description = "What the collector reads, as the module `collector` takes it."
  value = {
    buckets = [var.mode == "replicated" ? {
      name        = var.replica.bucket_name
      account_id  = local.account
      kms_key_arn = var.replica.kms_key_arn
      replicates  = var.log_bucket_name
      } : {
      name        = var.log_bucket_name
      account_id  = local.owner
      kms_key_arn = var.log_bucket_kms_key_arn
      replicates  = null
    }]
    role   = var.source_role == null ? null : { arn = local.source_role_arn, external_id = var.source_role.external_id }
    region = var.mode == "replicated" || local.log_region == local.region ? null : local.log_region
  }
}

output "ingest" {
  description = "What the module `ingest` wants for this mode: its inputs of the same names."
  value = {
    mode                = { direct = "direct", sns = "external", eventbridge = "eventbridge", replicated = "direct" }[var.mode]
    source_bucket_arns  = compact([{ direct = local.bucket_arn, eventbridge = local.bucket_arn, replicated = local.replica_arn, sns = null }[var.mode]])
    source_account_ids  = var.mode == "replicated" ? [local.account] : [local.owner]
    source_region       = var.mode == "replicated" ? local.region : local.log_region
    external_topic_arns = compact([var.topic_arn])
  }
}

output "announcing_account_ids" {
  description = "Accounts whose buckets or topics use our queue's key to send: the module `keys` takes them as `source_account_ids`."
  value       = distinct({ direct = [local.owner], sns = [try(split(":", var.topic_arn)[4], local.owner)], eventbridge = [], replicated = [] }[var.mode])
}

output "replication_role_arn" {
  description = "The role that replicates: `log-bucket` takes it in `replication_role_arns`, `keys` in `replicators`. Null but with `replicated`."
  value       = local.replication_role_arn
}

output "role_arns" {
  description = "Roles that the owner makes, by what they are for: source, forward, replication. Null where the mode needs none."
  value       = { source = local.source_role_arn, forward = local.forwarded ? local.forward_role_arn : null, replication = local.replication_role_arn }
}

output "policies" {
  description = "Documents that the owners of bucket, key and topic add, by name: `bucket`, `key` and `topic` are statements for the policies that are there; the others belong to what they are named after."
  value       = { for name, document in local.documents : name => document.json if document.when }
}

output "owned_bucket_names" {
  description = "Buckets whose notification configuration this configuration writes: those that were named, and the replica. The log bucket is none of them."
  value       = sort(distinct(concat(var.owned_bucket_names, compact([try(var.replica.bucket_name, null)]))))
}
