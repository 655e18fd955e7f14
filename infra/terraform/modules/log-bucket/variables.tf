variable "bucket_name" {
  description = "Name of the log bucket. Unique in the partition."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must have 3 to 63 lower-case letters, digits and dashes: give a name, not an ARN or URL."
  }
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer key of the bucket (class `trail`): the default, and the only one that may be named. The trail must name the same key."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key, arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID: an alias could be pointed to another key."
  }
  validation {
    condition     = try(split(":", var.kms_key_arn)[3] == data.aws_region.this.region, true)
    error_message = "kms_key_arn must be a key of the bucket's Region, ${data.aws_region.this.region}: S3 uses no other."
  }
}

variable "organization_id" {
  description = "The organization whose trail writes here."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is none: o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization` tells."
  }
}

variable "management_account_id" {
  description = "The organization's management account: it owns the trail, also where a delegated administrator made it, and has a folder of its own."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]{12}$", var.management_account_id))
    error_message = "management_account_id must be 12 digits, in quotes so that leading zeros stay."
  }
}

variable "trail_arns" {
  description = "Trails that write here. Their ARNs carry the management account's id, never a delegated administrator's. Empty for a replica, see `replication_role_arns`."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.trail_arns : can(regex("^arn:${data.aws_partition.this.partition}:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}$", arn))])
    error_message = "trail_arns must be ARNs of trails without wildcards, arn:${data.aws_partition.this.partition}:cloudtrail:HOME-REGION:MANAGEMENT-ACCOUNT:trail/NAME."
  }
  validation {
    condition     = alltrue([for arn in var.trail_arns : try(split(":", arn)[4] == var.management_account_id, true)])
    error_message = "trail_arns: an organization trail's ARN has the management account's id (management_account_id), also if a delegated administrator made it. CloudTrail would be refused with another."
  }
  validation {
    condition     = length(var.trail_arns) + length(var.replication_role_arns) > 0
    error_message = "trail_arns and replication_role_arns are both empty, so nobody could write here: name the trails, or the role that replicates."
  }
}

variable "key_prefix" {
  description = "The trail's own prefix before AWSLogs/, without slashes at its ends; empty for none. Control Tower's trail has the organization's id."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*)?$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must have at most 200 characters, and neither begin nor end with a slash nor hold a wildcard."
  }
}

variable "replication_role_arns" {
  description = "Roles by which S3 replicates another log bucket into this one. They may be another account's and need not exist yet."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.replication_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "replication_role_arns must be ARNs of roles without wildcards, arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME."
  }
}

variable "restore_role_arns" {
  description = "Roles of this account that may put log files back, from a copy or an older log bucket, if IAM lets them. Nobody else but CloudTrail (or the replication) may put, so that nobody forges a log. Best empty but for the hours of a restore."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.restore_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "restore_role_arns must be ARNs of roles without wildcards, arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME."
  }
}

variable "break_glass_role_arns" {
  description = "Roles of this account that may delete log files, and shorten or lift locks, if IAM lets them: whole ARNs; of an Identity Center role the random ending may be *. Nobody else may; lifecycle rules do."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.break_glass_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/([\\w+=,.@/-]+|aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*)$", arn))])
    error_message = "break_glass_role_arns has an entry that is no role's ARN (arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/PATH/NAME, without wildcards but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write each role out."
  }
}

variable "reader_role_arns" {
  description = "Roles that read: the collector's, in this or another account. They need not exist yet. The key must let them decrypt, too."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.reader_role_arns : can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "reader_role_arns must be ARNs of roles without wildcards, arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME."
  }
}

variable "access_log_bucket_name" {
  description = "Bucket that S3 writes access logs to, below BUCKET/. Null: none are written."
  type        = string
  default     = null
  validation {
    condition     = var.access_log_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket_name))
    error_message = "access_log_bucket_name must be a bucket's name, not its ARN or URL."
  }
  validation {
    condition     = var.access_log_bucket_name == null || var.access_log_bucket_name != var.bucket_name
    error_message = "access_log_bucket_name must not be the bucket itself: each log of an access would be an access to log."
  }
}

variable "retention_days" {
  description = "Days until a log file expires. The archive keeps the originals; here they stay so that CloudTrail's own `validate-logs` and a backfill find them."
  type        = number
  default     = 400
  nullable    = false
  validation {
    condition     = var.retention_days >= 90 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number from 90 to 36500: what expires before an outage is noticed and made good by a backfill is lost."
  }
}

variable "noncurrent_days" {
  description = "Days that an overwritten or deleted version is kept."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.noncurrent_days >= 7 && var.noncurrent_days <= 36500 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number from 7 to 36500: a deletion has to be noticed before it is final."
  }
}

variable "object_lock" {
  description = "Locks each log file as it arrives: mode `governance` or `compliance`, and days. Null: no lock; the archive's copies have theirs. Once on, a bucket's Object Lock cannot be turned off."
  type        = object({ mode = string, days = number })
  default     = null
  validation {
    condition     = var.object_lock == null || try(contains(["governance", "compliance"], var.object_lock.mode), false)
    error_message = "object_lock.mode must be governance (break-glass roles may lift it) or compliance (nobody may, root included)."
  }
  validation {
    condition     = var.object_lock == null || try(var.object_lock.days >= 1 && var.object_lock.days <= var.retention_days && floor(var.object_lock.days) == var.object_lock.days, false)
    error_message = "object_lock.days must be a whole number from 1 to retention_days: a lock that is longer than the expiry keeps what the lifecycle promises to remove. Lengthen retention_days or shorten the lock."
  }
}

variable "notify" {
  description = "Whom the bucket tells of each object: a queue or a topic of its Region, EventBridge, or EventBridge besides one of them. This module then owns the bucket's one notification configuration. Null: it is left alone."
  type = object({
    topic_arn   = optional(string)
    queue_arn   = optional(string)
    eventbridge = optional(bool, false)
  })
  default = null
  validation {
    condition     = try(var.notify.topic_arn == null || var.notify.queue_arn == null, true)
    error_message = "notify: a bucket cannot announce the same objects to a topic and to a queue (S3: configurations overlap). Name the topic alone and subscribe the queue to it (ingest's mode sns)."
  }
  validation {
    condition     = var.notify == null || try(var.notify.topic_arn != null || var.notify.queue_arn != null || var.notify.eventbridge, true)
    error_message = "notify names nobody: give topic_arn, queue_arn or eventbridge = true, or leave notify out."
  }
  validation {
    condition     = alltrue([for arn in try([for arn in [var.notify.topic_arn, var.notify.queue_arn] : arn if arn != null], []) : can(regex("^arn:${data.aws_partition.this.partition}:(sns|sqs):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "notify takes ARNs of a standard topic or queue, arn:${data.aws_partition.this.partition}:sns|sqs:REGION:ACCOUNT:NAME: S3 cannot notify FIFO ones."
  }
  validation {
    condition     = alltrue([for arn in try([for arn in [var.notify.topic_arn, var.notify.queue_arn] : arn if arn != null], []) : try(split(":", arn)[3] == data.aws_region.this.region, true)])
    error_message = "notify names a topic or queue of another Region; this bucket's is ${data.aws_region.this.region}, and S3 notifies in its own Region only. Use one there, or eventbridge, which can forward."
  }
}

variable "notification_owners" {
  description = "Other places of this configuration that write this bucket's notification configuration, by any name. There is one configuration for each bucket, and whoever writes last wins: so this must be empty if `notify` is given."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for owner in var.notification_owners : try(length(owner) > 0, false)])
    error_message = "notification_owners has an entry without a name: say who writes the configuration, or leave it out."
  }
  validation {
    condition     = length(distinct(var.notification_owners)) + (var.notify == null ? 0 : 1) <= 1
    error_message = "notification_owners: ${join(", ", compact(var.notification_owners))}${var.notify == null ? "" : " and this module"} would each write the one notification configuration of ${var.bucket_name} and undo each other's. Leave all but one out: notify one topic, and subscribe the others to it."
  }
}
