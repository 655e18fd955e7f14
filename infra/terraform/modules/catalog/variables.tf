variable "name" {
  description = "Prefix of every name. The database's has underscores for its dashes, as SQL wants it."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name is 3 to 32 lower-case letters, digits and dashes and begins with a letter; choose another."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "archive_bucket_name" {
  description = "Bucket of the archive that is asked."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archive_bucket_name))
    error_message = "archive_bucket_name is no bucket's name (3 to 63 lower-case letters, digits, dashes and dots); give the name, not the ARN."
  }
}

variable "archive_prefix" {
  description = "Where the archive begins in its bucket, without a slash at either end; empty: at the root."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.archive_prefix == "" || can(regex("^[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*$", var.archive_prefix)) && length(setintersection(split("/", var.archive_prefix), [".", ".."])) == 0
    error_message = "archive_prefix begins or ends with a slash, or has characters or parts that the collector does not take; write it as org or audit/org."
  }
}

variable "archive_kms_key_arns" {
  description = "Keys that encrypt what is asked: those of the event categories, and `raw` for sources/, accounts/, attest/, findings/ and outcomes/. The analysts' policy lets them decrypt with these, by way of S3."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.archive_kms_key_arns) > 0
    error_message = "archive_kms_key_arns is empty, so that no analyst could read a row; give the keys of the event categories and raw."
  }

  validation {
    condition     = alltrue([for arn in var.archive_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "archive_kms_key_arns has something that is no key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID); aliases do not work in policies."
  }

  validation {
    condition     = alltrue([for arn in var.archive_kms_key_arns : try(split(":", arn)[3] == data.aws_region.current.region, true)])
    error_message = "archive_kms_key_arns has a key of another Region than ${data.aws_region.current.region}, where archive and catalog are; give keys of this Region."
  }
}

variable "since" {
  description = "First day that is looked at, YYYYMMDD. Events before it are in the archive and invisible here, so the default is CloudTrail's own beginning; set it to the first day of your oldest events to make questions that name no day faster."
  type        = string
  default     = "20131101"
  nullable    = false

  validation {
    condition     = can(formatdate("YYYYMMDD", "${substr(var.since, 0, 4)}-${substr(var.since, 4, 2)}-${substr(var.since, 6, 2)}T00:00:00Z")) && length(var.since) == 8
    error_message = "since is no day; write it as YYYYMMDD, for example 20250101."
  }

  validation {
    condition     = try(tonumber(var.since) <= tonumber(formatdate("YYYYMMDD", plantimestamp())), true)
    error_message = "since is in the future, so that no question would find anything; give the first day of your oldest events."
  }
}

variable "results_bucket_name" {
  description = "Bucket to make for the answers. It holds what analysts asked for, so it belongs to no archive and keeps nothing for long."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.results_bucket_name))
    error_message = "results_bucket_name is no name for a bucket (3 to 63 lower-case letters, digits and dashes; no dots, as their certificates do not fit); choose another."
  }

  validation {
    condition     = var.results_bucket_name != var.archive_bucket_name
    error_message = "results_bucket_name is the archive's bucket; answers are deleted after some days and need a bucket of their own."
  }
}

variable "results_kms_key_arn" {
  description = "Key that encrypts the answers (class `results`)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.results_kms_key_arn))
    error_message = "results_kms_key_arn is no key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID); give the key, not an alias."
  }
}

variable "results_retention_days" {
  description = "Days after which an answer is deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.results_retention_days >= 1 && var.results_retention_days <= 365 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "results_retention_days is a whole number from 1 to 365; answers can be asked for again, so keep them short."
  }
}

variable "results_force_destroy" {
  description = "Whether `terraform destroy` deletes answers that are still there, instead of stopping at the bucket."
  type        = bool
  default     = false
  nullable    = false
}

variable "access_log_bucket_name" {
  description = "Bucket for the access logs of the results bucket; null: none are kept."
  type        = string
  default     = null

  validation {
    condition     = var.access_log_bucket_name == null || try(can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket_name)) && !contains([var.results_bucket_name, var.archive_bucket_name], var.access_log_bucket_name), false)
    error_message = "access_log_bucket_name is no bucket's name, or that of the answers or of the archive; give the access-log-bucket module's bucket_name."
  }
}

variable "bytes_scanned_cutoff" {
  description = "Bytes after which Athena stops a question. 100 GiB cost about half a dollar."
  type        = number
  default     = 107374182400
  nullable    = false

  validation {
    condition     = var.bytes_scanned_cutoff >= 10485760 && var.bytes_scanned_cutoff <= 1125899906842624 && floor(var.bytes_scanned_cutoff) == var.bytes_scanned_cutoff
    error_message = "bytes_scanned_cutoff is a whole number of bytes from 10485760 (10 MB, the least that Athena takes) to 1125899906842624 (1 PiB, about 5,000 dollars a question)."
  }
}
