variable "name" {
  description = "Prefix of every name that is made."
  type        = string
  default     = "trailkeep"
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name has 3 to 32 lower-case letters, digits and dashes, begins with a letter and does not end with a dash."
  }
}

variable "tags" {
  description = "Tags of everything that can be tagged."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key of the alarm topic. Its policy must let cloudwatch.amazonaws.com and events.amazonaws.com use it: the keys module's class `queue` does. The managed key alias/aws/sns cannot be used by other services."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a customer key (arn:…:key/…), not an alias: take key_arns[\"queue\"] of the keys module."
  }
}

variable "queue_name" {
  description = "Name of the collector's queue; null where there is no collector."
  type        = string
  default     = null
  validation {
    condition     = var.queue_name == null || can(regex("^[A-Za-z0-9_-]{1,80}$", var.queue_name))
    error_message = "queue_name is the name of a standard queue, neither its URL nor its ARN."
  }
}

variable "dead_letter_queue_name" {
  description = "Name of its dead-letter queue; null where there is no collector."
  type        = string
  default     = null
  validation {
    condition     = var.dead_letter_queue_name == null || var.dead_letter_queue_name != var.queue_name
    error_message = "dead_letter_queue_name is the queue itself: give the name of its dead-letter queue."
  }
}

variable "cluster_name" {
  description = "Name of the ECS cluster that the services run on. Container Insights must be on there: it has the numbers of running tasks."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster_name))
    error_message = "cluster_name is the name of an ECS cluster, not its ARN."
  }
}

variable "service_names" {
  description = "Names of the ECS services, each watched for tasks that do not run."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.service_names : can(regex("^[A-Za-z0-9_-]{1,255}$", name))])
    error_message = "service_names has names of ECS services, neither ARNs nor null: leave out a service that does not run yet."
  }
}

variable "collector_log_group_name" {
  description = "Log group of the collector: the metrics of its alarms are read from the line that it writes each minute (docs/metrics.md). null: there is no collector in this account, and none of its alarms."
  type        = string
  default     = null
  validation {
    condition     = var.collector_log_group_name == null || can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.collector_log_group_name))
    error_message = "collector_log_group_name is the name of a log group, not its ARN: give the collector module's log_group_name."
  }
}

variable "auditor_log_group_name" {
  description = "Log group of the auditor: its alarms are read from the line that it writes after each round. null: there is no auditor, and none of its alarms."
  type        = string
  default     = null
  validation {
    condition     = var.auditor_log_group_name == null || can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.auditor_log_group_name))
    error_message = "auditor_log_group_name is the name of a log group, not its ARN: give the auditor module's log_group_name."
  }
}

