variable "name" {
  description = "Prefix of the names that the documents give to what the owner makes: roles, rule, notification."
  type        = string
  default     = "trailkeep"
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and dashes, begin with a letter and not end with a dash: choose another name."
  }
}

variable "role_path" {
  description = "Path of the roles, here and in the owner's account."
  type        = string
  default     = "/trailkeep/"
  nullable    = false
  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with /, as /trailkeep/."
  }
}

variable "mode" {
  description = "How the bucket's objects come to be known here. `direct`: its owner adds our queue to the bucket's notifications. `sns`: a topic that is there announces them. `eventbridge`: a rule in the owner's account forwards the bucket's events. `replicated`: the owner replicates the bucket into one of ours, which announces."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["direct", "sns", "eventbridge", "replicated"], var.mode)
    error_message = "mode must be direct, sns, eventbridge or replicated."
  }
}

variable "organization_id" {
  description = "The organization that both accounts belong to. Roles of ours that the documents let in must be of it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is none: o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization` tells."
  }
}

variable "log_bucket_name" {
  description = "The bucket that the trail writes to. Nothing of it is changed from here."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket_name))
    error_message = "log_bucket_name must be a bucket's name (3 to 63 lower-case letters, digits, dots and dashes), not its ARN or URL."
  }
}

variable "log_bucket_account_id" {
  description = "The account that owns it: Control Tower's log archive, as a rule."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]{12}$", var.log_bucket_account_id))
    error_message = "log_bucket_account_id must be 12 digits, in quotes so that leading zeros stay."
  }
}

variable "log_bucket_region" {
  description = "Its Region. Null: this one."
  type        = string
  default     = null
  validation {
    condition     = var.log_bucket_region == null || can(regex("^[a-z0-9]+(-[a-z0-9]+)+$", var.log_bucket_region))
    error_message = "log_bucket_region must be a Region's code, as eu-central-1."
  }
  validation {
    condition     = var.mode != "direct" || var.log_bucket_region == null || var.log_bucket_region == data.aws_region.this.region
    error_message = "log_bucket_region: S3 announces only to a queue in the bucket's Region, and this one is ${data.aws_region.this.region}. Apply in the bucket's Region, or use eventbridge, sns or replicated, which cross Regions."
  }
}

variable "log_bucket_kms_key_arn" {
  description = "The KMS key that its objects are encrypted with; it may be the management account's (Control Tower's). Null: S3's own keys."
  type        = string
  default     = null
  validation {
    condition     = var.log_bucket_kms_key_arn == null || can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/", var.log_bucket_kms_key_arn))
    error_message = "log_bucket_kms_key_arn must be a key's ARN, arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID: an alias of another account cannot be granted."
  }
  validation {
    condition     = var.log_bucket_kms_key_arn == null || try(split(":", var.log_bucket_kms_key_arn)[3] == coalesce(var.log_bucket_region, data.aws_region.this.region), true)
    error_message = "log_bucket_kms_key_arn must be in the log bucket's Region: S3 encrypts with a key of its own Region. Correct the key or log_bucket_region."
  }
}

variable "key_prefix" {
  description = "The trail's prefix before AWSLogs/, without slashes at its ends; Control Tower's is the organization's id. Empty: none. The documents let read below it only."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*)?$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must have at most 200 characters, and neither begin nor end with a slash nor hold a wildcard."
  }
}

variable "queue_arn" {
  description = "Our queue (ingest's `queue_arn`). With `replicated` the replica announces to it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.queue_arn))
    error_message = "queue_arn must be a standard queue's ARN, arn:${data.aws_partition.this.partition}:sqs:REGION:ACCOUNT:NAME: S3 and SNS cannot send to a FIFO one from here."
  }
  validation {
    condition     = try(split(":", var.queue_arn)[3] == data.aws_region.this.region, true)
    error_message = "queue_arn is in another Region than this, ${data.aws_region.this.region}: the queue stands where archive and collector are. Apply both in one Region."
  }
}

