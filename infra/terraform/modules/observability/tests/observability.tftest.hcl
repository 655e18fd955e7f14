variables {
  kms_key_arn              = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  queue_name               = "trailkeep"
  dead_letter_queue_name   = "trailkeep-dead-letters"
  cluster_name             = "trailkeep"
  service_names            = ["trailkeep-collector"]
  collector_log_group_name = "/trailkeep/collector"
}

run "every_alarm_tells_its_topic" {
  command = apply
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : contains(alarm.alarm_actions, aws_sns_topic.alarms.arn)]) && length(aws_cloudwatch_metric_alarm.this) == 9
    error_message = "alarms: ${jsonencode(keys(aws_cloudwatch_metric_alarm.this))}"
  }
  assert {
    condition     = contains(aws_cloudwatch_metric_alarm.tasks["trailkeep-collector"].alarm_actions, aws_sns_topic.alarms.arn)
    error_message = "missing tasks tell nobody"
  }
  assert {
    condition     = length(split(" OR ", aws_cloudwatch_composite_alarm.any.alarm_rule)) == 10 && strcontains(aws_cloudwatch_composite_alarm.any.alarm_rule, "ALARM(\"trailkeep-dead-letters\")")
    error_message = aws_cloudwatch_composite_alarm.any.alarm_rule
  }
}

run "silence_of_the_log_raises_the_alarm_too" {
  command = plan
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["nothing-landed"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["nothing-landed"].period == 300 && aws_cloudwatch_metric_alarm.this["nothing-landed"].evaluation_periods == 12
    error_message = "nothing-landed must be raised where no line comes at all, and after an hour: of one period of an hour CloudWatch waits for three more"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["unpublished"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["unpublished"].statistic == "Maximum"
    error_message = "unpublished must be raised after 15 minutes, also while a worker that has only begun tells 0"
  }
}

run "alarms_on_lines_of_the_minute_have_a_filter_that_makes_their_metric" {
  command = plan
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.namespace != "Trailkeep/trailkeep" || contains([for filter in values(aws_cloudwatch_log_metric_filter.minute) : filter.metric_transformation[0].name], alarm.metric_name)])
    error_message = "an alarm watches a metric that no filter makes"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.minute["landed_objects"].metric_transformation[0].value == "$.fields.landed_objects" && aws_cloudwatch_log_metric_filter.minute["landed_objects"].pattern == "{ $.message = \"the last minute\" }"
    error_message = "the filter does not read the line of the minute"
  }
}

run "the_topic_is_encrypted_and_takes_alarms_and_rules_of_this_account_only" {
  command = apply
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn
    error_message = "the topic is not encrypted with the key that was given"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement :
      statement.Effect == "Deny" || try(can(regex("^arn:aws:(cloudwatch:us-east-1:111122223333:alarm:|events:us-east-1:111122223333:rule/)trailkeep-", statement.Condition.ArnLike["aws:SourceArn"])), false)
    ])
    error_message = aws_sns_topic_policy.alarms.policy
  }
  assert {
    condition     = aws_sns_topic.alarms.arn == local.topic_arn
    error_message = "the topic's ARN is built as ${local.topic_arn} and is ${aws_sns_topic.alarms.arn}"
  }
}

run "the_dashboard_shows_alarms_and_metrics" {
  command = apply
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 7 && length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms) == 10
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}

run "further_alarms_and_subscribers_are_added" {
  command = plan
  variables {
    extra_alarms = { gaps = { description = "A gap in coverage.", namespace = "Trailkeep/trailkeep", metric_name = "Gaps" } }
    subscribers  = [{ protocol = "email", endpoint = "security@example.com" }]
    page_arns    = ["arn:aws:sns:us-east-1:111122223333:pager"]
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["gaps"].threshold == 0 && length(aws_sns_topic_subscription.alarms) == 1 && contains(aws_cloudwatch_composite_alarm.any.alarm_actions, "arn:aws:sns:us-east-1:111122223333:pager")
    error_message = "an alarm or a subscriber is missing"
  }
}

