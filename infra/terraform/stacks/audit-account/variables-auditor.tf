variable "auditor" {
  description = "The auditor (see modules/auditor): its image, pinned by digest (null: everything but the tasks, for a first push to auditor_repository_url); a second task in waiting; whether it has what is missing fetched (heal), signs (attest), after which keys (former_attest_key_arns, of this Region; see modules/auditor), looks into the log buckets (null: where they are ours); how it asks for accounts: role (in the management account), delegated (as it is, being let by the organization) or none; who is told of findings; heads, the bucket of modules/heads-bucket in another account; elsewhere, the task role of an auditor in another account, for which only a role is made here; options, further variables of `trailkeep-auditor --help` in lower case and without TRAILKEEP_; egress_cidrs, whom its tasks may connect to besides, where `endpoints` or `network` bound that. null: no auditor, and nothing of it."
  type = object({
    image                  = optional(string)
    standby                = optional(bool, false)
    heal                   = optional(bool, true)
    attest                 = optional(bool, true)
    former_attest_key_arns = optional(list(string), [])
    archive_name           = optional(string)
    look_into_log_buckets  = optional(bool)
    organization           = optional(string, "role")
    emails                 = optional(list(string), [])
    subscribers            = optional(list(object({ protocol = string, endpoint = string })), [])
    heads = optional(object({
      bucket_name = string
      account_id  = string
      prefix      = optional(string, "")
      kms_key_arn = optional(string)
      role_arn    = optional(string)
      external_id = optional(string)
    }))
    elsewhere        = optional(object({ task_role_arn = string, external_id = string }))
    options          = optional(map(string), {})
    cpu              = optional(number, 1024)
    memory           = optional(number, 2048)
    cpu_architecture = optional(string, "ARM64")
    egress_cidrs     = optional(list(string), [])
    scrape_from = optional(object({
      cidrs              = optional(list(string), [])
      security_group_ids = optional(list(string), [])
    }), {})
  })
  default = {}

  validation {
    condition     = try(contains(["role", "delegated", "none"], var.auditor.organization), var.auditor == null)
    error_message = "auditor.organization has to be role (a role in the management account, which stacks/management-account makes), delegated (it asks as it is, being let by the organization) or none."
  }

  validation {
    condition     = try(var.auditor.image, null) == null || can(regex("^[^\\s@]+@sha256:[0-9a-f]{64}$", try(var.auditor.image, "")))
    error_message = "auditor.image is not pinned: give REPOSITORY@sha256:<64 hexadecimal digits>, since a tag can be moved to another image; or null before the first push."
  }

  validation {
    condition     = alltrue([for address in try(var.auditor.emails, []) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "auditor.emails has something that is no e-mail address: give addresses, and whatever else in auditor.subscribers with its protocol."
  }

  validation {
    condition     = try(var.auditor.elsewhere, null) == null || can(regex("^arn:${local.partition}:iam::[0-9]{12}:role/${local.principal_path}$", try(var.auditor.elsewhere.task_role_arn, "")))
    error_message = "auditor.elsewhere.task_role_arn is no role of this partition: give the ARN of the auditor's task role in its own account, arn:${local.partition}:iam::444455556666:role/trailkeep/trailkeep-auditor."
  }

  # Read from the line that it writes after each round, in JSON, at level info.
  validation {
    condition     = var.auditor == null || can(regex("(^|,)(trailkeep_auditor=)?(info|debug|trace)(,|$)", lookup(var.auditor.options, "log", "info")))
    error_message = "auditor.options: alarms are read from the auditor's own log line of each round. Have info, debug or trace in log, with further targets behind a comma."
  }

  validation {
    condition     = try(length(var.auditor.former_attest_key_arns) == 0 || var.auditor.attest && var.auditor.elsewhere == null && alltrue([for arn in var.auditor.former_attest_key_arns : can(regex("^arn:${local.partition}:kms:${local.region}:[0-9]{12}:key/[^,=\\s]+$", arn))]), var.auditor == null)
    error_message = "auditor.former_attest_key_arns: give ARNs of keys of ${local.region}, no aliases, and only where an auditor here attests: one elsewhere takes them as input of modules/auditor."
  }

  # What it signs would be told by nobody but itself.
  validation {
    condition     = try(var.auditor.heads == null || var.auditor.attest, true)
    error_message = "auditor.heads needs auditor.attest: there are heads of attestations only."
  }
}
