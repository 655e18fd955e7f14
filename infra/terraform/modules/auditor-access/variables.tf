variable "name" {
  description = "Prefix of every name; the role is NAME-auditor."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: give 3 to 32 lower-case letters, digits and dashes, beginning with a letter."
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
  description = "The ledger's table: table_name and table_arn of `ledger`."
  type = object({
    table_name = string
    table_arn  = string
  })
  nullable = false

  validation {
    condition     = try(endswith(var.ledger.table_arn, ":table/${var.ledger.table_name}") && split(":", var.ledger.table_arn)[3] == data.aws_region.this.region, false)
    error_message = "ledger: table_name and table_arn are of one table in ${data.aws_region.this.region}, where the archive is: give the outputs of `ledger`."
  }
}

variable "heal_queue" {
  description = "The collector's queue, which the auditor sends a notification to for what is missing: queue_arn of `ingest`. null: nothing is healed."
  type = object({
    queue_arn = string
  })
  default = null

  validation {
    condition     = var.heal_queue == null || can(regex("^arn:[a-z-]+:sqs:${data.aws_region.this.region}:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.heal_queue.queue_arn))
    error_message = "heal_queue: queue_arn is the ARN of a standard queue in ${data.aws_region.this.region}, as `ingest` gives it; or leave heal_queue out."
  }
}

variable "sources" {
  description = "Log buckets that the auditor may look into for what was not announced, as `collector` takes them: with its own role, or with `role`; and their Region, if it is another one. null: it does not look."
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
    condition     = var.sources == null || try(length(var.sources.buckets) > 0 && alltrue([for bucket in var.sources.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.name)) && can(regex("^[0-9]{12}$", bucket.account_id))]), false)
    error_message = "sources: give at least one bucket, each with its name and the 12 digits of the account that owns it; or null, and nothing is looked into."
  }
  validation {
    condition     = try(!contains(var.sources.buckets[*].name, var.archive.bucket_name), true)
    error_message = "sources: ${var.archive.bucket_name} is the archive's bucket, and no log bucket: leave it out."
  }
  validation {
    condition     = try(var.sources.role.arn, null) == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", try(var.sources.role.arn, "")))
    error_message = "sources: role.arn is the ARN of a role, as arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader."
  }
}

variable "trusted_role" {
  description = "Where the auditor runs in another account: its task role there, and the external id that it gives. null: it runs here, with policy_json."
  type = object({
    arn         = string
    external_id = string
  })
  default = null

  validation {
    condition     = var.trusted_role == null || can(regex("^arn:${data.aws_partition.this.partition}:iam::[0-9]{12}:role/[^*?]+$", var.trusted_role.arn))
    error_message = "trusted_role: arn is the ARN of a role of this partition, without wildcards: the output task_role_arn of `auditor`."
  }
  validation {
    condition     = try(split(":", var.trusted_role.arn)[4] != data.aws_caller_identity.this.account_id, true)
    error_message = "trusted_role is a role of this account: give it policy_json itself, and leave trusted_role out."
  }
  validation {
    condition     = var.trusted_role == null || can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.trusted_role.external_id)) && try(length(var.trusted_role.external_id) >= 2 && length(var.trusted_role.external_id) <= 1224, false)
    error_message = "trusted_role: external_id has 2 to 1,224 letters, digits and _ + = , . @ : / -."
  }
}

variable "kms_key_arns" {
  description = "Key ARNs by class, as `keys` gives them: raw, queue and table are needed; of the events-… classes those that there are. Others are not looked at."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["raw", "queue", "table"], keys(var.kms_key_arns))) == 0
    error_message = "kms_key_arns: give keys for raw, queue and table."
  }
  validation {
    condition     = alltrue([for class, arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:${data.aws_region.this.region}:[0-9]{12}:key/[^,=\\s]+$", arn))])
    error_message = "kms_key_arns: give ARNs of keys of ${data.aws_region.this.region}, where bucket, queue and table are; a policy cannot grant an alias."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null: none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of the role."
  type        = string
  default     = "/trailkeep/"
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