run "a_name_of_an_alarm_of_ours_is_refused" {
  command = plan
  variables {
    extra_alarms = { quarantine = { description = "x", namespace = "x", metric_name = "x" } }
  }
  expect_failures = [var.extra_alarms]
}

run "periods_that_cloudwatch_does_not_know_are_refused" {
  command = plan
  variables {
    extra_alarms = { gaps = { description = "x", namespace = "x", metric_name = "x", period_seconds = 90 } }
  }
  expect_failures = [var.extra_alarms]
}

run "thresholds_that_make_no_sense_are_refused" {
  command = plan
  variables {
    thresholds = { oldest_message_age_seconds = 60, in_flight_messages = 120000, unpublished_minutes = 7, dead_letters = -1 }
  }
  expect_failures = [var.thresholds]
}

run "silence_shorter_than_a_batch_is_refused" {
  command = plan
  variables {
    landing_silence_minutes = 10
  }
  expect_failures = [var.landing_silence_minutes]
}

run "a_queue_that_is_its_own_dead_letter_queue_is_refused" {
  command = plan
  variables {
    dead_letter_queue_name = "trailkeep"
  }
  expect_failures = [var.dead_letter_queue_name]
}

run "plain_http_and_unknown_protocols_are_refused" {
  command = plan
  variables {
    subscribers = [{ protocol = "http", endpoint = "http://example.com" }]
  }
  expect_failures = [var.subscribers]
}

run "an_alias_instead_of_a_key_is_refused" {
  command = plan
  variables {
    kms_key_arn = "alias/aws/sns"
  }
  expect_failures = [var.kms_key_arn]
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables {
    name = "Trailkeep"
  }
  expect_failures = [var.name]
}

run "an_address_is_told_once_and_is_one_of_its_protocol" {
  command = plan
  variables {
    subscribers = [{ protocol = "email", endpoint = "security@example.com" }, { protocol = "email", endpoint = "security@example.com" }]
  }
  expect_failures = [var.subscribers]
}

run "an_endpoint_fits_its_protocol" {
  command = plan
  variables {
    subscribers = [{ protocol = "https", endpoint = "http://example.com" }]
  }
  expect_failures = [var.subscribers]
}

run "a_subscriber_is_not_null" {
  command = plan
  variables {
    subscribers = [{ protocol = null, endpoint = null }]
  }
  expect_failures = [var.subscribers]
}

run "what_pages_is_an_arn" {
  command = plan
  variables {
    page_arns = ["pager"]
  }
  expect_failures = [var.page_arns]
}

run "alarms_are_compared_as_cloudwatch_compares" {
  command = plan
  variables {
    extra_alarms = { gaps = { description = "x", namespace = "x", metric_name = "x", comparison = "Above", statistic = "p99", missing = "bad" } }
  }
  expect_failures = [var.extra_alarms]
}

run "a_period_of_nothing_is_refused" {
  command = plan
  variables {
    extra_alarms = { gaps = { description = "x", namespace = "x", metric_name = "x", period_seconds = 0 } }
  }
  expect_failures = [var.extra_alarms]
}

run "a_name_that_breaks_out_of_the_composite_rule_is_refused" {
  command = plan
  variables {
    extra_alarms = { "a\") OR ALARM(\"b" = { description = "x", namespace = "x", metric_name = "x" } }
  }
  expect_failures = [var.extra_alarms]
}

run "the_alarm_of_a_services_tasks_is_not_replaced" {
  command = plan
  variables {
    extra_alarms = { tasks-trailkeep-collector = { description = "x", namespace = "x", metric_name = "x" } }
  }
  expect_failures = [var.extra_alarms]
}

run "names_are_names" {
  command = plan
  variables {
    queue_name               = "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep"
    cluster_name             = "arn:aws:ecs:us-east-1:111122223333:cluster/trailkeep"
    collector_log_group_name = ""
    service_names            = [null]
  }
  expect_failures = [var.queue_name, var.cluster_name, var.collector_log_group_name, var.service_names]
}

run "silence_is_counted_in_steps_of_five_minutes" {
  command = plan
  variables {
    landing_silence_minutes = 61
  }
  expect_failures = [var.landing_silence_minutes]
}
