variable "name" {
  description = "Prefix of every name; the role is NAME-auditor, the topic NAME-findings, the log group /NAME/auditor."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: give 3 to 32 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "archive" {
  description = "The archive: its bucket, in this Region, and the prefix in it, if it has one (without / at either end)."
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

variable "ledger_url" {
  description = "The ledger's table: ledger_url of `ledger`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^dynamodb://[A-Za-z0-9_.-]{3,255}$", var.ledger_url))
    error_message = "ledger_url reads dynamodb://TABLE."
  }
}

variable "access" {
  description = "How it reaches archive, ledger and queues: policy_json of `auditor-access` where they are of this account, or the role that `auditor-access` makes there for an auditor of another account, with its external id."
  type = object({
    policy_json = optional(string)
    role        = optional(object({ arn = string, external_id = string }))
  })
  nullable = false

  validation {
    condition     = (var.access.policy_json == null) != (var.access.role == null)
    error_message = "access: give either policy_json (archive and auditor in one account) or role (in two)."
  }
  validation {
    condition     = var.access.role == null || can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", try(var.access.role.arn, "")))
    error_message = "access: role.arn is the ARN of a role of this partition: the output role_arn of `auditor-access`."
  }
}

variable "heal_queue_url" {
  description = "The collector's queue, which is told of what is missing; null: nothing is healed."
  type        = string
  default     = null

  validation {
    condition     = var.heal_queue_url == null || can(regex("^https?://.+/[0-9]{12}/[A-Za-z0-9_-]{1,80}$", var.heal_queue_url))
    error_message = "heal_queue_url is the URL of a standard queue: queue_url of `ingest`."
  }
}

variable "announcements" {
  description = "Topic that tells what landed, Digests among it where the collectors have announce_digests: topic_arn of `announcements`. A queue is subscribed to it, and wakes the auditor. null: it works by the hour."
  type = object({
    topic_arn = string
  })
  default = null

  validation {
    condition     = var.announcements == null || can(regex("^arn:${data.aws_partition.this.partition}:sns:${data.aws_region.this.region}:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.announcements.topic_arn))
    error_message = "announcements: topic_arn is the ARN of a standard topic of ${data.aws_region.this.region}, as the module `announcements` gives it; or leave it out."
  }
}

variable "sources" {
  description = "Log buckets, as `collector` takes them: which bucket replicates which, and with look_into_log_buckets where to look."
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
  default = null

  validation {
    condition     = var.sources == null || try(length(var.sources.buckets) > 0, false)
    error_message = "sources has no bucket: give the log buckets, or null."
  }
}

variable "look_into_log_buckets" {
  description = "Looks into the log buckets for objects that nobody announced, and whether what is missing is there at all. `auditor-access` has to have the same sources."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.look_into_log_buckets || var.sources != null
    error_message = "look_into_log_buckets: there are no sources to look into; give them, or leave it false."
  }
}

variable "organization" {
  description = "Whom it asks for accounts and their Regions: role_arn, the role in the management account that `org-admin` makes, with its external id; without one it asks as it is, as delegated administrator. null: nobody, and coverage stays incomplete."
  type = object({
    role_arn    = optional(string)
    external_id = optional(string)
  })
  default = {}

  validation {
    condition     = try(var.organization.role_arn, null) == null || can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", try(var.organization.role_arn, "")))
    error_message = "organization: role_arn is the ARN of a role of this partition, as arn:${data.aws_partition.this.partition}:iam::999999999999:role/trailkeep/trailkeep-organization."
  }
}

variable "attest_key_arn" {
  description = "Key that signs attestations: attest_key_arn of `keys`. null: nothing is attested."
  type        = string
  default     = null

  validation {
    condition     = var.attest_key_arn == null || can(regex("^arn:[a-z-]+:kms:${data.aws_region.this.region}:[0-9]{12}:key/[^,=\\s]+$", var.attest_key_arn))
    error_message = "attest_key_arn is the ARN of a key of ${data.aws_region.this.region}, where it signs: attest_key_arn of `keys`; not an alias, which a policy cannot grant."
  }
}

variable "former_attest_key_arns" {
  description = "Keys that signed attestations before attest_key_arn, whose public keys the auditor asks for when it starts: as long as attestations are superseded that they signed, 32 days and longer where older days are attested anew. They have to be enabled, and their policies have to let the auditor's role have kms:GetPublicKey."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.former_attest_key_arns : can(regex("^arn:[a-z-]+:kms:${data.aws_region.this.region}:[0-9]{12}:key/[^,=\\s]+$", arn))])
    error_message = "former_attest_key_arns: give ARNs of keys of ${data.aws_region.this.region}, where the auditor asks for them; not aliases, which a policy cannot grant."
  }
  validation {
    condition     = length(var.former_attest_key_arns) == 0 || var.attest_key_arn != null && !contains(var.former_attest_key_arns, coalesce(var.attest_key_arn, "-"))
    error_message = "former_attest_key_arns: they signed before attest_key_arn, which has to be there, and another key. The program refuses former keys without a key that signs."
  }
}

