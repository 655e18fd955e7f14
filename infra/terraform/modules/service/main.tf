data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  full_name    = "${var.name}-${var.service}"
  cluster_name = var.cluster == null ? one(aws_ecs_cluster.this[*].name) : var.cluster
  runs         = var.image != null
  max_tasks    = coalesce(var.max_tasks, var.min_tasks)
  scales       = var.queue_name != null && local.runs
}

resource "aws_ecr_repository" "this" {
  count = var.repository == null ? 0 : 1

  name                 = "${var.name}/${var.service}"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = try(var.repository.kms_key_arn, null)
  }
  tags = var.tags
}

# Images with a tag stay: a task definition may pin any of them, and a task whose image is gone does not start.
resource "aws_ecr_lifecycle_policy" "this" {
  count = var.repository == null ? 0 : 1

  repository = aws_ecr_repository.this[0].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "what no tag names any more"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = var.repository.untagged_days }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/${var.service}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster == null ? 1 : 0

  name = local.full_name
  # RunningTaskCount, which scaling divides by, is one of its metrics.
  setting {
    name  = "containerInsights"
    value = "enhanced"
  }
  tags = var.tags
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = var.cluster == null ? 1 : 0

  cluster_name = aws_ecs_cluster.this[0].name
  # Both in any case: one that a service still uses cannot be taken away.
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "this" {
  count = local.runs ? 1 : 0

  family = local.full_name
  # The circuit breaker rolls back to the revision before, which cannot be started any more once it is deregistered. Revisions cost nothing.
  skip_destroy             = true
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # On the task's own disk: gone with the task.
  dynamic "volume" {
    for_each = var.scratch ? ["scratch"] : []
    content {
      name = volume.value
    }
  }

  # No health check: the image has no shell to run one. What must not go on ends with an exit code, and ECS starts another.
  container_definitions = jsonencode([merge({ for volume in var.scratch ? ["scratch"] : [] : "mountPoints" => [{ sourceVolume = volume, containerPath = "/tmp", readOnly = false }] }, {
    name                   = var.service
    image                  = var.image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    stopTimeout            = var.stop_timeout_seconds
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    portMappings           = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    environment            = [for key in sort(keys(var.environment)) : { name = key, value = var.environment[key] }]
    logConfiguration = {
      logDriver = "awslogs"
      # Blocking, a service would stand still whenever CloudWatch Logs does.
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = var.service
        mode                  = "non-blocking"
        max-buffer-size       = "4m"
      }
    }
  })])
  tags = var.tags
}

resource "aws_ecs_service" "this" {
  count = local.runs ? 1 : 0

  name            = local.full_name
  cluster         = local.cluster_name
  task_definition = aws_ecs_task_definition.this[0].arn
  desired_count   = var.min_tasks

  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  # Without it the provider would make a service anew when its capacity providers change.
  force_new_deployment = true

  # The first task is on demand, so that one stands however scarce Spot is.
  dynamic "capacity_provider_strategy" {
    for_each = { for provider, weight in { FARGATE = 100 - var.spot_share, FARGATE_SPOT = var.spot_share } : provider => weight if provider == "FARGATE" || weight > 0 }
    content {
      capacity_provider = capacity_provider_strategy.key
      weight            = capacity_provider_strategy.value
      base              = capacity_provider_strategy.key == "FARGATE" ? 1 : 0
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = concat([aws_security_group.this.id], var.network.security_group_ids)
    assign_public_ip = false
  }
  tags = var.tags

  lifecycle {
    # Scaling's, from the first minute on.
    ignore_changes = [desired_count]
  }
  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.execution, aws_iam_role_policy.task, aws_vpc_security_group_egress_rule.this]
}
