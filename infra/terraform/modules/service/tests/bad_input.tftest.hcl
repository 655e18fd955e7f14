variables {
  service          = "collector"
  task_policy_json = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
  network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
  queue_name       = "trailkeep"
  max_tasks        = 5
  log_kms_key_arn  = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "a_tag_is_no_pin" {
  command = plan
  variables {
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/collector:latest"
  }
  expect_failures = [var.image]
}

run "a_short_digest_is_no_pin" {
  command = plan
  variables {
    image = "registry.example.com/collector@sha256:0123"
  }
  expect_failures = [var.image]
}

run "fargate_has_no_half_vcpu_with_a_lot_of_memory" {
  command = plan
  variables {
    cpu    = 512
    memory = 8192
  }
  expect_failures = [var.memory]
}

run "fargate_has_no_odd_cpu" {
  command = plan
  variables {
    cpu = 1000
  }
  expect_failures = [var.cpu]
}

run "memory_goes_in_steps" {
  command = plan
  variables {
    memory = 2500
  }
  expect_failures = [var.memory]
}

run "another_architecture_is_refused" {
  command = plan
  variables {
    cpu_architecture = "RISCV"
  }
  expect_failures = [var.cpu_architecture]
}

run "fewer_than_one_task_is_refused" {
  command = plan
  variables {
    min_tasks = 0
  }
  expect_failures = [var.min_tasks]
}

run "most_tasks_are_not_fewer_than_fewest" {
  command = plan
  variables {
    min_tasks = 4
    max_tasks = 3
  }
  expect_failures = [var.max_tasks]
}

run "scaling_needs_a_queue" {
  command = plan
  variables {
    queue_name = null
  }
  expect_failures = [var.max_tasks]
}

run "a_queue_is_named_and_not_addressed" {
  command = plan
  variables {
    queue_name = "https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep"
  }
  expect_failures = [var.queue_name]
}

run "a_backlog_of_nothing_is_no_target" {
  command = plan
  variables {
    backlog_per_task = 0
  }
  expect_failures = [var.backlog_per_task]
}

run "more_than_all_on_spot_is_refused" {
  command = plan
  variables {
    spot_share = 101
  }
  expect_failures = [var.spot_share]
}

run "a_drain_longer_than_fargate_waits_is_refused" {
  command = plan
  variables {
    stop_timeout_seconds = 300
  }
  expect_failures = [var.stop_timeout_seconds]
}

run "a_port_of_root_is_refused" {
  command = plan
  variables {
    port = 80
  }
  expect_failures = [var.port]
}

run "logs_need_a_key_and_no_alias" {
  command = plan
  variables {
    log_kms_key_arn = "alias/logs"
  }
  expect_failures = [var.log_kms_key_arn]
}

run "a_retention_that_logs_do_not_know_is_refused" {
  command = plan
  variables {
    log_retention_days = 100
  }
  expect_failures = [var.log_retention_days]
}

run "a_policy_must_be_json" {
  command = plan
  variables {
    task_policy_json = "none"
  }
  expect_failures = [var.task_policy_json]
}

run "tasks_need_subnets" {
  command = plan
  variables {
    network = { vpc_id = "vpc-0a1b2c3d", subnet_ids = [] }
  }
  expect_failures = [var.network]
}

run "egress_ranges_must_be_ranges" {
  command = plan
  variables {
    network = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d"], egress_cidrs = ["10.0.0.0/33"] }
  }
  expect_failures = [var.network]
}

run "an_interface_has_five_groups" {
  command = plan
  variables {
    network = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5"] }
  }
  expect_failures = [var.network]
}

run "metrics_are_not_for_everybody" {
  command = plan
  variables {
    scrape_from = { cidrs = ["0.0.0.0/0"] }
  }
  expect_failures = [var.scrape_from]
}

run "a_cluster_is_named" {
  command = plan
  variables {
    cluster = "arn:aws:ecs:eu-central-1:111122223333:cluster/shared"
  }
  expect_failures = [var.cluster]
}

run "variables_are_upper_case" {
  command = plan
  variables {
    environment = { "trailkeep.log" = "info" }
  }
  expect_failures = [var.environment]
}

run "a_boundary_is_a_policy" {
  command = plan
  variables {
    permissions_boundary = "boundary"
  }
  expect_failures = [var.permissions_boundary]
}

run "a_path_ends_with_a_slash" {
  command = plan
  variables {
    role_path = "/trailkeep"
  }
  expect_failures = [var.role_path]
}

run "names_are_lower_case" {
  command = plan
  variables {
    name = "Trailkeep"
  }
  expect_failures = [var.name]
}

run "services_are_lower_case" {
  command = plan
  variables {
    service = "Collector"
  }
  expect_failures = [var.service]
}

run "untagged_images_stay_a_day_at_least" {
  command = plan
  variables {
    repository = { untagged_days = 0 }
  }
  expect_failures = [var.repository]
}

run "the_repository_s_key_is_an_arn" {
  command = plan
  variables {
    repository = { kms_key_arn = "alias/ecr" }
  }
  expect_failures = [var.repository]
}

run "a_variable_without_a_value_is_refused" {
  command = plan
  variables {
    environment = { A = null }
  }
  expect_failures = [var.environment]
}

run "a_network_is_named_by_ids" {
  command = plan
  variables {
    network = { vpc_id = "main", subnet_ids = ["private-a", null] }
  }
  expect_failures = [var.network]
}

run "a_subnet_is_named_once" {
  command = plan
  variables {
    network = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-0a1b2c3d"] }
  }
  expect_failures = [var.network]
}

run "a_range_is_written_by_its_network_address" {
  command = plan
  variables {
    network = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d"], egress_cidrs = ["10.0.0.5/8"] }
  }
  expect_failures = [var.network]
}

run "who_reads_metrics_is_named_once_and_by_id" {
  command = plan
  variables {
    scrape_from = { cidrs = ["10.0.0.0/8", "10.0.0.0/8"], security_group_ids = ["prometheus"] }
  }
  expect_failures = [var.scrape_from]
}

run "more_tasks_than_a_service_has_are_refused" {
  command = plan
  variables {
    min_tasks  = 5000
    max_tasks  = null
    queue_name = null
  }
  expect_failures = [var.min_tasks]
}

run "half_a_day_is_no_age_of_images" {
  command = plan
  variables {
    repository = { untagged_days = 1.5 }
  }
  expect_failures = [var.repository]
}

run "a_key_of_another_region_cannot_encrypt_the_log_group" {
  command = plan
  variables {
    log_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [var.log_kms_key_arn]
}

run "a_path_longer_than_iam_takes_is_refused" {
  command = plan
  variables {
    role_path = "/${join("", [for n in range(520) : "a"])}/"
  }
  expect_failures = [var.role_path]
}
