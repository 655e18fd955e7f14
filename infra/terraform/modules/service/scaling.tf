# Backlog per task: what a queue holds for each task that runs. CloudWatch divides; there is no function to keep.

resource "aws_appautoscaling_target" "this" {
  count = local.scales ? 1 : 0

  service_namespace  = "ecs"
  resource_id        = "service/${local.cluster_name}/${aws_ecs_service.this[0].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min_tasks
  max_capacity       = local.max_tasks
  suspended_state {
    dynamic_scaling_in_suspended  = var.scaling_suspended
    dynamic_scaling_out_suspended = var.scaling_suspended
    scheduled_scaling_suspended   = var.scaling_suspended
  }
  tags = var.tags
}

resource "aws_appautoscaling_policy" "backlog" {
  count = local.scales ? 1 : 0

  name               = "${local.full_name}-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.backlog_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      # Where no task runs, or none is counted, the whole backlog waits for one: dividing by nothing would yield no data, and no alarm.
      metrics {
        id          = "backlog"
        label       = "visible messages per running task"
        expression  = "visible / IF(FILL(running, 0) > 0, running, 1)"
        return_data = true
      }
      metrics {
        id          = "visible"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"
            dimensions {
              name  = "QueueName"
              value = var.queue_name
            }
          }
        }
      }
      metrics {
        id          = "running"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"
            dimensions {
              name  = "ClusterName"
              value = local.cluster_name
            }
            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.this[0].name
            }
          }
        }
      }
    }
  }
}
