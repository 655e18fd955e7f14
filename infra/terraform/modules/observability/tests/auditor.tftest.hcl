variables {
  kms_key_arn              = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  queue_name               = "trailkeep"
  dead_letter_queue_name   = "trailkeep-dead-letters"
  cluster_name             = "trailkeep"
  service_names            = ["trailkeep-collector", "trailkeep-auditor"]
  collector_log_group_name = "/trailkeep/collector"
  auditor_log_group_name   = "/trailkeep/auditor"
}

run "each_thing_that_needs_a_person_has_its_alarm_and_says_what_to_do" {
  command = plan
  assert {
    condition     = length(setsubtract(["gap-found", "verification-failed", "attestation-late", "auditor-silent", "round-failed", "not-healed", "roster-stale"], keys(aws_cloudwatch_metric_alarm.this))) == 0
    error_message = jsonencode(keys(aws_cloudwatch_metric_alarm.this))
  }
  assert {
    condition     = alltrue([for name in ["gap-found", "verification-failed", "attestation-late", "auditor-silent", "round-failed", "not-healed", "roster-stale"] : strcontains(aws_cloudwatch_metric_alarm.this[name].alarm_description, "docs/auditor.md") && strcontains(aws_cloudwatch_composite_alarm.any.alarm_rule, "ALARM(\"trailkeep-${name}\")")])
    error_message = "each says where to read on, and pages"
  }
}

run "every_metric_that_they_look_at_is_made" {
  command = plan
  assert {
    condition = alltrue([for name in ["gap-found", "verification-failed", "attestation-late", "auditor-silent", "round-failed", "not-healed", "roster-stale"] : contains(
    flatten([for filters in [aws_cloudwatch_log_metric_filter.round, aws_cloudwatch_log_metric_filter.round_failed] : [for filter in filters : filter.metric_transformation[0].name]]), aws_cloudwatch_metric_alarm.this[name].metric_name)])
    error_message = "an alarm on a metric without a filter waits for ever"
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.round : filter.log_group_name == "/trailkeep/auditor" && strcontains(filter.pattern, "the last round")])
    error_message = "of the auditor's log, not the collector's"
  }
  assert {
    condition     = alltrue([for key, filter in aws_cloudwatch_log_metric_filter.round : strcontains(filter.pattern, "($.fields.${key} >= 0)") && !strcontains(filter.pattern, "outcome")])
    error_message = "what a line says counts, whether or not another step failed; what it does not say is no zero"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.round_failed["failed"].pattern == "{ ($.message = \"the last round\") && ($.fields.outcome = \"failed\") }"
    error_message = "and is counted"
  }
}

run "times_are_those_that_were_asked_for" {
  command = plan
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["auditor-silent"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["auditor-silent"].period * aws_cloudwatch_metric_alarm.this["auditor-silent"].evaluation_periods == 10800
    error_message = "no line for three hours"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["not-healed"].statistic == "Minimum" && aws_cloudwatch_metric_alarm.this["not-healed"].period * aws_cloudwatch_metric_alarm.this["not-healed"].evaluation_periods == 86400
    error_message = "missing in each hour of a day"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["attestation-late"].threshold == 6 && aws_cloudwatch_metric_alarm.this["roster-stale"].threshold == 48
    error_message = "six hours late, two days old"
  }
  assert {
    condition     = alltrue([for name in ["gap-found", "verification-failed", "attestation-late", "not-healed", "roster-stale"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "ignore"])
    error_message = "what the last round said holds until the next one"
  }
}

run "times_can_be_changed" {
  command = plan
  variables {
    auditor = { silence_hours = 6, attestation_late_hours = 12 }
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["auditor-silent"].evaluation_periods == 24 && aws_cloudwatch_metric_alarm.this["attestation-late"].threshold == 12
    error_message = "as asked for"
  }
}

run "the_dashboard_has_rows_for_it" {
  command = apply
  assert {
    condition     = length([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget if startswith(widget.properties.title, "Auditor: ")]) == 5
    error_message = "findings, verified, healed, late, rounds"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.round["findings_acknowledged"].metric_transformation[0].name == "FindingsAcknowledged" && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "FindingsAcknowledged") && length([for alarm in aws_cloudwatch_metric_alarm.this : alarm if alarm.metric_name == "FindingsAcknowledged"]) == 0
    error_message = "What people know of is drawn, and alarms nobody."
  }
}

run "without_an_auditor_nothing_waits_for_it" {
  command = plan
  variables {
    auditor_log_group_name = null
  }
  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.round) + length(aws_cloudwatch_log_metric_filter.round_failed) == 0 && !contains(keys(aws_cloudwatch_metric_alarm.this), "auditor-silent")
    error_message = "an alarm on silence would be raised for ever"
  }
}

run "silence_shorter_than_two_rounds_is_refused" {
  command = plan
  variables {
    auditor = { silence_hours = 1 }
  }
  expect_failures = [var.auditor]
}

run "a_list_that_is_asked_for_daily_is_not_stale_within_a_day" {
  command = plan
  variables {
    auditor = { roster_age_hours = 12 }
  }
  expect_failures = [var.auditor]
}

run "a_log_group_is_named" {
  command = plan
  variables {
    auditor_log_group_name = "arn:aws:logs:us-east-1:111122223333:log-group:/trailkeep/auditor"
  }
  expect_failures = [var.auditor_log_group_name]
}

run "an_alarm_of_the_auditor_is_not_replaced" {
  command = plan
  variables {
    extra_alarms = { gap-found = { description = "x", namespace = "AWS/SQS", metric_name = "x" } }
  }
  expect_failures = [var.extra_alarms]
}

run "an_auditor_alone_has_its_own_alarms_only" {
  command = plan

  variables {
    queue_name               = null
    dead_letter_queue_name   = null
    collector_log_group_name = null
    auditor_log_group_name   = "/trailkeep/auditor"
  }

  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.minute) == 0 && !contains(keys(aws_cloudwatch_metric_alarm.this), "nothing-landed") && contains(keys(aws_cloudwatch_metric_alarm.this), "gap-found")
    error_message = jsonencode(keys(aws_cloudwatch_metric_alarm.this))
  }
  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "AWS/SQS") && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "FindingsOpen")
    error_message = "Nothing of a queue that is not there."
  }
}

run "a_collector_is_watched_whole_or_not_at_all" {
  command = plan

  variables {
    collector_log_group_name = null
  }
  expect_failures = [aws_cloudwatch_dashboard.this]
}
