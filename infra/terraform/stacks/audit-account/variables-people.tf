# Who administers, operates, reads, and breaks the glass.

variable "administrator_role_arns" {
  description = "Roles of this account that alone may change keys and the archive bucket's settings, and may not read what is in there. The role that applies this has to be one of them. Empty: left to the account's own IAM policies."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.administrator_role_arns : can(regex(local.own_role_pattern, arn))])
    error_message = "administrator_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}."
  }

  validation {
    condition     = length(setintersection(var.administrator_role_arns, concat(var.operator_role_arns, var.acknowledger_role_arns, var.rebuild_role_arns, try(var.catalog.analyst_role_arns, []), local.reader_arns))) == 0
    error_message = "administrator_role_arns has a role that is in operator_role_arns, acknowledger_role_arns, rebuild_role_arns, readers or catalog.analyst_role_arns too: who manages the keys must not use them. Take it out of one of the two."
  }
}

variable "break_glass_role_arns" {
  description = "Roles of this account that may delete what is kept and, in governance mode, what is locked: whole ARNs; of an Identity Center role the random ending may be *. Their use raises an alarm. Best is none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.break_glass_role_arns : can(regex(local.own_role_pattern, arn))])
    error_message = "break_glass_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}."
  }

  validation {
    condition     = length(setintersection(var.break_glass_role_arns, var.rebuild_role_arns)) == 0
    error_message = "break_glass_role_arns and rebuild_role_arns name the same role: who writes must not be able to delete. Give break-glass a role of its own."
  }

  validation {
    condition     = length(setintersection(var.break_glass_role_arns, var.acknowledger_role_arns)) == 0
    error_message = "break_glass_role_arns and acknowledger_role_arns name the same role: who says that a finding is known must not delete what it is about. Give break-glass a role of its own."
  }
}

variable "legal_hold_role_arns" {
  description = "Roles of this account that may place and lift legal holds, besides the break-glass roles."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.legal_hold_role_arns : can(regex(local.own_role_pattern, arn))])
    error_message = "legal_hold_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}."
  }
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
    condition     = alltrue([for arn in var.operator_role_arns : can(regex(local.own_role_pattern, arn))])
    error_message = "operator_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}. Those of other accounts read by `readers`."
  }
}

variable "acknowledger_role_arns" {
  description = "Roles of this account whose people may acknowledge findings (docs/auditor.md, Acknowledging): what they say is left out of counts and alarms. They alone write below acknowledged/, write nothing else, and use the key raw; output acknowledger_policy_json is what they need. Empty: nobody."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.acknowledger_role_arns : can(regex(local.own_role_pattern, arn))])
    error_message = "acknowledger_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}."
  }
}

variable "rebuild_role_arns" {
  description = "Roles of this account that may rebuild a lost ledger (trailkeep ledger rebuild): they write below the locked prefixes as the collector does, and cannot delete. Best empty but for the time that it takes."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.rebuild_role_arns : can(regex(local.own_exact_role_pattern, arn))])
    error_message = "rebuild_role_arns has one that is no role of this account: ${local.own_role_sentence}."
  }

  validation {
    condition     = length(setintersection(var.rebuild_role_arns, var.acknowledger_role_arns)) == 0
    error_message = "rebuild_role_arns and acknowledger_role_arns name the same role: who says that a finding is known must not write what it is about. Give each a role of its own."
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

  validation {
    condition     = alltrue(flatten([for reader in var.readers : try([for arn in reader.principal_arns : arn == null || can(regex(local.any_principal_pattern, arn))], [])]))
    error_message = "readers[*].principal_arns has one that is no role or user of this partition: give whole ARNs, as arn:${local.partition}:iam::444455556666:role/NAME, of an account's own roles and not of the account, without wildcards; ${local.identity_center_sentence}."
  }
}

