variable "name" {
  description = "Prefix of every name: the aliases are alias/NAME-CLASS, and queues, topics, alarms, rules, the ledger's table and log groups are told to be ours by it."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and dashes, begin with a letter and not end with a dash: choose another name."
  }
}

variable "tags" {
  description = "Tags of every key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "administrator_role_arns" {
  description = "Roles of this account that may manage the keys, and may not use them. Empty: the account decides by its own IAM policies. Whoever applies must be among them, or KMS refuses the policy. Of an Identity Center role the random ending may be *."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for arn in var.administrator_role_arns :
      can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn)) || can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*$", arn))
    ])
    error_message = "administrator_role_arns must be ARNs of roles, arn:${data.aws_partition.current.partition}:iam::ACCOUNT:role/NAME, without wildcards (but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write each role out."
  }

  validation {
    condition     = alltrue([for arn in var.administrator_role_arns : try(split(":", arn)[4], "") == data.aws_caller_identity.current.account_id])
    error_message = "administrator_role_arns must be roles of the account that has the keys: leave out those of other accounts."
  }

  validation {
    condition = alltrue(flatten([
      for arn in var.administrator_role_arns : [
        for other in flatten([values(var.users), values(var.readers), values(var.replicators)]) : !(
          (endswith(other, "*") ? startswith(trimsuffix(arn, "*"), trimsuffix(other, "*")) : arn == other) ||
          (endswith(arn, "*") ? startswith(trimsuffix(other, "*"), trimsuffix(arn, "*")) : false)
        )
      ]
    ]))
    error_message = "A role of administrator_role_arns is also named, or matched by a pattern, in users, readers or replicators: who manages a key must not use it, so take the role out of one of the two."
  }
}

variable "event_categories" {
  description = "Categories of events that have a key of their own, events-CATEGORY. A category that is taken out loses its key, and what the key has encrypted with it."
  type        = set(string)
  default     = ["management", "data", "insight", "network", "aggregated"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.event_categories, ["management", "data", "insight", "network", "aggregated"])) == 0
    error_message = "event_categories may name management, data, insight, network and aggregated: take out what is none of these."
  }
}

variable "classes" {
  description = "Classes to make keys for, of those that there are with the other inputs; null: all. An auditor in an account of its own needs queue, logs and attest there. A class that is taken out loses its key, and what the key has encrypted with it."
  type        = set(string)
  default     = null

  validation {
    condition     = length(setsubtract(coalesce(var.classes, []), concat(["raw", "queue", "table", "logs", "results", "attest", "trail"], [for category in var.event_categories : "events-${category}"]))) == 0
    error_message = "classes names one that there is not: raw, events-CATEGORY (of event_categories), queue, table, logs, results, attest and trail are."
  }

  validation {
    condition     = var.classes == null || length(setsubtract(concat(keys(var.users), keys(var.readers), keys(var.replicators)), coalesce(var.classes, []))) == 0
    error_message = "classes leaves out a class that users, readers or replicators name: add it, or take it out there."
  }
}

variable "users" {
  description = "Class to ARNs, or patterns that end with *, of roles of this account that may use the key by way of the class's service: encrypt and decrypt; of trail decrypt only; of attest sign and verify. Classes: raw, events-CATEGORY, queue, table, results, trail, attest."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.users), "logs")
    error_message = "users names the class logs: CloudWatch Logs itself uses that key for whoever may read the log group, so take it out."
  }

  validation {
    condition = alltrue([
      for class in keys(var.users) : class == "logs" || contains(concat(
        ["raw", "queue", "table", "results", "attest"], [for category in var.event_categories : "events-${category}"], var.log_bucket_name == null ? [] : ["trail"]
      ), class)
    ])
    error_message = "users names a class that has no key: raw, events-CATEGORY (of event_categories), queue, table, results, attest, and trail where log_bucket_name is given."
  }

  validation {
    condition     = alltrue([for arn in flatten(values(var.users)) : can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/([\\w+=,.@/-]+|[\\w+=,.@/-]{3,}\\*)$", arn))])
    error_message = "users must be ARNs of roles, arn:${data.aws_partition.current.partition}:iam::ACCOUNT:role/NAME; a * may stand at the end only, after three characters of path or name at least: write out whom you mean."
  }

  validation {
    condition     = alltrue([for arn in flatten(values(var.users)) : try(split(":", arn)[4], "") == data.aws_caller_identity.current.account_id])
    error_message = "users must be roles of the account that has the keys: other accounts may only read, by readers, or replicate, by replicators."
  }
}

variable "readers" {
  description = "Class to ARNs of roles, users or whole accounts (arn:PARTITION:iam::ACCOUNT:root), of other accounts too, that may decrypt by way of the class's service and do nothing else; of attest get the public key and verify. Classes: raw, events-CATEGORY, queue, results, trail, attest."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for class in keys(var.readers) : contains(concat(
        ["raw", "queue", "results", "attest"], [for category in var.event_categories : "events-${category}"], var.log_bucket_name == null ? [] : ["trail"]
      ), class)
    ])
    error_message = "readers names a class that nobody reads by itself, or that has no key: raw, events-CATEGORY (of event_categories), queue, results, attest, and trail where log_bucket_name is given."
  }

  validation {
    condition = alltrue([
      for arn in flatten(values(var.readers)) :
      can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:(root|(role|user)/[\\w+=,.@/-]+)$", arn)) || can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*$", arn))
    ])
    error_message = "readers must be ARNs of roles, users or accounts, without wildcards (but for the ending of an Identity Center role, AWSReservedSSO_NAME_*): write out who may read."
  }

  validation {
    condition     = !contains(flatten(values(var.readers)), "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root")
    error_message = "readers names the whole account that has the keys, its administrators with it: name the roles that read."
  }
}

