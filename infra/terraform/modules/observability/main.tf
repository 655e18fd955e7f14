data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  namespace = "Trailkeep/${var.name}"

  # A field of the collector's line of the minute, and the metric that it becomes.
  fields = {
    landed_objects       = "LandedObjects"
    landed_records       = "LandedRecords"
    published_batches    = "PublishedBatches"
    quarantined          = "Quarantined"
    rejected             = "Rejected"
    denied               = "Denied"
    self_generated       = "SelfGenerated"
    unpublished_batches  = "UnpublishedBatches"
    messages_in_hand     = "MessagesInHand"
    oldest_message_age_s = "OldestMessageAge"
    receiving_paused     = "ReceivingPaused"
  }

  # What most alarms have in common.
  usual = {
    dimensions         = {}
    statistic          = "Sum"
    period_seconds     = 300
    evaluation_periods = 1
    comparison         = "GreaterThanThreshold"
    threshold          = 0
    missing            = "notBreaching"
  }
  of_queue  = { namespace = "AWS/SQS", statistic = "Maximum", dimensions = { QueueName = var.queue_name } }
  of_minute = { namespace = local.namespace }
  runbook   = "docs/operating.md"
  alarms_of_landing = var.collector_log_group_name == null ? {} : {
    dead-letters = merge(local.usual, local.of_queue, {
      dimensions  = { QueueName = var.dead_letter_queue_name }
      metric_name = "ApproximateNumberOfMessagesVisible"
      threshold   = var.thresholds.dead_letters
      description = "Messages are in the dead-letter queue: what they announce is not landed. See Poison in ${local.runbook}."
    })
    oldest-message = merge(local.usual, local.of_queue, {
      metric_name        = "ApproximateAgeOfOldestMessage"
      threshold          = var.thresholds.oldest_message_age_seconds
      evaluation_periods = 2
      description        = "The oldest message waits longer than landing takes: too few workers, or something fails. See The queue grows in ${local.runbook}."
    })
    in-flight = merge(local.usual, local.of_queue, {
      metric_name = "ApproximateNumberOfMessagesNotVisible"
      threshold   = var.thresholds.in_flight_messages
      description = "Nearly as many messages are in flight as SQS allows (120,000); at that number it hands out nothing more. See The queue grows in ${local.runbook}."
    })
    nothing-landed = merge(local.usual, local.of_minute, {
      metric_name = "LandedObjects"
      # In short periods: CloudWatch waits for some more before it takes one for missing, which would be hours in one period of an hour.
      evaluation_periods = var.landing_silence_minutes / 5
      comparison         = "LessThanThreshold"
      threshold          = 1
      # No line at all means that no collector runs.
      missing     = "breaching"
      description = "Nothing was landed for ${var.landing_silence_minutes} minutes: the trail delivers nothing, its notifications are lost, or no collector works. See Lag in ${local.runbook}."
    })
    quarantine = merge(local.usual, local.of_minute, {
      metric_name = "Quarantined"
      threshold   = var.thresholds.quarantined_per_5_minutes
      description = "Something that arrived could not be read or must not be here: its bytes are kept, and quarantine/ has the reason. See What quarantine tells in ${local.runbook}."
    })
    access-denied = merge(local.usual, local.of_minute, {
      metric_name        = "Denied"
      threshold          = var.thresholds.denied_per_5_minutes
      evaluation_periods = 2
      description        = "Calls of the collector are not permitted. See Access denied in ${local.runbook}."
    })
    receiving-paused = merge(local.usual, local.of_minute, {
      metric_name = "ReceivingPaused"
      statistic   = "Maximum"
      description = "Receiving pauses because reading the log bucket is not permitted: nothing is lost as long as the queue keeps messages. See Access denied in ${local.runbook}."
    })
    unpublished = merge(local.usual, local.of_minute, {
      metric_name = "UnpublishedBatches"
      # Of all workers: one that could not look, or has only begun, tells 0.
      statistic          = "Maximum"
      evaluation_periods = var.thresholds.unpublished_minutes / 5
      description        = "Batches are committed and could not be published for ${var.thresholds.unpublished_minutes} minutes: their files are staged and not visible. See the alarms in ${local.runbook}."
    })
    self-generated = merge(local.usual, local.of_minute, {
      metric_name    = "SelfGenerated"
      period_seconds = 3600
      threshold      = var.thresholds.self_generated_per_hour
      description    = "The trail records the archive's own landing, which is landed again: leave data events of the audit, log and access-log buckets out of its selectors."
    })
  }
  alarms = merge(local.alarms_of_landing, local.alarms_of_rounds, var.extra_alarms)
}

resource "aws_cloudwatch_log_metric_filter" "minute" {
  for_each = var.collector_log_group_name == null ? {} : local.fields

  name           = "${var.name}-${replace(each.key, "_", "-")}"
  log_group_name = var.collector_log_group_name
  pattern        = "{ $.message = \"the last minute\" }"

  metric_transformation {
    name      = each.value
    namespace = local.namespace
    value     = "$.fields.${each.key}"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period_seconds
  evaluation_periods  = each.value.evaluation_periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags

  # Before they are made, their metrics must be: an alarm on a metric without a filter would wait for ever.
  depends_on = [aws_cloudwatch_log_metric_filter.minute, aws_cloudwatch_log_metric_filter.round, aws_cloudwatch_log_metric_filter.round_failed]
}

resource "aws_cloudwatch_metric_alarm" "tasks" {
  for_each = var.service_names

  alarm_name          = "${var.name}-tasks-${each.value}"
  alarm_description   = "Fewer tasks of ${each.value} run than are wanted, for ${var.thresholds.tasks_missing_for_minutes} minutes. See Workers that do not start in ${local.runbook}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = var.thresholds.tasks_missing_for_minutes / 5
  # Container Insights writes both as long as the service exists.
  treat_missing_data = "breaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]
  tags               = var.tags

  metric_query {
    id          = "missing"
    label       = "tasks that are wanted and do not run"
    expression  = "desired - running"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { desired = "DesiredTaskCount", running = "RunningTaskCount" }
    content {
      id          = metric_query.key
      return_data = false
      metric {
        namespace   = "ECS/ContainerInsights"
        metric_name = metric_query.value
        period      = 300
        stat        = "Average"
        dimensions = {
          ClusterName = var.cluster_name
          ServiceName = each.value
        }
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "any" {
  alarm_name        = "${var.name}-anything"
  alarm_description = "Something of ${var.name} needs a person: at least one of its alarms is raised."
  alarm_rule        = join(" OR ", [for name in sort(concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name], [for alarm in aws_cloudwatch_metric_alarm.tasks : alarm.alarm_name])) : "ALARM(\"${name}\")"])
  alarm_actions     = var.page_arns
  ok_actions        = var.page_arns
  tags              = var.tags
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = { for subscriber in var.subscribers : "${subscriber.protocol} ${subscriber.endpoint}" => subscriber }

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}
