variable "event_selectors" {
  description = <<-EOT
    What the trail records. `management`: read_write All, ReadOnly or WriteOnly, and exclude_event_sources (kms.amazonaws.com, rdsdata.amazonaws.com), whose events are then lost altogether, DisableKey and ScheduleKeyDeletion among them; record = false records no management events at all.
    `data`: one selector each, by resource_type (AWS::S3::Object), with further fields (eventName, eventSource, eventType, resources.ARN, sessionCredentialFromConsole, userIdentity.arn). `network_activity`: one selector each, by event_source, with further fields (eventName, vpcEndpointId); denied_only records only what an endpoint policy refused.
    Within a selector all fields have to match; an event is recorded if one selector matches.
  EOT
  type = object({
    management = optional(object({
      record                = optional(bool, true)
      read_write            = optional(string, "All")
      exclude_event_sources = optional(set(string), [])
    }), {})
    data = optional(list(object({
      name          = string
      resource_type = string
      read_write    = optional(string, "All")
      fields = optional(list(object({
        field           = string
        equals          = optional(list(string), [])
        not_equals      = optional(list(string), [])
        starts_with     = optional(list(string), [])
        not_starts_with = optional(list(string), [])
        ends_with       = optional(list(string), [])
        not_ends_with   = optional(list(string), [])
      })), [])
    })), [])
    network_activity = optional(list(object({
      name         = string
      event_source = string
      denied_only  = optional(bool, false)
      fields = optional(list(object({
        field           = string
        equals          = optional(list(string), [])
        not_equals      = optional(list(string), [])
        starts_with     = optional(list(string), [])
        not_starts_with = optional(list(string), [])
        ends_with       = optional(list(string), [])
        not_ends_with   = optional(list(string), [])
      })), [])
    })), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(var.event_selectors.management.record || length(var.event_selectors.data) + length(var.event_selectors.network_activity) > 0, false)
    error_message = "event_selectors records nothing, or has an entry that is null: leave management events on, or add a selector to data or network_activity."
  }

  validation {
    condition = try(alltrue([for read_write in concat([var.event_selectors.management.read_write], var.event_selectors.data[*].read_write) :
    contains(["All", "ReadOnly", "WriteOnly"], read_write)]), false)
    error_message = "event_selectors: read_write is All, ReadOnly or WriteOnly."
  }

  validation {
    condition     = try(length(setsubtract(var.event_selectors.management.exclude_event_sources, ["kms.amazonaws.com", "rdsdata.amazonaws.com"])) == 0, false)
    error_message = "event_selectors.management.exclude_event_sources: a trail can leave out kms.amazonaws.com and rdsdata.amazonaws.com only; take the others off the list."
  }

  validation {
    condition     = try(alltrue([for s in concat(var.event_selectors.data[*].name, var.event_selectors.network_activity[*].name) : length(s) >= 1 && length(s) <= 1000]), false)
    error_message = "event_selectors: the name of a selector has 1 to 1000 characters."
  }

  validation {
    condition = try(alltrue([for s in var.event_selectors.data :
    can(regex("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", s.resource_type)) && (lower(s.resource_type) != "aws::s3::object" || s.resource_type == "AWS::S3::Object")]), false)
    error_message = "event_selectors.data: resource_type is one of CloudTrail's, spelled as CloudTrail spells it (AWS::S3::Object, AWS::Lambda::Function, AWS::DynamoDB::Table)."
  }

  validation {
    condition = try(alltrue(flatten([for s in var.event_selectors.data : [for f in s.fields :
    contains(["eventName", "eventSource", "eventType", "resources.ARN", "sessionCredentialFromConsole", "userIdentity.arn"], f.field)]])), false)
    error_message = "event_selectors.data: fields has eventName, eventSource, eventType, resources.ARN, sessionCredentialFromConsole and userIdentity.arn; read or write is set by read_write, the type by resource_type."
  }

  validation {
    condition = try(alltrue(flatten([for s in var.event_selectors.data : [for f in s.fields :
      f.field != "sessionCredentialFromConsole" || (
        length(concat(f.starts_with, f.not_starts_with, f.ends_with, f.not_ends_with)) == 0 && alltrue([for v in concat(f.equals, f.not_equals) : v == "true"])
    )]])), false)
    error_message = "event_selectors.data: sessionCredentialFromConsole takes equals = [\"true\"] or not_equals = [\"true\"] and nothing else."
  }

  validation {
    condition     = try(alltrue(flatten([for s in var.event_selectors.network_activity : [for f in s.fields : contains(["eventName", "vpcEndpointId"], f.field)]])), false)
    error_message = "event_selectors.network_activity: fields has eventName and vpcEndpointId; the service is set by event_source, refusals only by denied_only."
  }

  validation {
    condition     = try(alltrue([for s in var.event_selectors.network_activity : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", s.event_source))]), false)
    error_message = "event_selectors.network_activity: event_source is the name of a service as events have it, as in secretsmanager.amazonaws.com."
  }

  validation {
    condition = try(alltrue([for fields in concat(var.event_selectors.data[*].fields, var.event_selectors.network_activity[*].fields) :
    length(distinct(fields[*].field)) == length(fields)]), false)
    error_message = "event_selectors: a selector has the same field twice; put all of its operators into one entry."
  }

  validation {
    condition = try(alltrue(flatten([for fields in concat(var.event_selectors.data[*].fields, var.event_selectors.network_activity[*].fields) : [for f in fields :
    length(concat(f.equals, f.not_equals, f.starts_with, f.not_starts_with, f.ends_with, f.not_ends_with)) > 0]])), false)
    error_message = "event_selectors: a field without a value; give it one of equals, not_equals, starts_with, not_starts_with, ends_with, not_ends_with, or leave it out."
  }

  validation {
    condition = try(alltrue(flatten([for fields in concat(var.event_selectors.data[*].fields, var.event_selectors.network_activity[*].fields) : [for f in fields :
      [for v in concat(f.equals, f.not_equals, f.starts_with, f.not_starts_with, f.ends_with, f.not_ends_with) : can(regex("^[^*]+$", v)) && length(v) <= 2048]
    ]])), false)
    error_message = "event_selectors: a value has 1 to 2048 characters and no *, which selectors take literally; use starts_with or ends_with instead."
  }

  # A slash at the end, or none at all, is the ARN of a bucket: an object never equals it, so such a selector silently does nothing.
  validation {
    condition = try(alltrue(flatten([for s in var.event_selectors.data : [for f in s.fields : [for v in concat(f.equals, f.not_equals) : can(regex("^arn:[a-z-]+:s3:::[^/]+/.*[^/]$", v))]
    if s.resource_type == "AWS::S3::Object" && f.field == "resources.ARN"]])), false)
    error_message = "event_selectors.data: equals and not_equals on resources.ARN of AWS::S3::Object need the ARN of an object; for a bucket or a prefix use starts_with or not_starts_with (arn:PARTITION:s3:::BUCKET/)."
  }
}
