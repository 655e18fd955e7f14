variable "collector" {
  description = "The collector's tasks: size and number (see modules/collector); options, further variables of `trailkeep-collector --help` in lower case and without TRAILKEEP_, as { low_latency = \"true\" }; the retention class of originals; accounts whose own trails land besides the organization's; who may read /metrics."
  type = object({
    options           = optional(map(string), {})
    class_label       = optional(string, "standard")
    account_ids       = optional(list(string), [])
    cpu               = optional(number, 1024)
    memory            = optional(number, 2048)
    cpu_architecture  = optional(string, "ARM64")
    min_tasks         = optional(number, 2)
    max_tasks         = optional(number, 5)
    backlog_per_task  = optional(number, 20000)
    spot_share        = optional(number, 0)
    scaling_suspended = optional(bool, false)
    cluster           = optional(string)
    scrape_from = optional(object({
      cidrs              = optional(list(string), [])
      security_group_ids = optional(list(string), [])
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(keys(var.raw_classes), var.collector.class_label)
    error_message = "collector.class_label names a class that raw_classes does not have, so that what lands would never expire nor become cheaper: add it there, or name one of ${join(", ", keys(var.raw_classes))}."
  }

  # Read from the line that the collector writes each minute, in JSON, at level info (docs/metrics.md).
  validation {
    condition     = try(lookup(var.collector.options, "log_format", "json") == "json" && can(regex("(^|,)(trailkeep_collector=)?(info|debug|trace)(,|$)", lookup(var.collector.options, "log", "info"))), false)
    error_message = "collector.options: alarms are read from the collector's own log line of the minute. Leave log_format at json, and have info, debug or trace in log, with further targets behind a comma."
  }
}

variable "queue" {
  description = "The queue: how long it keeps what nobody fetched (4 to 7 days), and after how many receives a message goes to the dead-letter queue (10 or more)."
  type = object({
    message_retention_seconds = optional(number, 604800)
    max_receive_count         = optional(number, 12)
  })
  default  = {}
  nullable = false
}

variable "ledger" {
  description = "The ledger's table: whether it is protected from deletion, and for how many days it can be restored to a point in time."
  type = object({
    deletion_protection         = optional(bool, true)
    point_in_time_recovery_days = optional(number, 35)
  })
  default  = {}
  nullable = false
}

variable "log_group_retention_days" {
  description = "Days for which the services' own log lines are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "access_log_retention_days" {
  description = "Days for which access logs and inventories of the buckets are kept."
  type        = number
  default     = 400
  nullable    = false
}

variable "alarms" {
  description = "Who is told of alarms: e-mail addresses (each confirmed by its owner) and other subscribers (protocol and endpoint); what pages a person when anything is wrong (page_arns); after how many minutes without a landing, and above which thresholds (see modules/observability)."
  type = object({
    emails                  = optional(list(string), [])
    subscribers             = optional(list(object({ protocol = string, endpoint = string })), [])
    page_arns               = optional(list(string), [])
    landing_silence_minutes = optional(number, 60)
    thresholds = optional(object({
      oldest_message_age_seconds = optional(number)
      in_flight_messages         = optional(number)
      quarantined_per_5_minutes  = optional(number)
      denied_per_5_minutes       = optional(number)
      unpublished_minutes        = optional(number)
      tasks_missing_for_minutes  = optional(number)
      self_generated_per_hour    = optional(number)
      dead_letters               = optional(number)
    }), {})
    auditor = optional(object({
      silence_hours          = optional(number)
      attestation_late_hours = optional(number)
      roster_age_hours       = optional(number)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for address in var.alarms.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "alarms.emails has something that is no e-mail address: give addresses, and whatever else in alarms.subscribers with its protocol."
  }
}

variable "catalog" {
  description = "SQL by Athena: roles of analysts, who may then decrypt what they ask; the bytes after which a question is stopped; days after which answers are deleted, and whether a destroy deletes them; the first day that questions look at, YYYYMMDD. null: no catalog."
  type = object({
    analyst_role_arns      = optional(list(string), [])
    bytes_scanned_cutoff   = optional(number, 107374182400)
    results_retention_days = optional(number, 30)
    results_force_destroy  = optional(bool, false)
    since                  = optional(string, "20131101")
  })
  default = {}

  validation {
    condition     = alltrue([for arn in try(var.catalog.analyst_role_arns, []) : can(regex(local.own_role_pattern, arn))])
    error_message = "catalog.analyst_role_arns has one that is no role of this account: ${local.own_role_sentence}; ${local.identity_center_sentence}."
  }
}

variable "subscribers" {
  description = "SIEMs and teams that are told of what landed, by short name: who may take the role (ARNs; other accounts with an external id), which categories of events it may read, and, as a filter of messages and not of rights, accounts and Regions."
  type = map(object({
    principal_arns = list(string)
    external_id    = optional(string)
    categories     = list(string)
    accounts       = optional(list(string), [])
    regions        = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for subscriber in values(var.subscribers) : try(length(subscriber.categories) > 0 && alltrue([for category in subscriber.categories : category != null]), false)])
    error_message = "subscribers has one that is null or has no categories: name at least one of management, data, insight, network and aggregated."
  }

  validation {
    condition     = alltrue(flatten([for subscriber in values(var.subscribers) : try([for category in subscriber.categories : category == null || contains(local.event_categories, coalesce(category, "-"))], [])]))
    error_message = "subscribers[*].categories has one that is no category: name some of ${join(", ", local.event_categories)}."
  }
}

variable "endpoints" {
  description = "VPC endpoints for the tasks, by which nothing of theirs passes the internet: route tables of the subnets in `network`; which services (sts is added where a role reads the log bucket); their full names where these are others, as in China; who else of the VPC may use them. null: none are made, and the subnets have a NAT gateway or endpoints already."
  type = object({
    route_table_ids = list(string)
    services        = optional(set(string), ["dynamodb", "ecr.api", "ecr.dkr", "logs", "s3", "sns", "sqs"])
    service_names   = optional(map(string), {})
    client_cidrs    = optional(list(string), [])
  })
  default = null

  validation {
    condition     = try(length(var.endpoints.route_table_ids) > 0, var.endpoints == null)
    error_message = "endpoints.route_table_ids is empty: name the route tables of the subnets in network, or S3 and DynamoDB are not reached through their gateways."
  }

  # The gateway of S3 leads to buckets of its own Region.
  validation {
    condition     = var.endpoints == null || coalesce(try(var.existing_trail.log_bucket_region, null), data.aws_region.this.region) == data.aws_region.this.region || length(var.network.egress_cidrs) > 0
    error_message = "endpoints: the log bucket is in ${coalesce(try(var.existing_trail.log_bucket_region, null), "another Region")}, where no endpoint of this VPC leads. Give network.egress_cidrs a way there, as 0.0.0.0/0 by a NAT gateway, or replicate the bucket into this Region (existing_trail.mode = \"replicated\")."
  }
}
