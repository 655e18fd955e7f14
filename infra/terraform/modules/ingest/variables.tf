variable "name" {
  description = "Prefix of every name: queue `NAME`, dead-letter queue `NAME-dead-letters`, topic, rule and bus `NAME-log-objects`."
  type        = string
  default     = "trailkeep"
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and dashes, begin with a letter and not end with a dash: choose another name."
  }
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer key of queues and topic (class `queue`). Its policy must let the sending service (s3, sns or events) use `kms:GenerateDataKey` and `kms:Decrypt`: with the AWS managed key nothing would arrive."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^arn:${data.aws_partition.this.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn: give the ARN of a customer key (arn:${data.aws_partition.this.partition}:kms:REGION:ACCOUNT:key/ID); an alias or an AWS managed key cannot be used by S3, SNS or EventBridge to send."
  }
  validation {
    condition     = try(split(":", var.kms_key_arn)[3] == data.aws_region.this.region, true)
    error_message = "kms_key_arn: the key must be in the queue's Region, ${data.aws_region.this.region}."
  }
}

variable "mode" {
  description = "How a log bucket announces its objects. `direct`: the bucket to the queue. `sns`: the bucket to a topic made here, so that others may listen, too. `eventbridge`: by a rule on the bucket's `Object Created` events. `external`: topics of somebody else, to which the queue is subscribed."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["direct", "sns", "eventbridge", "external"], var.mode)
    error_message = "mode: one of direct, sns, eventbridge, external."
  }
}

variable "source_bucket_arns" {
  description = "ARNs of the log buckets that may announce; each named, none by pattern. Empty with `external`: there the topic vouches for the bucket."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.source_bucket_arns : can(regex("^arn:${data.aws_partition.this.partition}:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", arn))])
    error_message = "source_bucket_arns: ARNs of whole buckets, arn:${data.aws_partition.this.partition}:s3:::BUCKET, without a key, a wildcard or a slash."
  }
  validation {
    condition     = alltrue([for arn in var.source_bucket_arns : try(split(":", arn)[1] == data.aws_partition.this.partition, true)])
    error_message = "source_bucket_arns: a bucket of another partition cannot announce here; this is ${data.aws_partition.this.partition}."
  }
  validation {
    condition     = (length(var.source_bucket_arns) == 0) == (var.mode == "external")
    error_message = "source_bucket_arns: name the log buckets with mode direct, sns and eventbridge; leave it empty with mode external, where external_topic_arns says who sends."
  }
}

variable "source_account_ids" {
  description = "Accounts that own these buckets. Default: this one. A bucket's ARN names no account, and a deleted bucket's name can be taken by anybody: so both are compared."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for id in var.source_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "source_account_ids: an account id is 12 digits."
  }
  validation {
    condition     = var.mode != "eventbridge" || !contains(var.source_account_ids, data.aws_caller_identity.this.account_id) || length(toset(var.source_account_ids)) == 1
    error_message = "source_account_ids: with mode eventbridge either all buckets are this account's, or none: make a second ingest for the others."
  }
}

variable "source_region" {
  description = "Region of the log buckets. Default: the queue's. S3 announces only to a queue or topic in the bucket's own Region; with `eventbridge` another Region's events are forwarded to a bus here."
  type        = string
  default     = null
  validation {
    condition     = var.source_region == null || contains(["eventbridge", "external"], var.mode) || var.source_region == data.aws_region.this.region
    error_message = "source_region: S3 cannot announce to a queue or topic in another Region: this queue would be in ${data.aws_region.this.region}. Apply this module in the buckets' Region, or use mode eventbridge, which forwards."
  }
}

variable "organization_id" {
  description = "The organization that the buckets' accounts belong to: where the sending service says the organization, another one is refused. Null: not compared."
  type        = string
  default     = null
  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id: o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization` tells."
  }
}

variable "external_topic_arns" {
  description = "With mode `external`: topics that others own (Control Tower's, the trail's own) and that the queue is subscribed to. Each one's policy must let this account subscribe. A topic in another Region is subscribed there; if that Region is an opt-in one, see the README."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.external_topic_arns : can(regex("^arn:${data.aws_partition.this.partition}:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "external_topic_arns: ARNs of standard SNS topics, arn:${data.aws_partition.this.partition}:sns:REGION:ACCOUNT:NAME. S3 and CloudTrail do not publish to FIFO topics."
  }
  validation {
    condition     = (length(var.external_topic_arns) > 0) == (var.mode == "external")
    error_message = "external_topic_arns: name at least one topic with mode external, and none with another mode."
  }
}

variable "trail_arns" {
  description = "With mode `sns`: trails that may also publish CloudTrail's own delivery notifications to the topic."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.trail_arns : can(regex("^arn:${data.aws_partition.this.partition}:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}$", arn))])
    error_message = "trail_arns: ARNs of trails, arn:${data.aws_partition.this.partition}:cloudtrail:HOME-REGION:MANAGEMENT-ACCOUNT:trail/NAME."
  }
  validation {
    condition     = length(var.trail_arns) == 0 || var.mode == "sns"
    error_message = "trail_arns: only the topic of mode sns is published to by trails; leave it empty otherwise."
  }
}

variable "message_retention_seconds" {
  description = "How long the queue keeps what nobody fetched: the longest outage without a backfill. 4 to 7 days, so that the dead-letter queue (14 days, counted from the first sending) leaves at least 7 to act."
  type        = number
  default     = 604800
  nullable    = false
  validation {
    condition     = var.message_retention_seconds >= 345600 && var.message_retention_seconds <= 604800 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds: a whole number from 345600 (4 days) to 604800 (7 days). Longer, and messages reach the dead-letter queue, which counts from their first sending, too old to be looked at."
  }
}

variable "max_receive_count" {
  description = "Receives after which a message goes to the dead-letter queue. The collector isolates what kills a worker from the eighth receive on."
  type        = number
  default     = 12
  nullable    = false
  validation {
    condition     = var.max_receive_count >= 10 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count: a whole number from 10 to 1000. Below 10 a healthy object would go to the dead-letter queue because of its neighbour."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message is hidden if the consumer says nothing. The collector says with each receive and renews."
  type        = number
  default     = 600
  nullable    = false
  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200 && floor(var.visibility_timeout_seconds) == var.visibility_timeout_seconds
    error_message = "visibility_timeout_seconds: a whole number from 30 to 43200 (12 hours, the most that SQS allows)."
  }
}