variable "replicators" {
  description = "Class to ARNs of roles, of other accounts too, by which S3 replicates objects into the bucket of the class: they may encrypt there and not decrypt. Classes: raw, events-CATEGORY, trail."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for class in keys(var.replicators) :
      contains(concat(["raw"], [for category in var.event_categories : "events-${category}"], var.log_bucket_name == null ? [] : ["trail"]), class)
    ])
    error_message = "replicators names a class whose bucket nothing is replicated into, or that has no key: raw, events-CATEGORY (of event_categories), and trail where log_bucket_name is given."
  }

  validation {
    condition     = alltrue([for arn in flatten(values(var.replicators)) : can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "replicators must be ARNs of roles without wildcards, arn:${data.aws_partition.current.partition}:iam::ACCOUNT:role/NAME: write each role out."
  }
}

variable "archive_bucket_name" {
  description = "The archive bucket: the keys of raw and of the events encrypt nothing else."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archive_bucket_name))
    error_message = "archive_bucket_name is no name of a bucket (3 to 63 lower-case letters, digits, dots and dashes): give the bucket's name, not its ARN or URL."
  }
}

variable "log_bucket_name" {
  description = "The log bucket of this account, whose key is trail; its announcements may use the key of queue. Null: somebody else owns the log bucket, and there is no key trail."
  type        = string
  default     = null

  validation {
    condition     = var.log_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket_name))
    error_message = "log_bucket_name is no name of a bucket (3 to 63 lower-case letters, digits, dots and dashes): give the bucket's name, not its ARN or URL."
  }

  validation {
    condition     = try(var.log_bucket_name != var.archive_bucket_name, true)
    error_message = "log_bucket_name and archive_bucket_name are the same bucket: CloudTrail must write to another one than the archive."
  }
}

variable "results_bucket_name" {
  description = "The bucket of query results, which the key of results is then pinned to. Null: the key may be used for any bucket of S3 by its users."
  type        = string
  default     = null

  validation {
    condition     = var.results_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket_name))
    error_message = "results_bucket_name is no name of a bucket (3 to 63 lower-case letters, digits, dots and dashes): give the bucket's name, not its ARN or URL."
  }
}

variable "trail_arns" {
  description = "Trails that write to the log bucket or notify our topic. A trail's ARN has the account that made it: of an organization trail the management account's, also under a delegated administrator."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trail_arns : can(regex("^arn:${data.aws_partition.current.partition}:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}$", arn))])
    error_message = "trail_arns must be ARNs of trails without wildcards, arn:${data.aws_partition.current.partition}:cloudtrail:HOME-REGION:ACCOUNT:trail/NAME: correct the one that is not."
  }
}

variable "source_account_ids" {
  description = "Accounts whose buckets or topics announce objects to our queue or topic: where the log bucket is another account's, that one. This account may be named, where a bucket or topic of it announces that is not log_bucket_name or not named NAME-…."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.source_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "source_account_ids must be ids of accounts, twelve digits each, in quotes so that leading zeros stay."
  }
}

variable "organization_id" {
  description = "The organization that readers and replicators must belong to. Null: their ARNs alone are looked at."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is none: o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization` tells."
  }
}

variable "deletion_window_in_days" {
  description = "Days during which a key that was scheduled for deletion can be brought back. What it encrypted is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30 && floor(var.deletion_window_in_days) == var.deletion_window_in_days
    error_message = "deletion_window_in_days must be a whole number from 7 to 30: KMS takes no other."
  }
}

variable "rotation_period_in_days" {
  description = "Days after which KMS makes new key material. What older material encrypted stays readable."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.rotation_period_in_days >= 90 && var.rotation_period_in_days <= 2560 && floor(var.rotation_period_in_days) == var.rotation_period_in_days
    error_message = "rotation_period_in_days must be a whole number from 90 to 2560: KMS takes no other."
  }
}

variable "attest_key_spec" {
  description = "Kind of the key that signs attestations: ECC_NIST_P256, RSA_2048, RSA_3072 or RSA_4096. Another kind is another key: older signatures are then verified with the public key that was kept with them."
  type        = string
  default     = "ECC_NIST_P256"
  nullable    = false

  validation {
    condition     = contains(["ECC_NIST_P256", "RSA_2048", "RSA_3072", "RSA_4096"], var.attest_key_spec)
    error_message = "attest_key_spec must be ECC_NIST_P256, RSA_2048, RSA_3072 or RSA_4096."
  }
}
