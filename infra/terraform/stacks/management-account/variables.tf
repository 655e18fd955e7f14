# Of the audit account's stack, whose output for_management_account has the same names.

variable "log_bucket_name" {
  description = "Bucket in the audit account that the trail writes to: output log_bucket_name of the audit account's stack. Null where there is none, with create_trail = false only; protect protects it where there is one."
  type        = string
  default     = null

  validation {
    condition     = !var.create_trail || var.log_bucket_name != null
    error_message = "log_bucket_name is null, and the trail that create_trail makes needs a bucket: give the audit account's output log_bucket_name, or set create_trail = false where there is a trail already."
  }
}

variable "trail_kms_key_arn" {
  description = "Key that CloudTrail encrypts with: output trail_kms_key_arn of the audit account's stack. Null with create_trail = false only."
  type        = string
  default     = null

  validation {
    condition     = !var.create_trail || var.trail_kms_key_arn != null
    error_message = "trail_kms_key_arn is null, and the trail that create_trail makes needs a key: give the audit account's output trail_kms_key_arn, or set create_trail = false where there is a trail already."
  }
}

variable "excluded_bucket_arns" {
  description = "Buckets of the archive, which data selectors leave out and protect protects: output excluded_bucket_arns of the audit account's stack."
  type        = set(string)
  nullable    = false
}

variable "trail_name" {
  description = "Name of the trail: output trail_name of the audit account's stack; with create_trail = false the name of the trail that is there."
  type        = string
  nullable    = false
}

variable "trail_arn" {
  description = "ARN of the trail, as the policies of bucket and key name it: output trail_arn of the audit account's stack. It says which account manages the organization and which Region is the trail's home; both are checked. With create_trail = false the ARN of the trail that is there, Control Tower's or the delegated administrator's, which protect protects."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]+$", var.trail_arn))
    error_message = "trail_arn is the ARN of a trail (arn:PARTITION:cloudtrail:REGION:MANAGEMENT-ACCOUNT:trail/NAME): give the audit account's output trail_arn, or that of the trail that is there."
  }

  validation {
    condition     = endswith(var.trail_arn, ":trail/${var.trail_name}")
    error_message = "trail_arn and trail_name name two trails: give both as the audit account's stack puts them out, or both of the trail that is there."
  }
}

variable "audit_account_id" {
  description = "Account of the archive, which CloudTrail is delegated to: output audit_account_id of the audit account's stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.audit_account_id))
    error_message = "audit_account_id is an account id of 12 digits."
  }

  validation {
    condition     = try(split(":", var.trail_arn)[4], "") != var.audit_account_id
    error_message = "audit_account_id is the account that owns the trail, the management account: keep the archive in an account of its own, or its administrators can end both."
  }
}

variable "auditor" {
  description = "The auditor's task role, the external id that it gives, and the role here that it was told of: output auditor of the audit account's stack. Null: there is none, or it asks by itself as delegated administrator."
  type = object({
    trusted_role_arn = string
    external_id      = string
    role_arn         = optional(string)
  })
  default = null
}

variable "protected_role_arns" {
  description = "Roles of the archive's services, which protect protects: output protected_role_arns of the audit account's stack."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "protected_topic_arns" {
  description = "Topics of findings and alarms, which protect protects: output protected_topic_arns of the audit account's stack."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "organization_id" {
  description = "Id of the organization (o-…)."
  type        = string
  nullable    = false
}

# What one may decide here.

variable "name" {
  description = "Prefix of the names of what is made here."
  type        = string
  default     = "trailkeep"
  nullable    = false
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the roles that are made here: the auditor's, and the one that CloudTrail takes to write to CloudWatch Logs; null for none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of the roles that are made here; the audit account's stack has to have the same, since it names the auditor's."
  type        = string
  default     = "/trailkeep/"
  nullable    = false
}

variable "create_trail" {
  description = "Makes the trail here. False where the audit account makes it as delegated administrator, or where there is a trail already: then this stack delegates and protects, and trail_name and trail_arn are that trail's."
  type        = bool
  default     = true
  nullable    = false
}

variable "delegated_services" {
  description = "Services that the audit account administers for the organization, by their service principals; each needs trusted access. Empty: nothing is delegated."
  type        = set(string)
  default     = ["cloudtrail.amazonaws.com"]
  nullable    = false
}

variable "key_prefix" {
  description = "Prefix of the keys in the log bucket, before AWSLogs/: output key_prefix of the audit account's stack, which lets the trail write nowhere else. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}

variable "sns_topic_arn" {
  description = "Topic that CloudTrail tells of each delivery; null for none, as the log bucket notifies by itself."
  type        = string
  default     = null
}

variable "excluded_resource_arns" {
  description = "Other resources of the archive that data selectors of their type leave out: type (AWS::DynamoDB::Table) → ARNs."
  type        = map(set(string))
  default     = {}
  nullable    = false
}

variable "event_selectors" {
  description = "What the trail records; every management event by default. See the module org-trail for each field. Data and network activity events are charged per event."
  type = object({
    management = optional(object({
      record                = optional(bool, true)
      read_write            = optional(string, "All")
      exclude_event_sources = optional(set(string), [])
    }), {})
    data = optional(list(object({
      name          = string
      resource_type = string
      read_write    = optional(string, "All")
      fields = optional(list(object({
        field           = string
        equals          = optional(list(string), [])
        not_equals      = optional(list(string), [])
        starts_with     = optional(list(string), [])
        not_starts_with = optional(list(string), [])
        ends_with       = optional(list(string), [])
        not_ends_with   = optional(list(string), [])
      })), [])
    })), [])
    network_activity = optional(list(object({
      name         = string
      event_source = string
      denied_only  = optional(bool, false)
      fields = optional(list(object({
        field           = string
        equals          = optional(list(string), [])
        not_equals      = optional(list(string), [])
        starts_with     = optional(list(string), [])
        not_starts_with = optional(list(string), [])
        ends_with       = optional(list(string), [])
        not_ends_with   = optional(list(string), [])
      })), [])
    })), [])
  })
  default  = {}
  nullable = false
}

variable "insights" {
  description = "Insights on management events: ApiCallRateInsight, ApiErrorRateInsight. Charged per event analysed, each type by itself."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "cloudwatch_logs" {
  description = "Sends the events to a log group of this account too; see the module org-trail. Charged per byte; null for none."
  type = object({
    kms_key_arn    = string
    log_group_name = optional(string)
    retention_days = optional(number, 365)
  })
  default = null
}

variable "organization_readers" {
  description = "Roles of member accounts that may read the structure of the organization, by its one resource policy; see the module org-admin. Null for none."
  type = object({
    role_arns = set(string)
    attach    = optional(bool, true)
  })
  default = null
}

variable "protect" {
  description = "Service control policy that keeps members from ending the trail, opening the buckets or losing the keys. Trail, buckets, the services' roles and topics are those above; give the keys (or a pattern, arn:PARTITION:kms:REGION:AUDIT-ACCOUNT:key/*), what to attach it to, and who is exempt: the role that applies the audit account's stack and the break-glass roles. Null for none."
  type = object({
    key_arns          = set(string)
    target_ids        = set(string)
    exempt_role_arns  = optional(set(string), [])
    bucket_arns       = optional(set(string), [])
    service_role_arns = optional(set(string), [])
    topic_arns        = optional(set(string), [])
    deny_leaving      = optional(bool, true)
  })
  default = null
}
