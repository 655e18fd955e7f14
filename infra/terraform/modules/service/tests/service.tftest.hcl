provider "aws" {
  region = "eu-central-1"
}

variables {
  service          = "collector"
  image            = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  environment      = { TRAILKEEP_B = "2", TRAILKEEP_A = "1" }
  task_policy_json = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sqs:ReceiveMessage\", \"Resource\": \"arn:aws:sqs:eu-central-1:111122223333:trailkeep\"}]}"
  network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
  queue_name       = "trailkeep"
  max_tasks        = 5
  log_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "the_container_can_change_nothing_and_is_nobody" {
  command = apply

  assert {
    condition = alltrue([for container in jsondecode(aws_ecs_task_definition.this[0].container_definitions) :
      container.readonlyRootFilesystem && container.user == "65532:65532" && container.linuxParameters.capabilities.drop == ["ALL"] && container.essential
    ])
    error_message = "The root must be read-only, the user not root, without capabilities."
  }
  assert {
    condition     = length(aws_ecs_task_definition.this[0].volume) == 0 && !can(jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].mountPoints)
    error_message = "Nothing is writable unless it is asked for."
  }
  assert {
    condition = alltrue([for container in jsondecode(aws_ecs_task_definition.this[0].container_definitions) :
      container.stopTimeout == 120 && !can(container.healthCheck) && !can(container.privileged) && !can(container.secrets)
    ])
    error_message = "A drain takes 120 s; the image has no shell for a health check."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].environment == [{ name = "TRAILKEEP_A", value = "1" }, { name = "TRAILKEEP_B", value = "2" }]
    error_message = "The environment must be what was given, in a stable order."
  }
  assert {
    condition = (jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].logConfiguration.options.awslogs-group == "/trailkeep/collector"
    && jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].logConfiguration.options.awslogs-region == "eu-central-1")
    error_message = "Logs go to the module's own group."
  }
  assert {
    condition     = one(aws_ecs_task_definition.this[0].runtime_platform).cpu_architecture == "ARM64" && aws_ecs_task_definition.this[0].network_mode == "awsvpc"
    error_message = "ARM64 is the default."
  }
  assert {
    condition     = output.service_name == "trailkeep-collector" && output.cluster_name == "trailkeep-collector" && output.log_group_name == "/trailkeep/collector"
    error_message = "Names are made of name and service."
  }
}

run "tasks_are_private_and_roll_back" {
  command = plan

  assert {
    condition     = one(aws_ecs_service.this[0].network_configuration).assign_public_ip == false && aws_ecs_service.this[0].enable_execute_command == false
    error_message = "No public address, no way in."
  }
  assert {
    condition     = one(aws_ecs_service.this[0].deployment_circuit_breaker).enable && one(aws_ecs_service.this[0].deployment_circuit_breaker).rollback
    error_message = "A deployment that does not come up must be rolled back."
  }
  assert {
    condition     = aws_ecs_service.this[0].deployment_minimum_healthy_percent == 100 && aws_ecs_service.this[0].deployment_maximum_percent == 200
    error_message = "The old tasks stay until the new ones stand."
  }
  assert {
    condition     = aws_ecs_service.this[0].desired_count == 2
    error_message = "Two tasks outlive a zone."
  }
  assert {
    condition     = [for strategy in aws_ecs_service.this[0].capacity_provider_strategy : "${strategy.capacity_provider} ${strategy.base} ${strategy.weight}"] == ["FARGATE 1 100"]
    error_message = "Without spot_share there is no Spot."
  }
}

run "nobody_connects_and_only_tls_leaves" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.scrape) == 0 && length(aws_security_group.this.ingress) == 0
    error_message = "No ingress unless asked for."
  }
  assert {
    condition = alltrue([for rule in values(aws_vpc_security_group_egress_rule.this) :
      rule.from_port == 443 && rule.to_port == 443 && rule.ip_protocol == "tcp" && rule.cidr_ipv4 == "0.0.0.0/0"
    ]) && length(aws_vpc_security_group_egress_rule.this) == 1
    error_message = "Egress is TLS only."
  }
}

