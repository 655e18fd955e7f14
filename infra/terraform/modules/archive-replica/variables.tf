variable "name" {
  description = "Prefix of the keys' aliases."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "name has to be 1 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "bucket_name" {
  description = "Name of the replica's bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name has to be 3 to 63 lower-case letters, digits and dashes, and no dots: their certificates do not fit."
  }
}

variable "replication_role_arn" {
  description = "The one role that may put replicas here: audit-bucket's output of that name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", var.replication_role_arn))
    error_message = "replication_role_arn has to be a role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME): take audit-bucket's output replication_role_arn."
  }
}

variable "lifecycle_rules" {
  description = "Tiers and expiry by prefix: audit-bucket's output of that name. Lifecycle is not replicated, so without them the replica would keep everything, in Standard, for ever."
  type = list(object({
    id              = string
    prefix          = string
    transitions     = list(object({ storage_class = string, days = number }))
    retention_days  = number
    noncurrent_days = number
  }))
  nullable = false

  validation {
    condition     = length(var.lifecycle_rules) > 0
    error_message = "lifecycle_rules is empty: take audit-bucket's output lifecycle_rules."
  }

  validation {
    condition = try(alltrue([for rule in var.lifecycle_rules :
      length(rule.id) > 0 && length(rule.id) <= 255 && length(rule.prefix) > 0 && length([for other in var.lifecycle_rules : other if other.id == rule.id]) == 1 &&
      alltrue([for days in concat([rule.retention_days, rule.noncurrent_days], rule.transitions[*].days) : floor(days) == days && days >= 0 && days <= 36500]) && rule.noncurrent_days >= 1 &&
      alltrue([for transition in rule.transitions : contains(["STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"], transition.storage_class) && (rule.retention_days == 0 || transition.days < rule.retention_days)])
    ]), false)
    error_message = "lifecycle_rules has a rule that S3 would not take: an id twice, no prefix, days that are not whole, an unknown storage class, or a tier after the expiry. Take audit-bucket's output lifecycle_rules."
  }

  validation {
    condition = try(alltrue(flatten([
      for a in range(length(var.lifecycle_rules)) : [
        for b in range(length(var.lifecycle_rules)) : a == b || !startswith(var.lifecycle_rules[a].prefix, var.lifecycle_rules[b].prefix)
      ]
    ])), true)
    error_message = "lifecycle_rules has overlapping prefixes (one begins with another): S3 would apply both rules, and the sooner expiry wins. Take audit-bucket's output lifecycle_rules."
  }
}

variable "event_categories" {
  description = "Categories of events that get a key of their own here, as in the keys module."
  type        = set(string)
  default     = ["management", "data", "insight", "network", "aggregated"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.event_categories, ["management", "data", "insight", "network", "aggregated"])) == 0
    error_message = "event_categories names a category that is none: management, data, insight, network, aggregated."
  }
}

variable "key_administrator_role_arns" {
  description = "Roles of this account that may manage the keys, and not use them. The role that runs terraform has to be one of them. Empty: left to IAM."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.key_administrator_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?][^?]*$", arn))])
    error_message = "key_administrator_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME): give the role, not its session."
  }
}

variable "reader_principal_arns" {
  description = "Roles or users, of other accounts too, that may read the replica and decrypt what is in it: whoever restores from it. Empty: nobody can read it until one is named."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:(role|user)/[^*?][^?]*$", arn))])
    error_message = "reader_principal_arns has an entry that is no ARN of a role or user (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME): name each of them, not an account."
  }
}

variable "access_log_bucket_name" {
  description = "Bucket of this account and Region that takes the access logs, below bucket_name. Null: none are written."
  type        = string
  default     = null

  validation {
    condition     = var.access_log_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket_name))
    error_message = "access_log_bucket_name is no bucket's name: give the name, not the ARN."
  }

  validation {
    condition     = try(var.access_log_bucket_name != var.bucket_name, true)
    error_message = "access_log_bucket_name is this bucket itself, which would log each log it gets: name another one."
  }
}

variable "abort_uploads_days" {
  description = "Days after which uploads that were not completed are swept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.abort_uploads_days >= 1 && var.abort_uploads_days <= 36500 && floor(var.abort_uploads_days) == var.abort_uploads_days
    error_message = "abort_uploads_days has to be a whole number of days from 1 to 36500."
  }
}

variable "key_deletion_window_in_days" {
  description = "Days that a key is kept after its deletion was scheduled, while it can still be saved."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_in_days >= 7 && var.key_deletion_window_in_days <= 30 && floor(var.key_deletion_window_in_days) == var.key_deletion_window_in_days
    error_message = "key_deletion_window_in_days has to be a whole number from 7 to 30: KMS takes no other."
  }
}
