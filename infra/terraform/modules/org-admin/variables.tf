variable "name" {
  description = "Prefix of the names of policy and role."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,30}$", var.name))
    error_message = "name is a prefix of 1 to 31 lower-case letters, digits and dashes that begins with a letter or digit: shorten it or replace the other characters."
  }
}

variable "tags" {
  description = "Tags of the policies and the role that are made here."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the auditor's role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary has to be the ARN of a policy, as arn:aws:iam::999999999999:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "Path of the auditor's role."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path))
    error_message = "role_path has to begin and end with a slash, as /trailkeep/."
  }
}

variable "auditor" {
  description = "Makes the role NAME-organization, which the auditor reads accounts, units, tags and enabled Regions with: trusted_role_arn, its task role in the account that it runs in; the external id that it gives; role_arn, the role that it was told of, to be compared. null: none."
  type = object({
    trusted_role_arn = string
    external_id      = string
    role_arn         = optional(string)
  })
  default = null

  validation {
    condition     = var.auditor == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", var.auditor.trusted_role_arn))
    error_message = "auditor.trusted_role_arn has the ARN of one role (arn:PARTITION:iam::ACCOUNT:role/PATH/NAME), without wildcards."
  }

  validation {
    condition     = var.auditor == null || can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.auditor.external_id)) && try(length(var.auditor.external_id) >= 2 && length(var.auditor.external_id) <= 1224, false)
    error_message = "auditor.external_id has 2 to 1,224 letters, digits and _ + = , . @ : / -."
  }
}

variable "organization_id" {
  description = "Id of the organization (o-…). The credentials that apply this must be of this organization's management account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is the id of an organization, o- and 10 to 32 lower-case letters and digits: take it from `aws organizations describe-organization`."
  }
}

variable "delegated_administrator_account_id" {
  description = "Member account that the services are delegated to: the audit account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.delegated_administrator_account_id))
    error_message = "delegated_administrator_account_id is an account id of 12 digits."
  }
}

variable "services" {
  description = "Services that the account administers for the organization, by their service principals. Each needs trusted access. A delegated administrator of any service may also read the structure of the organization. Empty: nothing is delegated."
  type        = set(string)
  default     = ["cloudtrail.amazonaws.com"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", service))])
    error_message = "services has service principals, as in cloudtrail.amazonaws.com."
  }
}

variable "organization_readers" {
  description = "Roles of member accounts that may read the structure and the tags of the organization without being a delegated administrator's: ARNs, with * in the name if need be. An organization has one resource policy: attach = true makes it this one and replaces what is there; false only gives the statement as an output, to be put into yours. Null for none."
  type = object({
    role_arns = set(string)
    attach    = optional(bool, true)
  })
  default = null

  validation {
    condition     = try(alltrue([for arn in try(var.organization_readers.role_arns, []) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@-]", arn))]), false)
    error_message = "organization_readers.role_arns has ARNs of roles (arn:PARTITION:iam::ACCOUNT:role/PATH/NAME) of a written-out account; the name may have a *, not the account."
  }

  validation {
    condition     = var.organization_readers == null || try(length(var.organization_readers.role_arns), 0) > 0
    error_message = "organization_readers.role_arns is empty: name a role, or leave organization_readers out."
  }
}

variable "protect" {
  description = <<-EOT
    Service control policy that keeps member accounts, the audit account among them, from ending the trail, opening or emptying the buckets, or losing the keys. `trail_arns`, `bucket_arns`, `key_arns` (a pattern like arn:PARTITION:kms:REGION:ACCOUNT:key/* takes less room than many keys).
    `exempt_role_arns`: who still may, as patterns in written-out accounts: the role that applies the audit account's stack and the break-glass roles; nobody else may change or take over these roles, so make them before. Without any, nobody may but by detaching the policy. `service_role_arns`, `topic_arns`: roles of the archive's services, which nobody else may change, take over or delete, and topics that tell of findings and alarms. `target_ids`: root, units or accounts that it is attached to. `deny_leaving`: members cannot leave the organization, whoever they are.
    It says nothing to the management account: no service control policy does. Null for none.
  EOT
  type = object({
    trail_arns        = set(string)
    bucket_arns       = set(string)
    key_arns          = set(string)
    target_ids        = set(string)
    exempt_role_arns  = optional(set(string), [])
    service_role_arns = optional(set(string), [])
    topic_arns        = optional(set(string), [])
    deny_leaving      = optional(bool, true)
  })
  default = null

  validation {
    condition     = try(alltrue([for arn in try(var.protect.trail_arns, []) : can(regex("^arn:[a-z-]+:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]+$", arn))]), false)
    error_message = "protect.trail_arns has ARNs of trails (arn:PARTITION:cloudtrail:REGION:MANAGEMENT-ACCOUNT:trail/NAME)."
  }

  validation {
    condition     = try(alltrue([for arn in try(var.protect.bucket_arns, []) : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", arn))]), false)
    error_message = "protect.bucket_arns has ARNs of buckets (arn:PARTITION:s3:::BUCKET), without a slash or wildcard behind."
  }

  validation {
    condition     = try(alltrue([for arn in try(var.protect.key_arns, []) : can(regex("^arn:[a-z-]+:kms:([a-z0-9-]+|\\*):[0-9]{12}:key/([A-Za-z0-9-]+|\\*)$", arn))]), false)
    error_message = "protect.key_arns has ARNs of keys (arn:PARTITION:kms:REGION:ACCOUNT:key/ID, with * for the Region or the id), not of aliases, and with the account written out."
  }

  validation {
    condition     = var.protect == null || try(length(var.protect.trail_arns) * length(var.protect.bucket_arns) * length(var.protect.key_arns), 0) > 0
    error_message = "protect needs at least one of each of trail_arns, bucket_arns and key_arns: an archive without its key is as lost as one without its bucket."
  }

  validation {
    condition     = try(alltrue([for arn in try(var.protect.exempt_role_arns, []) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@-]", arn))]), false)
    error_message = "protect.exempt_role_arns has ARNs of roles (arn:PARTITION:iam::ACCOUNT:role/PATH/NAME) with the account written out and more than a * behind role/: otherwise any account could make itself an exempt role."
  }

  validation {
    condition     = try(alltrue([for arn in try(var.protect.service_role_arns, []) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+\\*?$", arn))]), false)
    error_message = "protect.service_role_arns has ARNs of roles (arn:PARTITION:iam::ACCOUNT:role/PATH/NAME) with the account written out; a * may stand at the end."
  }

  validation {
    condition     = try(alltrue([for arn in try(var.protect.topic_arns, []) : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+\\*?$", arn))]), false)
    error_message = "protect.topic_arns has ARNs of topics (arn:PARTITION:sns:REGION:ACCOUNT:NAME) with Region and account written out; a * may stand at the end."
  }

  validation {
    condition     = var.protect == null || try(length(var.protect.target_ids), 0) > 0
    error_message = "protect.target_ids is empty, so the policy would bind nobody: name the root (r-…), units (ou-…) or accounts."
  }

  validation {
    condition     = try(alltrue([for id in try(var.protect.target_ids, []) : can(regex("^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12})$", id))]), false)
    error_message = "protect.target_ids has ids of the root (r-…), of units (ou-…-…) and of accounts (12 digits)."
  }
}
