variable "raw_classes" {
  description = "Retention classes of the originals (--class-label), and after how many days each expires. What stands below a class that is not named here is kept for ever, in Standard."
  type        = map(object({ retention_days = optional(number, 2557) }))
  default     = { standard = {} }
  nullable    = false

  validation {
    condition     = alltrue([for label in keys(var.raw_classes) : can(regex("^[a-z0-9-]{1,32}$", label))])
    error_message = "raw_classes has a label that no archive has: 1 to 32 lower-case letters, digits and dashes. A \"/\" would make its prefix overlap another class's."
  }

  validation {
    condition     = length(var.raw_classes) > 0 && alltrue([for class in values(var.raw_classes) : try(floor(class.retention_days) == class.retention_days && class.retention_days <= 36500, false)])
    error_message = "raw_classes needs at least one class, and whole days, at most 36500."
  }

  validation {
    condition     = alltrue([for class in values(var.raw_classes) : try(class.retention_days >= local.raw_minimum_days, true)])
    error_message = "raw_classes has a class that expires sooner than its last tier's minimum storage is over, which is billed in any case: keep it for ${local.raw_minimum_days} days or longer, or set tiers.raw.deep_archive_days or glacier_ir_days to 0."
  }
}

variable "events_retention_days" {
  description = "Days after which events expire, by category: management, data, insight, network, aggregated. Those not named are kept for 2557 days."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.events_retention_days), ["management", "data", "insight", "network", "aggregated"])) == 0
    error_message = "events_retention_days names a category that is none: management, data, insight, network, aggregated."
  }

  validation {
    condition     = alltrue([for category, days in var.events_retention_days : !contains(["management", "data", "insight", "network", "aggregated"], category) || try(days >= 1 && floor(days) == days && days >= local.events_minimum_days && days <= 36500, false)])
    error_message = "events_retention_days has a category that expires sooner than its last tier's minimum storage is over, which is billed in any case: keep it for ${local.events_minimum_days} to 36500 whole days, or set tiers.events.glacier_ir_days or standard_ia_days to 0."
  }
}

variable "proof_retention_days" {
  description = "Days after which digests/, sources/, findings/, acknowledged/ and outcomes/ expire. They prove and find what lies in raw/: not sooner than the longest class. Null: as the longest class. Attestations (attest/), CloudTrail's public keys (keys/) and the history of accounts (accounts/) never expire: a chain that has lost its beginning cannot be checked, nor a signature without its key."
  type        = number
  default     = null

  validation {
    condition     = var.proof_retention_days == null || try(floor(var.proof_retention_days) == var.proof_retention_days && var.proof_retention_days <= 36500 && var.proof_retention_days >= max([for class in values(var.raw_classes) : class.retention_days]...), false)
    error_message = "proof_retention_days is shorter than a class in raw_classes is kept, longer than 36500 days, or no whole number: originals without their digests and sources can neither be proved nor found. Keep them as long as the longest class."
  }

  validation {
    condition     = var.proof_retention_days == null || try(var.proof_retention_days >= local.proofs_minimum_days, false)
    error_message = "proof_retention_days is over before the last tier's minimum storage is, which is billed in any case: take ${local.proofs_minimum_days} days or more."
  }
}

variable "quarantine_retention_days" {
  description = "Days after which rows of quarantine/ expire. The bytes that they point to are in raw/."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = var.quarantine_retention_days >= 1 && var.quarantine_retention_days <= 36500 && floor(var.quarantine_retention_days) == var.quarantine_retention_days
    error_message = "quarantine_retention_days has to be a whole number of days from 1 to 36500."
  }
}