variable "auditor" {
  description = "When alarms of the auditor are raised: hours without a round, hours for which an attestation is due, age of the list of accounts in hours."
  type = object({
    silence_hours          = optional(number, 3)
    attestation_late_hours = optional(number, 6)
    roster_age_hours       = optional(number, 48)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.auditor.silence_hours >= 2 && var.auditor.silence_hours <= 24 && floor(var.auditor.silence_hours) == var.auditor.silence_hours
    error_message = "auditor.silence_hours is a whole number from 2 (a round is every hour) to 24 (CloudWatch looks back one day at most)."
  }
  validation {
    condition     = var.auditor.attestation_late_hours >= 0 && var.auditor.roster_age_hours >= 24
    error_message = "auditor.attestation_late_hours is 0 or more, and auditor.roster_age_hours 24 or more: the list is asked for once a day."
  }
}

variable "landing_silence_minutes" {
  description = "Nothing landed for so long raises an alarm. An organization's trail delivers every few minutes, and a Batch may be open for 15."
  type        = number
  default     = 60
  nullable    = false
  validation {
    condition     = var.landing_silence_minutes >= 20 && var.landing_silence_minutes <= 1440 && var.landing_silence_minutes % 5 == 0
    error_message = "landing_silence_minutes is a multiple of 5 from 20 (a Batch may be open for 15 minutes) to 1440 (CloudWatch looks back one day at most)."
  }
}

variable "thresholds" {
  description = "When alarms are raised: age of the oldest message in seconds; messages in flight, of the 120,000 that SQS allows; findings in quarantine and denied calls in 5 minutes; minutes for which Batches stay unpublished or tasks do not run."
  type = object({
    oldest_message_age_seconds = optional(number, 3600)
    in_flight_messages         = optional(number, 100000)
    quarantined_per_5_minutes  = optional(number, 0)
    denied_per_5_minutes       = optional(number, 0)
    unpublished_minutes        = optional(number, 15)
    tasks_missing_for_minutes  = optional(number, 15)
    self_generated_per_hour    = optional(number, 0)
    dead_letters               = optional(number, 0)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.thresholds.oldest_message_age_seconds >= 1800
    error_message = "thresholds.oldest_message_age_seconds is below 1800: messages wait for up to 15 minutes in an open Batch, on purpose, and as long again after a worker was killed."
  }
  validation {
    condition     = var.thresholds.in_flight_messages > 0 && var.thresholds.in_flight_messages < 120000
    error_message = "thresholds.in_flight_messages must be below 120,000: at that number SQS hands out nothing more, and says so to nobody."
  }
  validation {
    condition     = alltrue([for minutes in [var.thresholds.unpublished_minutes, var.thresholds.tasks_missing_for_minutes] : minutes >= 5 && minutes <= 1440 && minutes % 5 == 0])
    error_message = "thresholds.unpublished_minutes and thresholds.tasks_missing_for_minutes are multiples of 5, from 5 to 1440."
  }
  validation {
    condition     = alltrue([for count in [var.thresholds.quarantined_per_5_minutes, var.thresholds.denied_per_5_minutes, var.thresholds.self_generated_per_hour, var.thresholds.dead_letters] : count >= 0])
    error_message = "thresholds that count something are 0 or more: an alarm is raised above them."
  }
}

variable "extra_alarms" {
  description = "Further alarms, by name, for services to come or metrics of your own. `comparison` is a ComparisonOperator of CloudWatch, `missing` one of missing, ignore, breaching, notBreaching."
  type = map(object({
    description        = string
    namespace          = string
    metric_name        = string
    dimensions         = optional(map(string), {})
    statistic          = optional(string, "Sum")
    period_seconds     = optional(number, 300)
    evaluation_periods = optional(number, 1)
    comparison         = optional(string, "GreaterThanThreshold")
    threshold          = optional(number, 0)
    missing            = optional(string, "notBreaching")
  }))
  default  = {}
  nullable = false
  validation {
    condition     = length(setintersection(keys(var.extra_alarms), concat(["anything"], [for name in var.service_names : "tasks-${name}"], ["dead-letters", "oldest-message", "in-flight", "nothing-landed", "quarantine", "access-denied", "receiving-paused", "unpublished", "self-generated", "gap-found", "verification-failed", "attestation-late", "auditor-silent", "round-failed", "not-healed", "roster-stale"]))) == 0
    error_message = "extra_alarms has a name that this module uses itself: rename it, or change thresholds."
  }
  validation {
    condition = alltrue([for alarm in values(var.extra_alarms) : try(
      alarm.period_seconds >= 60 && alarm.period_seconds % 60 == 0 && alarm.evaluation_periods >= 1 && floor(alarm.evaluation_periods) == alarm.evaluation_periods
    && alarm.period_seconds * alarm.evaluation_periods <= 86400, false)])
    error_message = "In extra_alarms, period_seconds is a multiple of 60, evaluation_periods a whole number from 1, and period_seconds × evaluation_periods at most one day (86400)."
  }
  validation {
    condition     = alltrue([for name in keys(var.extra_alarms) : can(regex("^[A-Za-z0-9_-]{1,100}$", name))])
    error_message = "The name of an alarm in extra_alarms has 1 to 100 letters, digits, underscores and dashes: the rule of the composite alarm quotes it."
  }
  validation {
    condition = alltrue([for alarm in values(var.extra_alarms) : try(
      contains(["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"], alarm.comparison)
      && contains(["Average", "Maximum", "Minimum", "SampleCount", "Sum"], alarm.statistic)
    && contains(["missing", "ignore", "breaching", "notBreaching"], alarm.missing), false)])
    error_message = "In extra_alarms, comparison is GreaterThanThreshold, GreaterThanOrEqualToThreshold, LessThanThreshold or LessThanOrEqualToThreshold, statistic is Average, Maximum, Minimum, SampleCount or Sum, and missing is missing, ignore, breaching or notBreaching."
  }
}

variable "subscribers" {
  description = "Who is told of alarms: protocol email, https, sqs or lambda, and the address. E-mail addresses must be confirmed by their owner; ARNs have to be known before an apply, so not be outputs of what the same apply makes."
  type        = list(object({ protocol = string, endpoint = string }))
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for subscriber in var.subscribers : try(contains(["email", "https", "sqs", "lambda"], subscriber.protocol), false)])
    error_message = "The protocol of a subscriber is email, https, sqs or lambda; plain http is not: alarms name resources."
  }
  validation {
    condition = alltrue([for subscriber in var.subscribers : try(can(regex({
      email = "^[^@\\s]+@[^@\\s]+$", https = "^https://", sqs = "^arn:[a-z-]+:sqs:", lambda = "^arn:[a-z-]+:lambda:"
    }[subscriber.protocol], subscriber.endpoint)), true)])
    error_message = "The endpoint of a subscriber is an address for email, a URL that begins with https:// for https, and the ARN of a queue or function for sqs and lambda."
  }
  validation {
    condition     = length(distinct(var.subscribers)) == length(var.subscribers)
    error_message = "subscribers has the same endpoint twice: name each once."
  }
}

variable "page_arns" {
  description = "Actions of the composite alarm, which says that something is wrong at all: as the ARN of the topic that pages a person. Each single alarm goes to this module's own topic in any case."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.page_arns : can(regex("^arn:[a-z-]+:(sns|lambda|ssm|ssm-incidents|ssm-contacts):", arn))])
    error_message = "page_arns has the ARNs of what acts: topics, functions, or OpsItems and incidents of Systems Manager."
  }
}
