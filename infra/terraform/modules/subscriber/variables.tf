variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name is 3 to 32 lower-case letters, digits and dashes and begins with a letter; choose another."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is no policy's ARN (arn:aws:iam::ACCOUNT:policy/NAME); give one, or null."
  }
}

variable "role_path" {
  description = "IAM path of the role."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "role_path begins and ends with a slash: /trailkeep/, or / alone."
  }
}

variable "subscriber" {
  description = "Who is served: the SIEM's or team's short name, part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.subscriber))
    error_message = "subscriber is 2 to 20 lower-case letters, digits and dashes and begins with a letter; choose another."
  }
}

variable "principal_arns" {
  description = "Who may take the role: ARNs of roles, users or whole accounts (…:root)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.principal_arns) > 0
    error_message = "principal_arns is empty, so that nobody could read the queue; give the ARN of the subscriber's role, or arn:aws:iam::ACCOUNT:root."
  }

  validation {
    condition     = alltrue([for arn in var.principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[^*]+)$", arn))])
    error_message = "principal_arns has something that is no role's, user's or account's ARN, or a wildcard; write arn:aws:iam::ACCOUNT:role/NAME or arn:aws:iam::ACCOUNT:root."
  }
}

variable "external_id" {
  description = "What a caller must name to take the role, as the SIEM's vendor gives it; so that the vendor cannot be talked into reading for another customer. Demanded for principals of other accounts."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null || try(can(regex("^[A-Za-z0-9+=,.@:/_-]+$", var.external_id)) && length(var.external_id) >= 2 && length(var.external_id) <= 1224, false)
    error_message = "external_id is 2 to 1,224 letters, digits and +=,.@:/_-; take it as the vendor gives it, or make a UUID."
  }
}

variable "categories" {
  description = "Event categories that are announced and may be read: management, data, insight, network, aggregated."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.categories) > 0
    error_message = "categories is empty; name at least one of management, data, insight, network, aggregated."
  }

  validation {
    condition     = alltrue([for category in var.categories : try(contains(["management", "data", "insight", "network", "aggregated"], category), false)])
    error_message = "categories has one that no archive has; they are management, data, insight, network and aggregated."
  }

  validation {
    condition     = length(distinct(var.categories)) == length(var.categories)
    error_message = "categories names one twice; name each once."
  }
}

variable "accounts" {
  description = "Announce only files that may hold Records of these accounts; empty: of all. A filter of messages, not of rights: a file holds many accounts, and the role can read each file of its categories."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "accounts has one that is not twelve digits; write account ids as texts, so that leading zeros stay."
  }
}

variable "regions" {
  description = "Announce only files that may hold Records of these Regions; empty: of all. A filter of messages, not of rights."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions has something that is no Region; write them as us-east-1."
  }

  validation {
    # Each list has one more value, "not there", beside those that are asked for.
    condition = length(var.categories) * (
      length(var.accounts) == 0 ? 1 : length(var.accounts) + 1) * (
    length(var.regions) == 0 ? 1 : length(var.regions) + 1) <= 150
    error_message = "categories, accounts and regions together make more than the 150 combinations that a filter policy of SNS may have; name fewer, or leave regions or accounts out and let the subscriber choose."
  }
}

variable "topic_arn" {
  description = "Topic on which landed objects are announced."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.topic_arn))
    error_message = "topic_arn is no standard topic's ARN (arn:aws:sns:REGION:ACCOUNT:NAME; a FIFO topic tells no standard queue); give the announcements module's topic_arn."
  }
}

variable "archive_bucket_arn" {
  description = "Bucket of the archive."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archive_bucket_arn))
    error_message = "archive_bucket_arn is no bucket's ARN (arn:aws:s3:::NAME); give the audit-bucket module's bucket_arn."
  }
}

variable "archive_prefix" {
  description = "Where the archive begins in its bucket, without a slash at either end; empty: at the root."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.archive_prefix == "" || can(regex("^[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*$", var.archive_prefix)) && length(setintersection(split("/", var.archive_prefix), [".", ".."])) == 0
    error_message = "archive_prefix begins or ends with a slash, or has characters or parts that the collector does not take; write it as org or audit/org."
  }
}

variable "event_kms_key_arns" {
  description = "Key of each event category (category → ARN); those of `categories` are used, further ones are not."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for category in var.categories : try(contains(keys(var.event_kms_key_arns), category), false)])
    error_message = "event_kms_key_arns has no key for one of the categories; give each category's key, from the keys module's key_arns (events-CATEGORY)."
  }

  validation {
    condition     = alltrue([for arn in values(var.event_kms_key_arns) : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "event_kms_key_arns has something that is no key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID); aliases do not work in policies."
  }
}

variable "queue_kms_key_arn" {
  description = "Key that encrypts the queues (class `queue`). SNS must be able to use it: the keys module's policy lets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.queue_kms_key_arn))
    error_message = "queue_kms_key_arn is no key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID); give the key, not an alias, and never alias/aws/sqs, which SNS cannot use."
  }
}

variable "message_retention_seconds" {
  description = "How long the queue keeps an announcement that nobody fetches."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.message_retention_seconds >= 86400 && var.message_retention_seconds <= 1209600 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds is from 86400 (a day: a subscriber may be down for a weekend) to 1209600 (14 days, SQS's longest)."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a fetched announcement is hidden from others: longer than the subscriber needs for one file."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200 && floor(var.visibility_timeout_seconds) == var.visibility_timeout_seconds
    error_message = "visibility_timeout_seconds is a whole number from 30 to 43200 (12 hours); give what the subscriber needs for a file, and some more."
  }
}

variable "max_receive_count" {
  description = "How often an announcement is fetched in vain before it goes to the dead letters."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count is a whole number from 3 to 1000; fewer would bury announcements for a hiccup of the subscriber."
  }
}
