variable "name" {
  description = "Prefix of the key's alias."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: give 3 to 32 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags of bucket and key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "bucket_name" {
  description = "Name of the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name has to be 3 to 63 lower-case letters, digits and dashes, and no dots: their certificates do not fit."
  }
}

variable "auditor_role_arn" {
  description = "The one role that puts heads: the auditor's task role, in the account of the archive or of the auditor. Built from its name, it need not be there yet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", var.auditor_role_arn))
    error_message = "auditor_role_arn has to be a role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME), without wildcards: the output task_role_arn of `auditor`."
  }

  validation {
    condition     = try(split(":", var.auditor_role_arn)[4] != data.aws_caller_identity.this.account_id, true)
    error_message = "auditor_role_arn is a role of this account, whose administrators could then change both the chain and its heads: make this bucket in an account whose administrators are others."
  }
}

variable "object_lock_mode" {
  description = "Lock of each head that comes without one: governance or compliance. A head is some hundred bytes without personal data: compliance costs nothing but that it stays."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode has to be \"governance\" or \"compliance\"."
  }
}

variable "object_lock_days" {
  description = "Days for which heads are locked: as long as the archive's attestations shall be believed."
  type        = number
  default     = 3653
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days has to be a whole number of days from 1 to 36500."
  }
}

variable "reader_principal_arns" {
  description = "Roles or users, of other accounts too, that compare heads: who verifies attestations. Empty: those of this account that its IAM policies and the key's administrators let."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "reader_principal_arns has an entry that is no ARN of a role or user (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME, without wildcards): name each of them."
  }
}

variable "key_administrator_role_arns" {
  description = "Roles of this account that may manage the key, and not use it. The role that runs terraform has to be one of them. Empty: left to IAM."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.key_administrator_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?][^?]*$", arn))])
    error_message = "key_administrator_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME): give the role, not its session."
  }
}

variable "access_log_bucket_name" {
  description = "Bucket of this account and Region that takes the access logs; null: none."
  type        = string
  default     = null

  validation {
    condition     = try(var.access_log_bucket_name != var.bucket_name, true)
    error_message = "access_log_bucket_name is this bucket itself, which would log each log it gets: name another one."
  }
}

variable "key_deletion_window_in_days" {
  description = "Days during which the key can be brought back after it was scheduled for deletion."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_in_days >= 7 && var.key_deletion_window_in_days <= 30
    error_message = "key_deletion_window_in_days has to be 7 to 30: KMS takes no other."
  }
}
