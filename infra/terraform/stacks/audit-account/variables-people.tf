# Who administers, operates, reads, and breaks the glass.

variable "administrator_role_arns" {
  description = "Roles of this account that alone may change keys and the archive bucket's settings, and may not read what is in there. The role that applies this has to be one of them. Empty: left to the account's own IAM policies."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "break_glass_role_arns" {
  description = "Roles of this account that may delete what is kept and, in governance mode, what is locked. Their use raises an alarm. Best is none."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "legal_hold_role_arns" {
  description = "Roles that may place and lift legal holds, besides the break-glass roles."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "alarm_regions" {
  description = "Other Regions in which the assumption of a break-glass role is looked for: STS tells it in the Region that was called. Name that of Identity Center and those that people work from. null: us-east-1 where it is of this partition."
  type        = set(string)
  default     = null
}

variable "operator_role_arns" {
  description = "Roles of this account that look after it by command line: queue status, peek and redrive, backfill, compare, query, verify. They may use the keys of queue and table, and decrypt the archive; what they may call is their own policies' (docs/operating.md, Permissions)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.operator_role_arns : can(regex("^arn:[a-z-]+:iam::${data.aws_caller_identity.this.account_id}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "operator_role_arns has one that is no role of this account: give whole ARNs, without wildcards, as arn:aws:iam::111122223333:role/operator. Readers of other accounts belong into `readers`."
  }
}

variable "rebuild_role_arns" {
  description = "Roles of this account that may rebuild a lost ledger (trailkeep ledger rebuild): they write below the locked prefixes as the collector does, and cannot delete. Best empty but for the time that it takes."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.rebuild_role_arns : can(regex("^arn:[a-z-]+:iam::${data.aws_caller_identity.this.account_id}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "rebuild_role_arns has one that is no role of this account: give whole ARNs, without wildcards, as arn:aws:iam::111122223333:role/operator."
  }
}

variable "readers" {
  description = "Who else may read the archive, other accounts of the organization too: roles or users, and the prefixes below which they read. The keys of these prefixes let them decrypt."
  type = list(object({
    principal_arns = list(string)
    prefixes       = list(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for reader in var.readers : try(length(reader.principal_arns) > 0 && length(reader.prefixes) > 0 && alltrue([for entry in concat(reader.principal_arns, reader.prefixes) : entry != null]), false)])
    error_message = "readers has an entry without principal_arns or prefixes, or one that is null: give each both, or leave it out."
  }
}