run "egress_goes_where_it_is_told_and_nowhere_else" {
  command = plan
  variables {
    network = {
      vpc_id                    = "vpc-0a1b2c3d"
      subnet_ids                = ["subnet-0a1b2c3d"]
      egress_cidrs              = ["10.0.0.0/16", "2001:db8::/56"]
      egress_prefix_list_ids    = ["pl-0a1b2c3d"]
      egress_security_group_ids = ["sg-0a1b2c3d"]
    }
    scrape_from = { cidrs = ["10.0.3.0/24"], security_group_ids = ["sg-1a2b3c4d"] }
    port        = 9000
  }

  assert {
    condition = (
      toset(compact([for rule in values(aws_vpc_security_group_egress_rule.this) : rule.cidr_ipv4])) == toset(["10.0.0.0/16"])
      && toset(compact([for rule in values(aws_vpc_security_group_egress_rule.this) : rule.cidr_ipv6])) == toset(["2001:db8::/56"])
      && toset(compact([for rule in values(aws_vpc_security_group_egress_rule.this) : rule.prefix_list_id])) == toset(["pl-0a1b2c3d"])
      && toset(compact([for rule in values(aws_vpc_security_group_egress_rule.this) : rule.referenced_security_group_id])) == toset(["sg-0a1b2c3d"])
      && length(aws_vpc_security_group_egress_rule.this) == 4
    )
    error_message = "Each place has its rule, and there is none for everywhere."
  }
  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_ingress_rule.scrape) : rule.from_port == 9000 && rule.to_port == 9000]) && length(aws_vpc_security_group_ingress_rule.scrape) == 2
    error_message = "Prometheus reaches the port, and no other."
  }
}

run "roles_are_for_tasks_of_this_account_and_region" {
  command = plan
  variables {
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    role_path            = "/audit/"
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.task, aws_iam_role.execution] : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && role.path == "/audit/"])
    error_message = "Boundary and path are of both roles."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.trust.json).Statement == [{
      Sid       = "TasksOfThisAccount"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:ecs:eu-central-1:111122223333:*" }
      }
    }]
    error_message = "ECS acts for this account and Region only."
  }
  assert {
    condition     = aws_iam_role_policy.task.policy == var.task_policy_json
    error_message = "The task role may do what it was given."
  }
}

run "the_execution_role_pulls_one_repository_and_writes_one_log" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource } == {
      PullImage       = "arn:aws:ecr:eu-central-1:111122223333:repository/trailkeep/collector"
      LogInToRegistry = "*"
      WriteLog        = "arn:aws:logs:eu-central-1:111122223333:log-group:/trailkeep/collector:log-stream:collector/*"
    }
    error_message = "Nothing but this image and this log."
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Action])) == toset(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken", "logs:CreateLogStream", "logs:PutLogEvents"])
    error_message = "What ECS needs to start a task, and no more."
  }
}

run "an_image_of_another_account_is_pulled_from_there" {
  command = plan
  variables {
    image      = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/mirror/trailkeep/collector:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    repository = null
  }

  assert {
    condition     = one([for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Resource if statement.Sid == "PullImage"]) == "arn:aws:ecr:eu-west-1:444455556666:repository/mirror/trailkeep/collector"
    error_message = "The role pulls from the repository that image names."
  }
  assert {
    condition     = length(aws_ecr_repository.this) == 0 && output.repository_url == null
    error_message = "No repository was asked for."
  }
}

run "a_public_image_needs_no_registry_rights" {
  command = plan
  variables {
    image      = "registry.example.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    repository = null
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid] == ["WriteLog"]
    error_message = "Without ECR the execution role only writes its log."
  }
}

run "the_repository_is_immutable_scanned_and_encrypted" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this[0].image_tag_mutability == "IMMUTABLE" && one(aws_ecr_repository.this[0].image_scanning_configuration).scan_on_push && one(aws_ecr_repository.this[0].encryption_configuration).encryption_type == "KMS"
    error_message = "Tags must not move, images are scanned, with a KMS key."
  }
  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this[0].policy).rules : rule.selection.tagStatus] == ["untagged"]
    error_message = "An image with a tag may be pinned by a task definition: it must stay."
  }
}

run "the_log_group_has_a_key_and_an_end" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key_arn && aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_cloudwatch_log_group.this.name == "/trailkeep/collector"
    error_message = "Key, retention and name of the log group."
  }
}

run "the_number_of_tasks_is_set_once" {
  command = plan
  variables {
    min_tasks = 3
  }

  assert {
    condition     = aws_ecs_service.this[0].desired_count == 2 && aws_appautoscaling_target.this[0].min_capacity == 3
    error_message = "What scaling has set must stay: an apply that sets the count back would end tasks that are at work."
  }
}

