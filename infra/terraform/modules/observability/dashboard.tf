locals {
  # Each row of the dashboard: a title and its metrics, as [namespace, name, dimension, value…, options].
  graphs = concat(local.collector_graphs, local.auditor_graphs)
  collector_graphs = concat([for graph in [
    { title = "Messages", stat = "Maximum", metrics = [
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name, { label = "waiting" }],
      ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", var.queue_name, { label = "in flight" }],
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name, { label = "dead letters", color = "#d62728" }],
    ] },
    { title = "Age of the oldest message, seconds", stat = "Maximum", metrics = [
      ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { label = "in the queue" }],
      [local.namespace, "OldestMessageAge", { label = "in hand" }],
    ] },
    { title = "Landed", stat = "Sum", metrics = [
      [local.namespace, "LandedObjects", { label = "objects" }],
      [local.namespace, "LandedRecords", { label = "records", yAxis = "right" }],
    ] },
    { title = "Batches", stat = "Sum", metrics = [
      [local.namespace, "PublishedBatches", { label = "published" }],
      [local.namespace, "UnpublishedBatches", { label = "committed and not published", stat = "Maximum", color = "#d62728" }],
    ] },
    { title = "What is not right", stat = "Sum", metrics = [
      [local.namespace, "Quarantined", { label = "findings" }],
      [local.namespace, "Rejected", { label = "rejected" }],
      [local.namespace, "Denied", { label = "denied" }],
      [local.namespace, "SelfGenerated", { label = "records of our own landing" }],
    ] },
    ] : graph if var.collector_log_group_name != null], [
    { title = "Tasks", stat = "Average", metrics = [
      for pair in setproduct(sort(tolist(var.service_names)), ["RunningTaskCount", "DesiredTaskCount"]) :
      ["ECS/ContainerInsights", pair[1], "ClusterName", var.cluster_name, "ServiceName", pair[0], { label = "${pair[0]} ${pair[1] == "RunningTaskCount" ? "running" : "wanted"}" }]
    ] },
  ])

  alarm_arns = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.arn },
    { for service, alarm in aws_cloudwatch_metric_alarm.tasks : "tasks-${service}" => alarm.arn },
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = { title = "Alarms", alarms = [for name in sort(keys(local.alarm_arns)) : local.alarm_arns[name]] }
      }],
      [for index, graph in local.graphs : {
        type = "metric", x = index % 2 * 12, y = 3 + floor(index / 2) * 6, width = 12, height = 6
        properties = {
          title   = graph.title
          region  = local.region
          stat    = graph.stat
          period  = 300
          view    = "timeSeries"
          metrics = graph.metrics
        }
      } if length(graph.metrics) > 0],
    )
  })

  lifecycle {
    precondition {
      condition     = (var.queue_name == null) == (var.collector_log_group_name == null) && (var.queue_name == null) == (var.dead_letter_queue_name == null)
      error_message = "queue_name, dead_letter_queue_name and collector_log_group_name are of one collector: give all three, or none where only an auditor runs."
    }
  }
}
