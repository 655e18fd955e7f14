# In another partition each ARN is of that partition.

provider "aws" {
  region = "us-gov-west-1"
}

variables {
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  object_lock_mode      = "governance"
  image                 = "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  network               = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"] }
}

run "in_govcloud_every_arn_is_govclouds" {
  command = apply

  assert {
    condition = alltrue([
      for arn in concat(output.excluded_bucket_arns, values(output.key_arns), [local.trail_arn, output.task_role_arn, output.announcements_topic_arn, output.replication_role_arn]) : startswith(arn, "arn:aws-us-gov:")
    ])
    error_message = "An ARN is of another partition."
  }
  assert {
    condition     = !strcontains(module.collector.task_policy_json, "arn:aws:")
    error_message = "The task role's policy names something of another partition."
  }
}

run "a_trail_of_another_partition_is_refused" {
  command = plan

  variables {
    trail_home_region = "us-east-1"
  }

  expect_failures = [var.trail_home_region]
}
