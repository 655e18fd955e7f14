# ---- the five to fill in ----

variable "organization_id" {
  description = "The organization whose trail is kept. What belongs to another one is refused by policies and rejected by the collector."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is none: give o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization --query Organization.Id` tells."
  }
}

variable "management_account_id" {
  description = "The account that manages the organization: an organization trail's ARN has this account, under a delegated administrator too."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.management_account_id))
    error_message = "management_account_id is no account: give its 12 digits in quotes, so that leading zeros stay."
  }

  validation {
    condition     = var.management_account_id != data.aws_caller_identity.this.account_id
    error_message = "management_account_id is the account that this is applied in. Apply it in the audit account: no service control policy binds the management account, so that nothing there could be kept from its administrators."
  }
}

variable "object_lock_mode" {
  description = "governance: break-glass roles can erase what is locked. compliance: nobody can until the lock ends, the root user and AWS included; not by mistake either. There is no default: it is a decision."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode has to be \"governance\" (break-glass roles can erase) or \"compliance\" (nobody can until the lock ends)."
  }
}

variable "image" {
  description = "The collector's image, pinned by digest: REPOSITORY@sha256:…. null makes everything but the tasks: for the first apply, before anything was pushed to repository_url."
  type        = string

  validation {
    condition     = var.image == null || can(regex("^[^\\s@]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is not pinned: give REPOSITORY@sha256:<64 hexadecimal digits>, since a tag can be moved to another image; or null before the first push."
  }
}

variable "network" {
  description = "Where tasks run: a VPC and private subnets of it in two zones at least, with a way to AWS (a NAT gateway, or VPC endpoints: `endpoints`). Further security groups; and whom tasks may connect to on port 443, if not everywhere."
  type = object({
    vpc_id                 = string
    subnet_ids             = list(string)
    security_group_ids     = optional(list(string), [])
    egress_cidrs           = optional(list(string), [])
    egress_prefix_list_ids = optional(list(string), [])
  })
  nullable = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]{8,17}$", var.network.vpc_id)) && length(var.network.subnet_ids) >= 2 && alltrue([for id in var.network.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    error_message = "network has to name a VPC (vpc-…) and at least two private subnets of it (subnet-…), in different zones: the collector has to outlive a zone."
  }

  validation {
    condition     = length(distinct(var.network.subnet_ids)) == length(var.network.subnet_ids)
    error_message = "network.subnet_ids names a subnet twice: give two of different zones."
  }
}

# ---- names ----

variable "name" {
  description = "Prefix of every name. One archive, one name: a second archive in this account needs another."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name has to be 3 to 24 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash: buckets are called NAME-archive-ACCOUNT-REGION, and have 63 at most."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary has to be the ARN of a policy, as arn:aws:iam::111122223333:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "Path of every role."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path))
    error_message = "role_path has to begin and end with a slash, as /trailkeep/."
  }
}

variable "bucket_names" {
  description = "Names of the buckets, where they shall not be NAME-archive-, NAME-logs-, NAME-access- and NAME-results-ACCOUNT-REGION. A bucket's name cannot be changed: another one is another bucket."
  type = object({
    archive = optional(string)
    logs    = optional(string)
    access  = optional(string)
    results = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in [var.bucket_names.archive, var.bucket_names.logs, var.bucket_names.access, var.bucket_names.results] : name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", name))])
    error_message = "bucket_names has one that no bucket can have here: 3 to 63 lower-case letters, digits and dashes, and no dots, as their certificates do not fit."
  }

  validation {
    condition     = length(distinct([for what, name in var.bucket_names : coalesce(name, local.default_names[what])])) == length(var.bucket_names)
    error_message = "bucket_names has two buckets of one name: give each its own, since what lands must not be landed again, and logs of a bucket not be logged into it."
  }
}

# ---- the trail ----

variable "trail_name" {
  description = "Name of the organization trail that stacks/management-account makes after this: the policies of log bucket and key let this trail write, and no other. With existing_trail the name of that trail, for the outputs."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$", var.trail_name)) && !can(regex("[._-]{2}", var.trail_name))
    error_message = "trail_name has to be 3 to 128 letters, digits, dots, underscores and dashes that begins and ends with a letter or digit and has no two of the signs side by side."
  }
}

variable "trail_home_region" {
  description = "Region that the trail is made in, or with existing_trail was; null: this one. It is part of the trail's ARN."
  type        = string
  default     = null

  validation {
    condition     = var.trail_home_region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.trail_home_region))
    error_message = "trail_home_region has to be a Region, as eu-central-1, or null for the one that this is applied in."
  }

  validation {
    condition     = alltrue([for prefix in ["us-gov-", "cn-"] : startswith(coalesce(var.trail_home_region, data.aws_region.this.region), prefix) == startswith(data.aws_region.this.region, prefix)])
    error_message = "trail_home_region is in another partition than ${data.aws_region.this.region}: a trail cannot write into a bucket there. Apply this in the trail's partition; each has an archive of its own."
  }
}

variable "trail_key_prefix" {
  description = "Prefix of the trail's keys in our log bucket, before AWSLogs/, as the trail is to have it; empty: none. Not looked at with existing_trail, which has its own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*)?$", var.trail_key_prefix)) && length(var.trail_key_prefix) <= 200 && !contains(split("/", var.trail_key_prefix), "AWSLogs")
    error_message = "trail_key_prefix has at most 200 characters, neither begins nor ends with a slash, has no wildcard, and has no part AWSLogs, which CloudTrail adds itself: write it as security/cloudtrail."
  }
}

variable "existing_trail" {
  description = "Take what a trail that is there delivers, from a bucket that Control Tower or somebody else owns: how it announces (direct, sns, eventbridge, replicated; see modules/existing-trail), the bucket with its account, Region and key, the trail's prefix in it, its topic (sns), the role there to read with (source_role), the name of the role there that replicates. The output existing_trail_policies has what its owner adds. null: a log bucket and a trail of our own."
  type = object({
    mode                   = string
    log_bucket_name        = string
    log_bucket_account_id  = string
    log_bucket_region      = optional(string)
    log_bucket_kms_key_arn = optional(string)
    key_prefix             = optional(string, "")
    topic_arn              = optional(string)
    source_role            = optional(object({ role_name = optional(string), external_id = optional(string) }))
    replication_role_name  = optional(string)
  })
  default = null

  validation {
    condition     = try(contains(["direct", "sns", "eventbridge", "replicated"], var.existing_trail.mode), var.existing_trail == null)
    error_message = "existing_trail.mode has to be direct, sns, eventbridge or replicated; leave existing_trail out for a trail of our own."
  }
}

variable "notification_mode" {
  description = "How our log bucket announces its objects: sns (others may listen, too), direct (bucket to queue), eventbridge. Not looked at with existing_trail."
  type        = string
  default     = "sns"
  nullable    = false

  validation {
    condition     = contains(["sns", "direct", "eventbridge"], var.notification_mode)
    error_message = "notification_mode has to be sns, direct or eventbridge."
  }
}

variable "log_file_retention_days" {
  description = "Days after which the log bucket's objects expire; the archive holds them byte for byte. Long enough to notice that something is missing, and to land it again. Not looked at with an existing_trail that is not replicated: its owner decides."
  type        = number
  default     = 400
  nullable    = false
}

# ---- the archive ----

variable "object_lock_days" {
  description = "Days for which originals, digests, sources, and what the auditor says of them (findings/, outcomes/, attest/, keys/) are locked as they are written. A change holds for objects to come."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days has to be a whole number of days from 1 to 36500."
  }
}

variable "raw_classes" {
  description = "Retention classes of the originals, and after how many days each expires. The collector writes the class that `collector.class_label` names."
  type        = map(object({ retention_days = optional(number, 2557) }))
  default     = { standard = {} }
  nullable    = false

  validation {
    condition     = alltrue([for class in values(var.raw_classes) : class != null])
    error_message = "raw_classes has a class that is null: write { retention_days = … }, or {} for 2557 days."
  }
}

variable "events_retention_days" {
  description = "Days after which events expire, by category: management, data, insight, network, aggregated. Those not named are kept for 2557 days."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.events_retention_days), local.event_categories)) == 0
    error_message = "events_retention_days has ${join(", ", setsubtract(keys(var.events_retention_days), local.event_categories))}, which is no category: name some of ${join(", ", local.event_categories)}."
  }
}

variable "proof_retention_days" {
  description = "Days after which digests/, sources/, findings/, acknowledged/ and outcomes/ expire; null: as the longest class of originals. Attestations, CloudTrail's public keys and the history of accounts never do."
  type        = number
  default     = null
}

variable "quarantine_retention_days" {
  description = "Days after which rows of quarantine/ expire; the bytes that they point to are in raw/."
  type        = number
  default     = 400
  nullable    = false
}

variable "tiers" {
  description = "Days after which objects of the archive change to a cheaper storage class; 0: not at all."
  type = object({
    raw    = optional(object({ glacier_ir_days = optional(number, 30), deep_archive_days = optional(number, 120) }), {})
    proofs = optional(object({ standard_ia_days = optional(number, 30), glacier_ir_days = optional(number, 90) }), {})
    events = optional(object({ standard_ia_days = optional(number, 30), glacier_ir_days = optional(number, 90) }), {})
  })
  default  = {}
  nullable = false
}

variable "inventory_frequency" {
  description = "How often all versions of the archive are listed with their locks and keys: Daily, Weekly, or null for never."
  type        = string
  default     = "Weekly"

  validation {
    condition     = var.inventory_frequency == null || contains(["Daily", "Weekly"], coalesce(var.inventory_frequency, "-"))
    error_message = "inventory_frequency has to be Daily or Weekly, or null for none."
  }
}

variable "replication" {
  description = "A second copy of the archive in another Region, best in another account: outputs of modules/archive-replica, which is applied there first. null: none."
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
    condition     = try(var.replication.region != data.aws_region.this.region, true)
    error_message = "replication.region is this Region: a copy beside the original shares its fate. Make the replica in another Region."
  }
}

# ---- keys ----

variable "key_deletion_window_in_days" {
  description = "Days during which a key that was scheduled for deletion can be brought back. What it encrypted is lost with it."
  type        = number
  default     = 30
  nullable    = false
}
