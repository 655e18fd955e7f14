# What the auditor says of each round (docs/auditor.md, "The line of the round"), and what of it needs a person.

locals {
  auditor_runbook = "docs/auditor.md"

  # A field of its line of the round, and the metric that it becomes.
  round_fields = {
    attestation_late_h    = "AttestationLate"
    digests_verified      = "DigestsVerified"
    duration_s            = "RoundDuration"
    files_verified        = "FilesVerified"
    findings_acknowledged = "FindingsAcknowledged"
    findings_open         = "FindingsOpen"
    findings_opened       = "FindingsOpened"
    gaps                  = "Gaps"
    heal_sent             = "HealSent"
    healed                = "Healed"
    lagging_chains        = "LaggingChains"
    missing               = "Missing"
    roster_age_h          = "RosterAge"
    verification_failed   = "VerificationFailed"
  }

  # A round an hour: what the last one said holds until the next one says otherwise; that none came is an alarm of its own.
  of_round = merge(local.usual, local.of_minute, { statistic = "Maximum", period_seconds = 3600, missing = "ignore" })
  alarms_of_rounds = var.auditor_log_group_name == null ? {} : {
    gap-found = merge(local.of_round, {
      metric_name = "Gaps"
      description = "An account or a Region is silent: hours without a Digest. Ask `trailkeep coverage` for which and the likely cause; see Gaps in ${local.auditor_runbook}."
    })
    verification-failed = merge(local.of_round, {
      metric_name = "VerificationFailed"
      description = "Something is not as CloudTrail signed it: altered, unlisted, or a broken chain. Keep everything as it is, ask the view open_findings for what and where; see Verification failed in ${local.auditor_runbook}. Nobody explained it: an incident."
    })
    attestation-late = merge(local.of_round, {
      metric_name = "AttestationLate"
      threshold   = var.auditor.attestation_late_hours
      description = "An attestation is due for more than ${var.auditor.attestation_late_hours} hours and not made: the key refuses to sign, heads cannot be put, or rounds do not get that far. See Attestation late in ${local.auditor_runbook}."
    })
    auditor-silent = merge(local.usual, local.of_minute, {
      metric_name = "RoundDuration"
      statistic   = "SampleCount"
      # In short periods: CloudWatch waits for some more before it takes one for missing.
      period_seconds     = 900
      evaluation_periods = var.auditor.silence_hours * 4
      comparison         = "LessThanThreshold"
      threshold          = 1
      missing            = "breaching"
      description        = "No round has ended for ${var.auditor.silence_hours} hours: no auditor runs, none gets the lease, or a round does not end. See The auditor is silent in ${local.auditor_runbook}."
    })
    round-failed = merge(local.of_round, {
      metric_name        = "RoundsFailed"
      statistic          = "Sum"
      evaluation_periods = 2
      missing            = "notBreaching"
      description        = "Two hours running a round of the auditor failed: its log says at which step and why, mostly a permission. See A round fails in ${local.auditor_runbook}."
    })
    not-healed = merge(local.of_round, {
      metric_name        = "Missing"
      statistic          = "Minimum"
      evaluation_periods = 24
      description        = "Something that CloudTrail signed is missing for 24 hours, though the collector was asked for it: look whether it is in the log bucket, in the dead letters or in quarantine/. See What stays missing in ${local.auditor_runbook}."
    })
    roster-stale = merge(local.of_round, {
      metric_name = "RosterAge"
      threshold   = var.auditor.roster_age_hours
      description = "The list of the organization's accounts is older than ${var.auditor.roster_age_hours} hours, so that a new account's silence is not seen: AWS Organizations refuses, or is not reached. See The roster is stale in ${local.auditor_runbook}."
    })
  }

  auditor_graphs = var.auditor_log_group_name == null ? [] : [
    { title = "Auditor: findings that are open", stat = "Maximum", metrics = [
      [local.namespace, "FindingsOpen", { label = "all" }],
      [local.namespace, "VerificationFailed", { label = "verification failed", color = "#d62728" }],
      [local.namespace, "Gaps", { label = "gaps" }],
      [local.namespace, "Missing", { label = "missing" }],
      [local.namespace, "FindingsAcknowledged", { label = "acknowledged, not in the others", color = "#7f7f7f" }],
    ] },
    { title = "Auditor: verified in a round", stat = "Sum", metrics = [
      [local.namespace, "FilesVerified", { label = "log files" }],
      [local.namespace, "DigestsVerified", { label = "Digests", yAxis = "right" }],
    ] },
    { title = "Auditor: found and healed", stat = "Sum", metrics = [
      [local.namespace, "FindingsOpened", { label = "opened" }],
      [local.namespace, "HealSent", { label = "asked for" }],
      [local.namespace, "Healed", { label = "healed" }],
    ] },
    { title = "Auditor: what is late, hours", stat = "Maximum", metrics = [
      [local.namespace, "AttestationLate", { label = "attestation" }],
      [local.namespace, "RosterAge", { label = "age of the roster" }],
      [local.namespace, "LaggingChains", { label = "chains behind", yAxis = "right" }],
    ] },
    { title = "Auditor: rounds", stat = "Maximum", metrics = [
      [local.namespace, "RoundDuration", { label = "seconds" }],
      [local.namespace, "RoundsFailed", { label = "failed", stat = "Sum", color = "#d62728" }],
    ] },
  ]
}

resource "aws_cloudwatch_log_metric_filter" "round" {
  for_each = var.auditor_log_group_name == null ? {} : local.round_fields

  name           = "${var.name}-round-${replace(each.key, "_", "-")}"
  log_group_name = var.auditor_log_group_name
  # A round that came to nothing says how long it took, and what it knew by then. One of whose steps failed says what it knows: what was found counts all the same.
  pattern = "{ ($.message = \"the last round\") && ($.fields.${each.key} >= 0) }"

  metric_transformation {
    name      = each.value
    namespace = local.namespace
    value     = "$.fields.${each.key}"
  }
}

resource "aws_cloudwatch_log_metric_filter" "round_failed" {
  for_each = toset(var.auditor_log_group_name == null ? [] : ["failed"])

  name           = "${var.name}-round-${each.key}"
  log_group_name = var.auditor_log_group_name
  pattern        = "{ ($.message = \"the last round\") && ($.fields.outcome = \"${each.key}\") }"

  metric_transformation {
    name      = "RoundsFailed"
    namespace = local.namespace
    value     = "1"
  }
}
