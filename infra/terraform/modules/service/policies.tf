locals {
  # ARNs are built from names, so that a plan shows the whole policy.
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${var.name}/${var.service}"

  # ECS Developer Guide, "Task IAM role": the ARN of a cluster or task cannot be told here, an account's and Region's can.
  source_arn = "arn:${local.partition}:ecs:${local.region}:${local.account}:*"

  # An image of some ECR repository, be it this module's or another account's. From elsewhere it is pulled without credentials.
  pulled = try(regex("^([0-9]{12})\\.dkr\\.ecr(?:-fips)?\\.([a-z0-9-]+)\\.[a-z.]+/([^@:]+)", var.image), null)
  repository_arns = distinct(compact(concat(
    var.repository == null ? [] : ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/${var.name}/${var.service}"],
    local.pulled == null ? [] : ["arn:${local.partition}:ecr:${local.pulled[1]}:${local.pulled[0]}:repository/${local.pulled[2]}"],
  )))
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TasksOfThisAccount"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.source_arn]
    }
  }
}

# What the service itself does.
resource "aws_iam_role" "task" {
  name                 = local.full_name
  path                 = var.role_path
  description          = "What ${local.full_name} does"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "task" {
  name   = var.service
  role   = aws_iam_role.task.id
  policy = var.task_policy_json
}

# What ECS does to start it.
resource "aws_iam_role" "execution" {
  name                 = "${local.full_name}-execution"
  path                 = var.role_path
  description          = "Starts ${local.full_name}: its image, its log stream"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  dynamic "statement" {
    for_each = length(local.repository_arns) > 0 ? [local.repository_arns] : []
    content {
      sid       = "PullImage"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = statement.value
    }
  }
  dynamic "statement" {
    for_each = length(local.repository_arns) > 0 ? [1] : []
    content {
      sid = "LogInToRegistry"
      # The action knows no resources.
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"]
    }
  }
  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:log-stream:${var.service}/*"]
  }
}
