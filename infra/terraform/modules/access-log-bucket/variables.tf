variable "name" {
  description = "Prefix of the id of the bucket policy, by which the installation is told."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "name has to be 1 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "bucket_name" {
  description = "Name of the bucket that is made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name has to be 3 to 63 lower-case letters, digits and dashes, and no dots: their certificates do not fit."
  }
}

variable "source_bucket_names" {
  description = "Buckets of this account and Region that log to this one, each below its own name and \"/\", and whose inventory may be put below inventory/ and their name."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.source_bucket_names) > 0
    error_message = "source_bucket_names is empty: name at least one bucket that logs here."
  }

  validation {
    condition     = alltrue([for name in var.source_bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "source_bucket_names has an entry that is no bucket's name: give names, not ARNs."
  }

  validation {
    condition     = !contains(var.source_bucket_names, var.bucket_name)
    error_message = "source_bucket_names holds bucket_name itself: a bucket that logs to itself logs each log it gets. Leave it out."
  }

  validation {
    condition     = length(distinct(var.source_bucket_names)) == length(var.source_bucket_names)
    error_message = "source_bucket_names names a bucket twice: leave one out."
  }
}

variable "retention_days" {
  description = "Days after which access logs and inventories expire."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days has to be a whole number of days from 1 to 36500."
  }
}

variable "noncurrent_days" {
  description = "Days for which a version that was deleted or written over, or has expired, can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 36500 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days has to be a whole number of days from 1 to 36500."
  }
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