variable "archive_name" {
  description = "What attestations call the archive; null: as its newest one does, in the first its address. Part of what is signed: do not change it."
  type        = string
  default     = null

  validation {
    condition     = var.archive_name == null || can(regex("^[ -~]{1,256}$", var.archive_name))
    error_message = "archive_name has 1 to 256 printable ASCII characters."
  }
}

variable "heads" {
  description = "Bucket in a second account that the hash of each attestation is put into, so that nobody here can sign another history unnoticed: the outputs of `heads-bucket`; or with the role there that puts. null: none."
  type = object({
    bucket_name = string
    account_id  = string
    prefix      = optional(string, "")
    kms_key_arn = optional(string)
    role_arn    = optional(string)
    external_id = optional(string)
  })
  default = null

  validation {
    condition     = var.heads == null || var.attest_key_arn != null
    error_message = "heads: without attest_key_arn nothing is attested, and the program refuses heads: give the key."
  }
  validation {
    condition     = var.heads == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.heads.bucket_name)) && can(regex("^[0-9]{12}$", var.heads.account_id))
    error_message = "heads: give the bucket's name and the 12 digits of the account that owns it."
  }
  validation {
    condition     = try(var.heads.bucket_name != var.archive.bucket_name, true)
    error_message = "heads: ${var.archive.bucket_name} is the archive's bucket, whose administrators the heads are kept from: give one in another account."
  }
}

variable "subscribers" {
  description = "Who is told of findings: protocol email, https, sqs or lambda, and the address. E-mail addresses must be confirmed by their owner; a queue or function has to let this topic in, and a queue's key SNS."
  type        = list(object({ protocol = string, endpoint = string }))
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for subscriber in var.subscribers : try(contains(["email", "https", "sqs", "lambda"], subscriber.protocol), false)])
    error_message = "subscribers: the protocol is email, https, sqs or lambda; plain http is not: findings name accounts and keys."
  }
  validation {
    condition = alltrue([for subscriber in var.subscribers : try(can(regex({
      email = "^[^@\\s]+@[^@\\s]+$", https = "^https://", sqs = "^arn:[a-z-]+:sqs:", lambda = "^arn:[a-z-]+:lambda:"
    }[subscriber.protocol], subscriber.endpoint)), true)])
    error_message = "subscribers: the endpoint is an address for email, a URL that begins with https:// for https, and the ARN of a queue or function for sqs and lambda."
  }
  validation {
    condition     = length(distinct(var.subscribers)) == length(var.subscribers)
    error_message = "subscribers has the same endpoint twice: name each once."
  }
}

variable "kms_key_arns" {
  description = "Key ARNs by class: raw, the archive's, which each put names; queue (of the findings' topic) and logs, of this account. Others are not looked at."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["raw", "queue", "logs"], keys(var.kms_key_arns))) == 0
    error_message = "kms_key_arns: give keys for raw, queue and logs."
  }
  validation {
    condition     = alltrue([for class, arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:${data.aws_region.this.region}:[0-9]{12}:key/[^,=\\s]+$", arn))])
    error_message = "kms_key_arns: give ARNs of keys of ${data.aws_region.this.region}; a policy cannot grant an alias."
  }
}

variable "object_lock_mode" {
  description = "Lock of what it writes: governance (who has s3:BypassGovernanceRetention may shorten it) or compliance (nobody may)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode: give governance or compliance, as the audit bucket has it."
  }
}

variable "object_lock_days" {
  description = "Days for which that is locked."
  type        = number
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days: give a whole number of days, 1 to 36,500."
  }
}

variable "options" {
  description = "Further variables of trailkeep-auditor --help, in lower case and without TRAILKEEP_, as { every = \"30m\", sample = \"1%\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.options), local.own)) == 0
    error_message = "options: ${join(", ", setintersection(keys(var.options), local.own))} is set by this module: give it by the module's own inputs."
  }
  validation {
    condition     = length(setsubtract(keys(var.options), concat(local.own, local.further))) == 0
    error_message = "options: trailkeep-auditor does not know ${join(", ", setsubtract(keys(var.options), concat(local.own, local.further)))}. It knows ${join(", ", local.further)}."
  }
  validation {
    condition     = alltrue([for value in values(var.options) : try(length(value) > 0, false)])
    error_message = "options: an option has no value, and the program would not start: leave it out."
  }
  # Alarms are read from its lines, in JSON.
  validation {
    condition     = try(lookup(var.options, "log_format", "json") == "json", false)
    error_message = "options: alarms are read from the line of each round, in JSON: leave log_format out."
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
