variable "name" {
  description = "Prefix of the names of what is made besides the bucket: roles, event rules."
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

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the roles, or null."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:${data.aws_partition.this.partition}:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.permissions_boundary))
    error_message = "permissions_boundary has to be a policy's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:policy/NAME), or null."
  }
}

variable "role_path" {
  description = "Path of the roles."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path))
    error_message = "role_path has to begin and end with \"/\", as \"/trailkeep/\", of letters, digits and ._+=,@-."
  }
}

variable "bucket_name" {
  description = "Name of the bucket. One archive is one bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name has to be 3 to 63 lower-case letters, digits and dashes, and no dots: their certificates do not fit."
  }
}

# ---- locks ----

variable "object_lock_mode" {
  description = "governance: break-glass roles can delete what is locked. compliance: nobody can, the root user and AWS included, until the lock ends. There is no default: it is a decision."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode has to be \"governance\" (break-glass roles can erase) or \"compliance\" (nobody can until the lock ends)."
  }
}

variable "object_lock_days" {
  description = "Days for which the services lock what they write below raw/, digests/, sources/, attest/, findings/, keys/ and outcomes/. Each object is locked as it is written: a change holds for objects to come."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days has to be a whole number of days from 1 to 36500."
  }

  validation {
    condition     = alltrue([for class in values(var.raw_classes) : class.retention_days >= var.object_lock_days])
    error_message = "object_lock_days is longer than the retention_days of a class in raw_classes: what is locked cannot expire. Lock for fewer days, or keep the class longer."
  }
}

variable "max_object_lock_days" {
  description = "Longest lock that the bucket takes from anybody, in days from the moment of the request: who may lock could otherwise lock for a century. Null: one day more than object_lock_days, for clocks that differ."
  type        = number
  default     = null

  validation {
    condition     = var.max_object_lock_days == null || try(var.max_object_lock_days >= var.object_lock_days && var.max_object_lock_days <= 36500 && floor(var.max_object_lock_days) == var.max_object_lock_days, false)
    error_message = "max_object_lock_days has to be a whole number of days, at least object_lock_days and at most 36500: the services' own locks would be refused otherwise."
  }
}

# ---- who ----

variable "writer_role_arns" {
  description = "Roles of this account that write the archive: the services' task roles, and the role of an operator who rebuilds it. Nobody else may put anything but below other_prefixes (and the auditor and those who acknowledge what is their own), delete what is staged, or end uploads."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.writer_role_arns) > 0
    error_message = "writer_role_arns is empty: name the collector's task role, or nothing can be written."
  }

  validation {
    condition     = alltrue([for arn in var.writer_role_arns : try(split(":", arn)[4] == data.aws_caller_identity.this.account_id, true)])
    error_message = "writer_role_arns names a role of another account, which nothing here lets write: make the role in account ${data.aws_caller_identity.this.account_id}."
  }

  validation {
    condition     = alltrue([for arn in var.writer_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "writer_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME, without wildcards): name each role."
  }
}

variable "auditor_role_arns" {
  description = "Roles of this account that write accounts/, attest/, findings/, keys/ and outcomes/, and nothing else: the auditor's, and of whoever attests by command line. Empty: nobody writes there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.auditor_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/[^*?]+$", arn))])
    error_message = "auditor_role_arns has an entry that is no role's ARN of this account (arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/PATH/NAME, without wildcards): name each role; an auditor of another account assumes one of this account."
  }

  validation {
    condition     = length(setintersection(var.auditor_role_arns, var.writer_role_arns)) == 0
    error_message = "auditor_role_arns and writer_role_arns name the same role: who lands must not vouch for what landed. Give the auditor a role of its own."
  }
}

variable "acknowledger_role_arns" {
  description = "Roles of this account whose people may acknowledge findings: they write acknowledged/, and nothing else. Whole ARNs; of an Identity Center role the random ending may be *. Empty: nobody acknowledges."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.acknowledger_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/([\\w+=,.@/-]+|aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*)$", arn))])
    error_message = "acknowledger_role_arns has an entry that is no role's ARN of this account (arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/PATH/NAME, without wildcards but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write each role out."
  }

  validation {
    condition = alltrue(flatten([
      for arn in var.acknowledger_role_arns : [for service in concat(var.writer_role_arns, var.auditor_role_arns) : !try(endswith(arn, "*") ? startswith(service, trimsuffix(arn, "*")) : arn == service, false)]
    ]))
    error_message = "acknowledger_role_arns names, or matches with its *, a role of writer_role_arns or auditor_role_arns: what a service found or failed to land is for people to acknowledge. Give them a role of their own."
  }
}

