# One rule per prefix class. No rule's prefix begins with another's: raw/class=pci/ and raw/class=pci-7y/ differ at the "/".

locals {
  # Minimum storage that S3 bills: Standard-IA 30 days, Glacier Instant Retrieval 90, Deep Archive 180.
  # Source: S3 User Guide, "Understanding and managing Amazon S3 storage classes".
  minimum_storage_days = { STANDARD_IA = 30, GLACIER_IR = 90, DEEP_ARCHIVE = 180 }

  transitions = {
    raw    = [for storage_class, days in { GLACIER_IR = var.tiers.raw.glacier_ir_days, DEEP_ARCHIVE = var.tiers.raw.deep_archive_days } : { storage_class = storage_class, days = days } if days > 0]
    proofs = [for storage_class, days in { STANDARD_IA = var.tiers.proofs.standard_ia_days, GLACIER_IR = var.tiers.proofs.glacier_ir_days } : { storage_class = storage_class, days = days } if days > 0]
    events = [for storage_class, days in { STANDARD_IA = var.tiers.events.standard_ia_days, GLACIER_IR = var.tiers.events.glacier_ir_days } : { storage_class = storage_class, days = days } if days > 0]
  }

  # The day on which the last tier's minimum storage is over.
  raw_minimum_days    = max(1, [for tier in local.transitions.raw : tier.days + local.minimum_storage_days[tier.storage_class]]...)
  proofs_minimum_days = max(1, [for tier in local.transitions.proofs : tier.days + local.minimum_storage_days[tier.storage_class]]...)
  events_minimum_days = max(1, [for tier in local.transitions.events : tier.days + local.minimum_storage_days[tier.storage_class]]...)

  events_retention_days = merge({ for category in ["management", "data", "insight", "network", "aggregated"] : category => 2557 }, var.events_retention_days)
  proof_retention_days  = var.proof_retention_days == null ? max([for class in values(var.raw_classes) : class.retention_days]...) : var.proof_retention_days

  # retention_days 0: never expires.
  lifecycle_rules = concat(
    [for label, class in var.raw_classes : { id = "raw-${label}", prefix = "raw/class=${label}/", transitions = local.transitions.raw, retention_days = class.retention_days, noncurrent_days = var.noncurrent_days }],
    [for prefix in ["digests", "sources"] : { id = prefix, prefix = "${prefix}/", transitions = local.transitions.proofs, retention_days = local.proof_retention_days, noncurrent_days = var.noncurrent_days }],
    # The leaves of each attestation: large, and asked for when somebody wants a proof.
    [{ id = "outcomes", prefix = "outcomes/", transitions = local.transitions.proofs, retention_days = local.proof_retention_days, noncurrent_days = var.noncurrent_days }],
    # A few kilobytes each, which no cheaper class makes cheaper.
    [for prefix in ["acknowledged", "findings"] : { id = prefix, prefix = "${prefix}/", transitions = [], retention_days = local.proof_retention_days, noncurrent_days = var.noncurrent_days }],
    # They stay when data goes: the chain of attestations is checked from its beginning, and signatures with CloudTrail's keys of their time.
    [for prefix in ["accounts", "attest", "keys"] : { id = prefix, prefix = "${prefix}/", transitions = [], retention_days = 0, noncurrent_days = var.noncurrent_days }],
    [for category, days in local.events_retention_days : { id = "events-${category}", prefix = "events/category=${category}/", transitions = local.transitions.events, retention_days = days, noncurrent_days = var.noncurrent_days }],
    # The index of events: of no use without them.
    [{ id = "index", prefix = "index/", transitions = local.transitions.events, retention_days = max(values(local.events_retention_days)...), noncurrent_days = var.noncurrent_days }],
    [{ id = "quarantine", prefix = "quarantine/", transitions = [], retention_days = var.quarantine_retention_days, noncurrent_days = var.noncurrent_days }],
    # What stands here is needed until the services delete it, and is worth nothing afterwards.
    [for prefix in ["staging", "lease"] : { id = prefix, prefix = "${prefix}/", transitions = [], retention_days = 0, noncurrent_days = 1 }],
    [for prefix, days in var.other_prefixes : { id = "other-${prefix}", prefix = prefix, transitions = [], retention_days = days, noncurrent_days = var.noncurrent_days }],
  )
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  # Smaller ones, as many of index/ and sources/, stay in Standard: the colder classes bill 128 KB or an overhead for each.
  transition_default_minimum_object_size = "all_storage_classes_128K"

  dynamic "rule" {
    for_each = local.lifecycle_rules

    content {
      id     = rule.value.id
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.transitions

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }

      dynamic "expiration" {
        for_each = rule.value.retention_days > 0 ? [rule.value.retention_days] : []

        content {
          days = expiration.value
        }
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value.noncurrent_days
      }
    }
  }

  # The whole bucket; of archive.json every version is kept.
  rule {
    id     = "sweep"
    status = "Enabled"
    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_uploads_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