run "it_scales_on_backlog_per_task_without_a_function" {
  command = plan

  assert {
    condition     = aws_appautoscaling_target.this[0].min_capacity == 2 && aws_appautoscaling_target.this[0].max_capacity == 5 && aws_appautoscaling_target.this[0].resource_id == "service/trailkeep-collector/trailkeep-collector"
    error_message = "Scaling keeps between min_tasks and max_tasks."
  }
  assert {
    condition = { for metric in one(one(aws_appautoscaling_policy.backlog[0].target_tracking_scaling_policy_configuration).customized_metric_specification).metrics : metric.id => coalesce(metric.expression, try("${one(one(metric.metric_stat).metric).namespace} ${one(one(metric.metric_stat).metric).metric_name}", null)) } == {
      backlog = "visible / IF(FILL(running, 0) > 0, running, 1)"
      visible = "AWS/SQS ApproximateNumberOfMessagesVisible"
      running = "ECS/ContainerInsights RunningTaskCount"
    }
    error_message = "Visible messages, divided by running tasks or by one."
  }
  assert {
    condition     = [for metric in one(one(aws_appautoscaling_policy.backlog[0].target_tracking_scaling_policy_configuration).customized_metric_specification).metrics : metric.id if metric.return_data] == ["backlog"]
    error_message = "One time series is what scaling looks at."
  }
  assert {
    condition     = [for setting in aws_ecs_cluster.this[0].setting : "${setting.name} ${setting.value}"] == ["containerInsights enhanced"]
    error_message = "RunningTaskCount is a metric of Container Insights."
  }
}

run "scaling_can_be_suspended" {
  command = plan
  variables {
    scaling_suspended = true
  }

  assert {
    condition     = one(aws_appautoscaling_target.this[0].suspended_state).dynamic_scaling_out_suspended && one(aws_appautoscaling_target.this[0].suspended_state).dynamic_scaling_in_suspended
    error_message = "A suspended target leaves the count alone."
  }
}

run "a_share_runs_on_spot_and_the_first_task_never" {
  command = plan
  variables {
    spot_share = 70
  }

  assert {
    condition     = toset([for strategy in aws_ecs_service.this[0].capacity_provider_strategy : "${strategy.capacity_provider} ${strategy.base} ${strategy.weight}"]) == toset(["FARGATE 1 30", "FARGATE_SPOT 0 70"])
    error_message = "Weights are the shares; the base is on demand."
  }
}

run "without_an_image_all_but_the_tasks_is_made" {
  command = plan
  variables {
    image = null
  }

  assert {
    condition     = length(aws_ecs_task_definition.this) == 0 && length(aws_ecs_service.this) == 0 && length(aws_appautoscaling_target.this) == 0 && output.service_name == null
    error_message = "No task without an image."
  }
  assert {
    condition     = length(aws_ecr_repository.this) == 1 && output.task_role_name == "trailkeep-collector"
    error_message = "The repository is there for a first push, and the role for key policies."
  }
}

run "a_cluster_that_is_given_is_used" {
  command = plan
  variables {
    cluster = "shared"
  }

  assert {
    condition     = length(aws_ecs_cluster.this) == 0 && aws_ecs_service.this[0].cluster == "shared" && aws_appautoscaling_target.this[0].resource_id == "service/shared/trailkeep-collector"
    error_message = "No second cluster."
  }
}

run "without_a_queue_the_number_stands" {
  command = plan
  variables {
    queue_name = null
    max_tasks  = null
    min_tasks  = 1
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 0
    error_message = "Nothing scales without a queue."
  }
}

run "the_revision_to_roll_back_to_stays_and_null_means_the_default" {
  command = plan
  variables {
    image       = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    cpu         = null
    environment = null
    scrape_from = null
  }
  assert {
    condition     = aws_ecs_task_definition.this[0].skip_destroy
    error_message = "a revision that is deregistered cannot be rolled back to"
  }
  assert {
    condition     = aws_ecs_task_definition.this[0].cpu == "1024"
    error_message = "null is the default"
  }
}

run "a_service_that_sorts_gets_a_folder_to_write_to_and_no_more" {
  command = apply
  variables {
    service = "auditor"
    scratch = true
  }
  assert {
    condition = (jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].mountPoints == [{ containerPath = "/tmp", readOnly = false, sourceVolume = "scratch" }]
    && jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].readonlyRootFilesystem)
    error_message = "One folder is writable, and the root is not."
  }
  assert {
    condition     = [for volume in aws_ecs_task_definition.this[0].volume : volume.name] == ["scratch"]
    error_message = "It is the volume of the task."
  }
}