variable "break_glass_role_arns" {
  description = "Roles of this account that may delete what is kept and, in governance mode, what is locked. Whole ARNs; of an Identity Center role the random ending may be *. Their use raises an alarm. Best is none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.break_glass_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/([\\w+=,.@/-]+|aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*)$", arn))])
    error_message = "break_glass_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME, without wildcards but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write each role out."
  }

  validation {
    condition = alltrue(flatten([
      for arn in var.break_glass_role_arns : [for writer in concat(var.writer_role_arns, var.auditor_role_arns) : !try(endswith(arn, "*") ? startswith(writer, trimsuffix(arn, "*")) : arn == writer, false)]
    ]))
    error_message = "break_glass_role_arns names, or matches with its *, a role of writer_role_arns or auditor_role_arns: who writes every day must not be able to delete. Give break-glass a role of its own."
  }

  validation {
    condition     = length(setintersection(var.break_glass_role_arns, var.acknowledger_role_arns)) == 0
    error_message = "break_glass_role_arns and acknowledger_role_arns name the same role: who acknowledges must not be able to delete what is said of it. Give break-glass a role of its own."
  }
}

variable "legal_hold_role_arns" {
  description = "Roles that may place and lift legal holds, besides the break-glass roles."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.legal_hold_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/([\\w+=,.@/-]+|aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*)$", arn))])
    error_message = "legal_hold_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME, without wildcards but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write each role out."
  }
}

variable "administrator_role_arns" {
  description = "Roles that alone may change the bucket's policy, versioning, lifecycle, encryption and the like. The role that runs terraform has to be one of them. Empty: left to IAM."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.administrator_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/([\\w+=,.@/-]+|aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*)$", arn))])
    error_message = "administrator_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME, without wildcards but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): give the role, not its session."
  }
}

variable "readers" {
  description = "Who else may read, other accounts too: each entry lets some roles or users read and list below some prefixes. They need the keys of these prefixes as well."
  type = list(object({
    principal_arns = list(string)
    prefixes       = list(string)
  }))
  default  = []
  nullable = false

  validation {
    condition = alltrue(flatten([
      for reader in var.readers : [try(length(reader.principal_arns) > 0, false), [for arn in try(coalescelist(reader.principal_arns, []), []) : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:(role|user)/[^*?][^?]*$", arn))]]
    ]))
    error_message = "readers has an entry without principal_arns, or with one that is no ARN of a role or user (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME): name each of them, not an account."
  }

  validation {
    condition = alltrue(flatten([
      for reader in var.readers : [
        try(length(reader.prefixes) > 0, false),
        [for prefix in try(coalescelist(reader.prefixes, []), []) : prefix == "archive.json" || can(regex("^(raw|digests|events|sources|index|quarantine|accounts|acknowledged|attest|findings|keys|outcomes)/([^*?$]*/)?$", prefix))],
      ]
    ]))
    error_message = "readers has an entry without prefixes, or with one that is none of the archive's: give archive.json, or a prefix below raw/, digests/, events/, sources/, index/, quarantine/, accounts/, acknowledged/, attest/, findings/, keys/ or outcomes/ that ends in \"/\"."
  }

  validation {
    condition = alltrue(flatten([
      for reader in var.readers : [
        for a in try(range(length(reader.prefixes)), []) : [for b in range(length(reader.prefixes)) : a == b || try(!startswith(reader.prefixes[a], reader.prefixes[b]), true)]
      ]
    ]))
    error_message = "readers has an entry with overlapping prefixes (one begins with the other): leave the longer one out, since the shorter one allows it too."
  }
}

# ---- keys ----

variable "default_kms_key_arn" {
  description = "Key of what is put without naming one: the key of class raw."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.default_kms_key_arn))
    error_message = "default_kms_key_arn has to be a key's ARN (arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID), not an alias: S3 would look an alias up in the account of whoever writes."
  }
}

variable "allowed_kms_key_arns" {
  description = "Keys that a put may name, besides the default: the keys of the classes of events."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.allowed_kms_key_arns : can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "allowed_kms_key_arns has an entry that is no key's ARN (arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID): give ARNs, not aliases."
  }
}

