variable "name" {
  description = "Prefix of the names of the role and the log group."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,30}$", var.name))
    error_message = "name is a prefix of 1 to 31 lower-case letters, digits and dashes that begins with a letter or digit: shorten it or replace the other characters."
  }
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the role that CloudTrail takes to write to CloudWatch Logs; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of an IAM policy (arn:PARTITION:iam::ACCOUNT:policy/NAME), or null."
  }
}

variable "role_path" {
  description = "Path of the role that CloudTrail takes to write to CloudWatch Logs."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path))
    error_message = "role_path begins and ends with a slash, as in /trailkeep/."
  }
}

variable "trail_name" {
  description = "Name of the trail. The policies of the log bucket and its key name the trail by it, so give the audit account the same."
  type        = string
  nullable    = false

  validation {
    condition = alltrue([
      can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]{1,126})[A-Za-z0-9]$", var.trail_name)),
      !can(regex("[._-]{2}", var.trail_name)),
      !can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$", var.trail_name)),
    ])
    error_message = "trail_name has 3 to 128 letters, digits, dots, underscores and dashes, begins and ends with a letter or digit, has no two of the signs side by side and is no IP address: choose such a name."
  }
}

variable "organization_id" {
  description = "Id of the organization (o-…). CloudTrail begins the names of the organization's log streams with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is the id of an organization, o- and 10 to 32 lower-case letters and digits: take it from `aws organizations describe-organization`."
  }
}

variable "management_account_id" {
  description = "Account that manages the organization. It owns the trail, whoever makes it: the trail's ARN has this account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.management_account_id))
    error_message = "management_account_id is an account id of 12 digits."
  }
}

variable "delegated_administrator_account_ids" {
  description = "CloudTrail's delegated administrators, who may apply this module instead of the management account. Empty: the management account only."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.delegated_administrator_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "delegated_administrator_account_ids has account ids of 12 digits."
  }

  validation {
    condition     = length(var.delegated_administrator_account_ids) <= 3
    error_message = "delegated_administrator_account_ids has more than 3 accounts, and CloudTrail takes 3 delegated administrators at most: leave some out."
  }

  validation {
    condition     = !contains(var.delegated_administrator_account_ids, var.management_account_id)
    error_message = "delegated_administrator_account_ids names the management account, which cannot be delegated to: leave it out, it may make the trail as it is."
  }
}

variable "log_bucket_name" {
  description = "Bucket in the audit account that CloudTrail writes to. Its policy has to be there before the trail is made: CreateTrail tries to write."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket_name)) && !strcontains(var.log_bucket_name, "..")
    error_message = "log_bucket_name is the name of a bucket (3 to 63 lower-case letters, digits, dots and dashes), not its ARN."
  }
}

variable "key_prefix" {
  description = "Prefix of the keys in the log bucket, before AWSLogs/, the same as the log bucket's module has. Empty for none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*)?$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix has at most 200 characters and neither begins nor ends with a slash, as in security/cloudtrail."
  }

  validation {
    condition     = !contains(split("/", var.key_prefix), "AWSLogs")
    error_message = "key_prefix has AWSLogs as one of its parts, which CloudTrail adds itself: leave it out."
  }
}

variable "kms_key_arn" {
  description = "Key that CloudTrail encrypts log files and digests with: an ARN, in the Region of the log bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key (arn:PARTITION:kms:REGION:ACCOUNT:key/ID), not an alias: an alias can be turned to another key."
  }
}

variable "sns_topic_arn" {
  description = "Topic that CloudTrail tells of each delivery; null for none. Not needed where the bucket notifies. Its policy must allow the trail."
  type        = string
  default     = null

  validation {
    condition     = var.sns_topic_arn == null || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.sns_topic_arn))
    error_message = "sns_topic_arn is the ARN of a standard topic (arn:PARTITION:sns:REGION:ACCOUNT:NAME); CloudTrail does not publish to FIFO topics."
  }
}

variable "excluded_bucket_arns" {
  description = "Buckets of the archive (audit, log, access logs, results) whose objects no data selector records, or the trail would record its own landing. The log bucket is always among them. A bucket that is left out of the list is recorded like any other."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.excluded_bucket_arns : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", arn))])
    error_message = "excluded_bucket_arns has ARNs of buckets (arn:PARTITION:s3:::BUCKET) without a slash or wildcard behind: the module adds the slash."
  }
}

variable "excluded_resource_arns" {
  description = "Other resources of the archive that data selectors of their type leave out: type (AWS::DynamoDB::Table, AWS::SQS::Queue, AWS::SNS::Topic…) → ARNs. Only matters where event_selectors.data has the type."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for type in keys(var.excluded_resource_arns) : can(regex("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", type)) && lower(type) != "aws::s3::object"])
    error_message = "excluded_resource_arns has CloudTrail's resource types as keys (AWS::DynamoDB::Table); objects in S3 belong into excluded_bucket_arns."
  }

  validation {
    condition     = try(alltrue(flatten([for arns in values(var.excluded_resource_arns) : [for arn in arns : can(regex("^arn:[a-z-]+:[a-z0-9-]+:[^*]+$", arn))]])), false)
    error_message = "excluded_resource_arns has whole ARNs as values: selectors know no wildcard."
  }
}

variable "insights" {
  description = "Insights on management events: ApiCallRateInsight (unusual numbers of write calls), ApiErrorRateInsight (unusual numbers of errors). Charged per event analysed, each type by itself."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.insights, ["ApiCallRateInsight", "ApiErrorRateInsight"])) == 0
    error_message = "insights has ApiCallRateInsight and ApiErrorRateInsight only: correct the name."
  }

  validation {
    condition     = length(var.insights) == 0 || var.event_selectors.management.record
    error_message = "insights are computed on management events, and event_selectors.management.record is false: record management events or leave insights empty."
  }

  validation {
    condition     = !contains(var.insights, "ApiCallRateInsight") || var.event_selectors.management.read_write != "ReadOnly"
    error_message = "insights has ApiCallRateInsight, which counts write calls, and event_selectors.management.read_write is ReadOnly: set it to All or WriteOnly, or leave the insight out."
  }
}

variable "cloudwatch_logs" {
  description = "Sends the events to CloudWatch Logs too, in the account that applies this module: a group of this name, encrypted with this key (of this Region; its policy must allow logs.REGION.amazonaws.com for the group). Charged per byte; null for none."
  type = object({
    kms_key_arn    = string
    log_group_name = optional(string)
    retention_days = optional(number, 365)
  })
  default = null

  validation {
    condition     = var.cloudwatch_logs == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.cloudwatch_logs.kms_key_arn))
    error_message = "cloudwatch_logs.kms_key_arn is the ARN of a key (arn:PARTITION:kms:REGION:ACCOUNT:key/ID)."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", coalesce(try(var.cloudwatch_logs.log_group_name, null), "unnamed")))
    error_message = "cloudwatch_logs.log_group_name has 1 to 512 letters, digits and the signs _ - / . #."
  }

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], try(var.cloudwatch_logs.retention_days, 365))
    error_message = "cloudwatch_logs.retention_days is one of 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, which CloudWatch Logs knows: choose the next longer."
  }
}