variable "tiers" {
  description = "Days after which objects change to a cheaper storage class; 0: not at all. Only originals go to Deep Archive: proofs and events must not wait for a restore."
  type = object({
    raw = optional(object({
      glacier_ir_days   = optional(number, 30)
      deep_archive_days = optional(number, 120)
    }), {})
    proofs = optional(object({
      standard_ia_days = optional(number, 30)
      glacier_ir_days  = optional(number, 90)
    }), {})
    events = optional(object({
      standard_ia_days = optional(number, 30)
      glacier_ir_days  = optional(number, 90)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in flatten([values(var.tiers.raw), values(var.tiers.proofs), values(var.tiers.events)]) : try(days >= 0 && floor(days) == days && days <= 36500, false)])
    error_message = "tiers has to hold whole days up to 36500, 0 for a tier that is not wanted."
  }

  validation {
    condition     = alltrue([for tier in [var.tiers.proofs, var.tiers.events] : tier.standard_ia_days == 0 || tier.standard_ia_days >= 30])
    error_message = "tiers has standard_ia_days below 30: S3 moves nothing to Standard-IA before its 30th day. Take 30 or more, or 0."
  }

  validation {
    condition     = alltrue([for tier in [var.tiers.proofs, var.tiers.events] : tier.standard_ia_days == 0 || tier.glacier_ir_days == 0 || tier.glacier_ir_days - tier.standard_ia_days >= 30])
    error_message = "tiers has glacier_ir_days less than 30 days after standard_ia_days: Standard-IA bills 30 days at least. Take standard_ia_days + 30 or more, or 0 for one of them."
  }

  validation {
    condition     = var.tiers.raw.glacier_ir_days == 0 || var.tiers.raw.deep_archive_days == 0 || var.tiers.raw.deep_archive_days - var.tiers.raw.glacier_ir_days >= 90
    error_message = "tiers.raw.deep_archive_days is less than 90 days after glacier_ir_days: Glacier Instant Retrieval bills 90 days at least. Take glacier_ir_days + 90 or more, or 0 for one of them."
  }
}

variable "noncurrent_days" {
  description = "Days for which a version that has expired, or was deleted by break-glass, can still be brought back; those below staging/ and lease/ go after a day."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 36500 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days has to be a whole number of days from 1 to 36500."
  }
}

variable "abort_uploads_days" {
  description = "Days after which uploads that were not completed are swept. They are how a Batch is staged: never sooner than a message can live in queue and dead-letter queue together."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.abort_uploads_days >= 21 && var.abort_uploads_days <= 36500 && floor(var.abort_uploads_days) == var.abort_uploads_days
    error_message = "abort_uploads_days has to be a whole number, at least 21 and at most 36500: 7 days in the queue and 14 in the dead-letter queue, after which a message may still find its Batch to finish."
  }
}

variable "other_prefixes" {
  description = "Prefixes that other tools keep in this bucket, each ending in \"/\", and after how many days they expire. They are replicated too."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for prefix in keys(var.other_prefixes) : can(regex("^[A-Za-z0-9!_.'()=-][A-Za-z0-9!_.'()=/-]*/$", prefix)) && length(prefix) <= 200])
    error_message = "other_prefixes has a prefix that does not end in \"/\", or begins with one, or holds a wildcard, or has more than 200 characters."
  }

  validation {
    condition = alltrue(flatten([
      for prefix in keys(var.other_prefixes) : [
        for ours in concat(["raw/", "digests/", "events/", "sources/", "index/", "quarantine/", "accounts/", "acknowledged/", "attest/", "findings/", "keys/", "outcomes/", "staging/", "lease/", "archive.json"], [for other in keys(var.other_prefixes) : other if other != prefix]) :
        !startswith(prefix, ours) && !startswith(ours, prefix)
      ]
    ]))
    error_message = "other_prefixes has a prefix that overlaps one of the archive's own or another of its entries: S3 would apply both rules, and the sooner expiry wins. Choose prefixes of which none begins with another."
  }

  validation {
    condition     = alltrue([for days in values(var.other_prefixes) : try(days >= 1 && floor(days) == days && days <= 36500, false)])
    error_message = "other_prefixes has to hold whole days from 1 to 36500."
  }
}
