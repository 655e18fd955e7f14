variable "name" {
  description = "Prefix of every name: the topic is NAME-landed."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and dashes, begin with a letter and not end with a dash: choose another name."
  }
}

variable "tags" {
  description = "Tags of the topic."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the customer key that encrypts messages: key_arns[\"queue\"] of the module keys."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:${data.aws_partition.current.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:${data.aws_partition.current.partition}:kms:REGION:ACCOUNT:key/ID: alias/aws/sns lets no other account's queue in, and an alias does not do."
  }

  validation {
    condition     = try(split(":", var.kms_key_arn)[3] == data.aws_region.current.region, true)
    error_message = "kms_key_arn is a key of another Region than the topic: name a key of the Region that is applied to."
  }
}

variable "publisher_role_arns" {
  description = "Roles of this account that announce objects, and the only ones that may publish: the task role of the collector."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.publisher_role_arns) > 0
    error_message = "publisher_role_arns is empty, and nobody could announce: name the collector's task role."
  }

  validation {
    condition     = alltrue([for arn in var.publisher_role_arns : can(regex("^arn:${data.aws_partition.current.partition}:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "publisher_role_arns must be ARNs of roles without wildcards, arn:${data.aws_partition.current.partition}:iam::ACCOUNT:role/NAME: write each role out."
  }

  validation {
    condition     = alltrue([for arn in var.publisher_role_arns : try(split(":", arn)[4], "") == data.aws_caller_identity.current.account_id])
    error_message = "publisher_role_arns must be roles of the account that has the topic: what another account says of our archive is not to be believed."
  }
}

variable "subscriber_account_ids" {
  description = "Other accounts that may subscribe queues of theirs. Queues of this account may be subscribed by whom its IAM policies let."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.subscriber_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "subscriber_account_ids must be ids of accounts, twelve digits each, in quotes so that leading zeros stay."
  }
}

variable "organization_id" {
  description = "The organization that subscribing accounts must belong to, besides being listed: an account that leaves it can subscribe no more. Null: being listed is enough."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is none: o- and 10 to 32 lower-case letters and digits, as `aws organizations describe-organization` tells."
  }
}