# ---- what else it is connected to ----

variable "alarm_topic_arn" {
  description = "SNS topic of this Region for the alarms of this module. Its policy, and its key's, have to let events.amazonaws.com publish."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null || can(regex("^arn:${data.aws_partition.this.partition}:sns:${data.aws_region.this.region}:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn has to be the ARN of a standard topic of this Region (arn:${data.aws_partition.this.partition}:sns:${data.aws_region.this.region}:ACCOUNT:NAME): an event rule reaches no other."
  }

  validation {
    condition     = var.alarm_topic_arn != null || length(var.break_glass_role_arns) == 0
    error_message = "alarm_topic_arn is missing: break_glass_role_arns is not empty, and the use of break-glass must be heard. Give a topic."
  }

  validation {
    condition     = var.alarm_topic_arn != null || !var.alarm_on_configuration_change
    error_message = "alarm_topic_arn is missing: alarm_on_configuration_change needs a topic."
  }
}

variable "alarm_regions" {
  description = "Other Regions in which the assumption of a break-glass role is looked for, and told here: STS tells it in the Region that was called. Name that of Identity Center and those that people work from. Null: us-east-1 where it is of this partition, since calls of the global STS endpoint are told there."
  type        = set(string)
  default     = null

  validation {
    condition     = alltrue([for region in coalesce(var.alarm_regions, []) : can(regex("^[a-z0-9]+(-[a-z0-9]+)+-[0-9]+$", region))])
    error_message = "alarm_regions has an entry that is no Region's code, as eu-central-1: correct it."
  }
}

variable "alarm_on_configuration_change" {
  description = "Raise an alarm when anybody changes the bucket's policy, lifecycle, versioning, encryption, locks or replication. Applying this module does so too."
  type        = bool
  default     = false
  nullable    = false
}

variable "access_log_bucket_name" {
  description = "Bucket of this account and Region that takes the access logs (below bucket_name) and the inventory. Null: neither is made."
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

variable "inventory" {
  description = "How often all versions are listed, with their locks and keys, into the access log bucket: Daily or Weekly. Null: never."
  type = object({
    frequency = optional(string, "Weekly")
  })
  default = {}

  validation {
    condition     = var.inventory == null || try(contains(["Daily", "Weekly"], var.inventory.frequency), false)
    error_message = "inventory.frequency has to be Daily or Weekly: S3 knows no other."
  }
}

variable "replication" {
  description = "A second copy of everything but staging/: the replica's bucket, account and Region, the key of each class there, whether S3 promises 15 minutes (time_control) and reports lag and failures (metrics). The outputs of archive-replica. Null: none."
  type = object({
    bucket_arn         = string
    account_id         = string
    region             = string
    kms_key_arn        = string
    event_kms_key_arns = optional(map(string), {})
    time_control       = optional(bool, false)
    metrics            = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.replication == null || can(regex("^arn:${data.aws_partition.this.partition}:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.replication.bucket_arn))
    error_message = "replication.bucket_arn has to be a bucket's ARN (arn:${data.aws_partition.this.partition}:s3:::NAME)."
  }

  validation {
    condition     = try(!endswith(var.replication.bucket_arn, ":::${var.bucket_name}"), true)
    error_message = "replication.bucket_arn is this bucket itself: name another one."
  }

  validation {
    condition     = var.replication == null || can(regex("^[0-9]{12}$", var.replication.account_id))
    error_message = "replication.account_id has to be the 12 digits of the account that owns the replica."
  }

  validation {
    condition     = var.replication == null || try(alltrue([for arn in concat([var.replication.kms_key_arn], values(var.replication.event_kms_key_arns)) : can(regex("^arn:${data.aws_partition.this.partition}:kms:${var.replication.region}:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))]), false)
    error_message = "replication.kms_key_arn and event_kms_key_arns have to be ARNs of keys in replication.region: S3 encrypts with keys of the bucket's own Region only, and not with this bucket's."
  }

  validation {
    condition     = try(length(setsubtract(keys(var.replication.event_kms_key_arns), ["management", "data", "insight", "network", "aggregated"])) == 0, true)
    error_message = "replication.event_kms_key_arns names a category that is none: management, data, insight, network, aggregated."
  }
}
