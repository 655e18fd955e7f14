variable "name" {
  description = "Prefix of every name; the role is NAME-collector, the log group /NAME/collector."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: give 3 to 32 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "queue" {
  description = "The queue that notifications arrive on; the outputs of `ingest`, as they are."
  type = object({
    queue_url  = string
    queue_arn  = string
    queue_name = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.queue.queue_arn))
    error_message = "queue: queue_arn is the ARN of a standard queue, as arn:aws:sqs:eu-central-1:111122223333:trailkeep; S3 cannot notify a FIFO queue."
  }
  validation {
    condition     = try(endswith(var.queue.queue_arn, ":${var.queue.queue_name}") && endswith(var.queue.queue_url, "/${var.queue.queue_name}"), false)
    error_message = "queue: queue_url, queue_arn and queue_name are of different queues: give the outputs of one, or tasks would be scaled on another's backlog."
  }
  validation {
    condition     = try(split(":", var.queue.queue_arn)[3] == data.aws_region.this.region, true)
    error_message = "queue: ${coalesce(var.queue.queue_arn, "it")} is not in ${data.aws_region.this.region}. The queue stands in the Region of archive and ledger, which is the provider's: make it there, or run this module there."
  }
}

variable "archive" {
  description = "The archive: its bucket, in this account and Region, and the prefix in it, if it has one (without / at either end)."
  type = object({
    bucket_name = string
    prefix      = optional(string, "")
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archive.bucket_name))
    error_message = "archive: bucket_name is the name of a bucket, neither its ARN nor its URL."
  }
  validation {
    condition     = var.archive.prefix == "" || can(regex("^[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*$", var.archive.prefix)) && length(setintersection(split("/", var.archive.prefix), [".", ".."])) == 0
    error_message = "archive: prefix has neither / at an end, nor empty segments, nor . and .. among them."
  }
}

variable "ledger" {
  description = "The ledger's table; the outputs of `ledger`, as they are."
  type = object({
    table_name = string
    table_arn  = string
    index_arn  = string
    ledger_url = string
  })
  nullable = false

  validation {
    condition     = can(regex("^dynamodb://[A-Za-z0-9_.-]{3,255}$", var.ledger.ledger_url))
    error_message = "ledger: ledger_url reads dynamodb://TABLE."
  }
  validation {
    condition     = try(endswith(var.ledger.table_arn, ":table/${var.ledger.table_name}") && startswith(var.ledger.index_arn, "${var.ledger.table_arn}/index/") && var.ledger.ledger_url == "dynamodb://${var.ledger.table_name}", false)
    error_message = "ledger: table_name, table_arn, index_arn and ledger_url are of different tables: give the outputs of one, or the role would be allowed another table than the tasks use."
  }
  validation {
    condition     = try(split(":", var.ledger.table_arn)[3] == data.aws_region.this.region, true)
    error_message = "ledger: ${coalesce(var.ledger.table_arn, "it")} is not in ${data.aws_region.this.region}, where queue and archive are: make the table there."
  }
}

variable "topic_arn" {
  description = "Topic that landed objects are announced to; null: nobody is told."
  type        = string
  default     = null

  validation {
    condition     = var.topic_arn == null || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.topic_arn))
    error_message = "topic_arn: give the ARN of a standard topic, as arn:aws:sns:eu-central-1:111122223333:trailkeep-landed."
  }
  validation {
    condition     = try(split(":", var.topic_arn)[3] == data.aws_region.this.region, true)
    error_message = "topic_arn: ${coalesce(var.topic_arn, "none")} is not in ${data.aws_region.this.region}, where its key is: make the topic there."
  }
}

variable "announce_digests" {
  description = "Announces Digests on the topic as well, in messages of kind `digest` without a category: the auditor listens to them. Subscribers without a filter policy hear of them, too."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.announce_digests || var.topic_arn != null
    error_message = "announce_digests: nobody is told without a topic; give topic_arn, or leave this out."
  }
}