variable "topic_arn" {
  description = "With `sns`: the topic that announces the bucket's objects, or the trail's own."
  type        = string
  default     = null
  validation {
    condition     = var.topic_arn == null || can(regex("^arn:${data.aws_partition.this.partition}:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "topic_arn must be a standard topic's ARN, arn:${data.aws_partition.this.partition}:sns:REGION:ACCOUNT:NAME."
  }
  validation {
    condition     = (var.topic_arn != null) == (var.mode == "sns")
    error_message = "topic_arn: name the topic with mode sns, and leave it out with another mode."
  }
}

variable "event_bus_arn" {
  description = "With `eventbridge`: our bus (ingest's `event_bus_arn`) that the owner's rule forwards to. Null: the bucket is of this account and Region."
  type        = string
  default     = null
  validation {
    condition     = var.event_bus_arn == null || can(regex("^arn:${data.aws_partition.this.partition}:events:[a-z0-9-]+:[0-9]{12}:event-bus/", var.event_bus_arn))
    error_message = "event_bus_arn must be a bus's ARN, arn:${data.aws_partition.this.partition}:events:REGION:ACCOUNT:event-bus/NAME."
  }
  validation {
    condition     = var.mode != "eventbridge" || var.event_bus_arn != null || var.log_bucket_account_id == data.aws_caller_identity.this.account_id && coalesce(var.log_bucket_region, data.aws_region.this.region) == data.aws_region.this.region
    error_message = "event_bus_arn is missing: events of another account or Region arise there and must be forwarded to a bus here. Give ingest's event_bus_arn."
  }
}

variable "collector_role_arn" {
  description = "Role that the collector acts with. Null: the one that the module `collector` makes under this name and path. It need not exist yet."
  type        = string
  default     = null
  validation {
    condition     = var.collector_role_arn == null || can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", var.collector_role_arn))
    error_message = "collector_role_arn must be a role's ARN without wildcards, arn:${data.aws_partition.this.partition}:iam::ACCOUNT:role/NAME."
  }
}

variable "source_role" {
  description = "Read by way of a role in the owner's account, so that the bucket's policy stays as it is. `{}` takes the name NAME-source. An external id is asked for by the role's trust policy if it is given. Null: the collector reads itself, which the bucket's policy must allow."
  type        = object({ role_name = optional(string), external_id = optional(string) })
  default     = null
  validation {
    condition     = var.source_role == null || var.mode != "replicated"
    error_message = "source_role: with mode replicated the replica here is read, and nothing in the owner's account. Leave source_role out, or choose another mode."
  }
  validation {
    condition     = try(var.source_role.role_name, null) == null || can(regex("^[\\w+=,.@-]{1,64}$", var.source_role.role_name))
    error_message = "source_role.role_name must be a role's name (1 to 64 letters, digits and +=,.@_-), without path or ARN: the path is role_path."
  }
  validation {
    condition     = try(var.source_role.external_id, null) == null || can(regex("^[A-Za-z0-9_+=,.@:/-]{2,1000}$", var.source_role.external_id))
    error_message = "source_role.external_id must have 2 to 1000 letters, digits and +=,.@:/_-."
  }
}

variable "replica" {
  description = "With `replicated`: our bucket that the owner replicates into, its key, and the name of the role there (default NAME-replication). Make the bucket with the module `log-bucket`, whose `replication_role_arns` takes our output."
  type        = object({ bucket_name = string, kms_key_arn = string, role_name = optional(string) })
  default     = null
  validation {
    condition     = (var.replica != null) == (var.mode == "replicated")
    error_message = "replica: name our bucket and its key with mode replicated, and leave it out with another mode."
  }
  validation {
    condition     = try(var.replica.bucket_name != var.log_bucket_name, true)
    error_message = "replica.bucket_name is the log bucket itself: a bucket cannot replicate into itself. Name one of ours."
  }
  validation {
    condition     = var.replica == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.replica.bucket_name))
    error_message = "replica.bucket_name must be a bucket's name, not its ARN or URL."
  }
  validation {
    condition     = var.replica == null || can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/", var.replica.kms_key_arn))
    error_message = "replica.kms_key_arn must be the ARN of the replica's key, arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID: without it nothing that is encrypted would be replicated."
  }
  validation {
    condition     = try(var.replica.role_name, null) == null || can(regex("^[\\w+=,.@-]{1,64}$", var.replica.role_name))
    error_message = "replica.role_name must be a role's name (1 to 64 letters, digits and +=,.@_-), without path or ARN: the path is role_path."
  }
}

variable "owned_bucket_names" {
  description = "Buckets whose notification configuration this configuration writes (log-bucket with `notify`, or a resource of yours). The log bucket must not be one: it has one configuration, and two owners undo each other's."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.owned_bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "owned_bucket_names must be names of buckets, not ARNs or URLs."
  }
  validation {
    condition     = !contains(var.owned_bucket_names, var.log_bucket_name)
    error_message = "owned_bucket_names has ${var.log_bucket_name}, whose notifications would then have two owners here, each undoing the other's. Make it either ours (log-bucket) or somebody else's (existing-trail), not both."
  }
}