variable "sources" {
  description = "What is read: log buckets (whose they are, their KMS key if they have one, and the bucket that one replicates, under whose name its objects land); the role to read them all with, if it is not the collector's own; and their Region, if it is another one."
  type = object({
    buckets = list(object({
      name        = string
      account_id  = string
      kms_key_arn = optional(string)
      replicates  = optional(string)
    }))
    role = optional(object({
      arn         = string
      external_id = optional(string)
    }))
    region = optional(string)
  })
  nullable = false

  validation {
    condition     = length(var.sources.buckets) > 0 && alltrue([for bucket in var.sources.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.name)) && can(regex("^[0-9]{12}$", bucket.account_id))])
    error_message = "sources: give at least one bucket, each with its name and the 12 digits of the account that owns it; a bucket of another owner is not read, even under this name."
  }
  validation {
    condition     = length(distinct(var.sources.buckets[*].name)) == length(var.sources.buckets)
    error_message = "sources: a bucket is named twice; name each once, as a log bucket or as a replica."
  }
  validation {
    condition     = length(setintersection(compact(var.sources.buckets[*].replicates), [for bucket in var.sources.buckets : bucket.name if bucket.replicates != null])) == 0
    error_message = "sources: a bucket replicates one that is a replica itself: name the bucket at the beginning of the chain."
  }
  validation {
    condition     = alltrue([for bucket in var.sources.buckets : bucket.replicates == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.replicates)) && bucket.replicates != var.archive.bucket_name])
    error_message = "sources: replicates is the name of the log bucket that a bucket is a replica of, not the archive's; leave it out for a bucket that is none."
  }
  # Decryption is granted by way of S3 in that Region: a key of another one would never be let be used.
  validation {
    condition     = alltrue([for bucket in var.sources.buckets : try(split(":", bucket.kms_key_arn)[3] == coalesce(var.sources.region, data.aws_region.this.region), true)])
    error_message = "sources: a kms_key_arn is not in ${coalesce(var.sources.region, data.aws_region.this.region)}, where the buckets are: give the key that this bucket is encrypted with, or correct sources.region."
  }
  validation {
    condition     = !contains(var.sources.buckets[*].name, var.archive.bucket_name)
    error_message = "sources: ${var.archive.bucket_name} is the archive's bucket; what lands would be announced and landed again: give the archive a bucket of its own."
  }
  validation {
    condition     = alltrue([for bucket in var.sources.buckets : bucket.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", bucket.kms_key_arn))])
    error_message = "sources: kms_key_arn is the ARN of a key; an alias cannot be granted."
  }
  validation {
    condition     = try(var.sources.role.arn, null) == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", try(var.sources.role.arn, "")))
    error_message = "sources: role.arn is the ARN of a role, as arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader."
  }
  validation {
    condition     = try(var.sources.role.external_id, null) == null || can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.sources.role.external_id)) && try(length(var.sources.role.external_id) >= 2 && length(var.sources.role.external_id) <= 1224, false)
    error_message = "sources: role.external_id has 2 to 1,224 letters, digits and _ + = , . @ : / -."
  }
  validation {
    condition     = var.sources.region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.sources.region))
    error_message = "sources: region is a Region, as eu-central-1."
  }
}

variable "organization_ids" {
  description = "Organizations whose trails are landed. What is neither of them nor of account_ids is rejected."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.organization_ids : can(regex("^o-[a-z0-9]{10,32}$", id))])
    error_message = "organization_ids: an organization is o- and 10 to 32 lower-case letters and digits."
  }
  validation {
    condition     = length(var.organization_ids) + length(var.account_ids) > 0
    error_message = "organization_ids: name the organization, or accounts in account_ids. With neither, whatever the log bucket holds would land, whoever put it there."
  }
}

variable "account_ids" {
  description = "Accounts whose own trails are landed, besides those of the organizations."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "account_ids: an account is 12 digits."
  }
}

variable "kms_key_arns" {
  description = "Key ARNs by class, as `keys` gives them: raw, queue, table and logs are needed; events-management, events-data, events-insight, events-network and events-aggregated where they have keys of their own, else raw's counts. Others are not looked at."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["raw", "queue", "table", "logs"], keys(var.kms_key_arns))) == 0
    error_message = "kms_key_arns: give keys for raw, queue, table and logs: each object that is put names its key."
  }
  validation {
    condition     = alltrue([for class, arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[^,=\\s]+$", arn))])
    error_message = "kms_key_arns: give ARNs of keys, as arn:aws:kms:eu-central-1:111122223333:key/…; a policy cannot grant an alias."
  }
  validation {
    condition     = alltrue([for class, arn in var.kms_key_arns : can(regex("^[a-z][a-z0-9-]*$", class)) && try(split(":", arn)[3] == data.aws_region.this.region, true)])
    error_message = "kms_key_arns: names of classes are lower-case letters, digits and dashes, and keys are of ${data.aws_region.this.region}, where bucket, queue and table are."
  }
}

variable "object_lock_mode" {
  description = "Lock of raw/, digests/ and sources/: governance (who has s3:BypassGovernanceRetention may shorten it) or compliance (nobody may)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode: give governance or compliance, as the audit bucket has it."
  }
}

variable "object_lock_days" {
  description = "Days for which they are locked."
  type        = number
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days: give a whole number of days, 1 to 36,500."
  }
}

variable "class_label" {
  description = "Retention class of the packed originals: raw/CLASS/…, for which the audit bucket has a retention."
  type        = string
  default     = "standard"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{1,32}$", var.class_label))
    error_message = "class_label: give 1 to 32 lower-case letters, digits and dashes."
  }
}

variable "options" {
  description = "Further variables of trailkeep-collector --help, in lower case and without TRAILKEEP_, as { low_latency = \"true\", seal_age = \"120s\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.options), local.own)) == 0
    error_message = "options: ${join(", ", setintersection(keys(var.options), local.own))} is set by this module: give it by the module's own inputs."
  }
  validation {
    condition     = length(setsubtract(keys(var.options), concat(local.own, local.further))) == 0
    error_message = "options: trailkeep-collector does not know ${join(", ", setsubtract(keys(var.options), concat(local.own, local.further)))}. It knows ${join(", ", local.further)}."
  }
  validation {
    condition     = alltrue([for value in values(var.options) : try(length(value) > 0, false)])
    error_message = "options: an option has no value, and the program would not start: leave it out."
  }
  validation {
    condition     = try(endswith(lookup(var.options, "listen", ":9464"), ":9464"), false)
    error_message = "options: listen must keep port 9464, which the task maps and scrape_from opens."
  }
}

variable "otel_environment" {
  description = "Standard OTEL_… variables, where traces, metrics and logs shall leave by OTLP; the endpoint must be reachable on port 443."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.otel_environment : can(regex("^OTEL_[A-Z0-9_]+$", key)) && !endswith(key, "_HEADERS") && value != null])
    error_message = "otel_environment: give variables that begin with OTEL_; not …_HEADERS, whose tokens everybody who may describe the task definition could read."
  }
}
