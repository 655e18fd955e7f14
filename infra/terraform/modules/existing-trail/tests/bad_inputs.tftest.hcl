variables {
  mode                  = "direct"
  organization_id       = "o-exampleorg1"
  log_bucket_name       = "org-logs"
  log_bucket_account_id = "444455556666"
  queue_arn             = "arn:aws:sqs:us-east-1:111122223333:trailkeep"
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables {
    name = "TrailKeep"
  }
  expect_failures = [var.name]
}

run "a_path_without_slashes_is_refused" {
  command = plan
  variables {
    role_path = "trailkeep"
  }
  expect_failures = [var.role_path]
}

run "a_mode_that_is_none_is_refused" {
  command = plan
  variables {
    mode = "copied"
  }
  expect_failures = [var.mode]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan
  variables {
    organization_id = "444455556666"
  }
  expect_failures = [var.organization_id]
}

run "an_arn_instead_of_a_bucket_is_refused" {
  command = plan
  variables {
    log_bucket_name = "arn:aws:s3:::org-logs"
  }
  expect_failures = [var.log_bucket_name]
}

run "an_account_that_is_none_is_refused" {
  command = plan
  variables {
    log_bucket_account_id = "4444"
  }
  expect_failures = [var.log_bucket_account_id]
}

run "a_region_that_is_none_is_refused" {
  command = plan
  variables {
    mode              = "eventbridge"
    event_bus_arn     = "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep"
    log_bucket_region = "Frankfurt"
  }
  expect_failures = [var.log_bucket_region]
}

run "a_bucket_in_another_region_than_the_queue_is_refused" {
  command = plan
  variables {
    log_bucket_region = "eu-west-1"
  }
  expect_failures = [var.log_bucket_region]
}

run "an_alias_of_the_log_buckets_key_is_refused" {
  command = plan
  variables {
    log_bucket_kms_key_arn = "alias/trail"
  }
  expect_failures = [var.log_bucket_kms_key_arn]
}

run "a_key_of_another_region_than_the_bucket_is_refused" {
  command = plan
  variables {
    log_bucket_kms_key_arn = "arn:aws:kms:eu-west-1:999999999999:key/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [var.log_bucket_kms_key_arn]
}

run "a_prefix_with_a_slash_at_its_end_is_refused" {
  command = plan
  variables {
    key_prefix = "o-exampleorg1/"
  }
  expect_failures = [var.key_prefix]
}

run "a_fifo_queue_is_refused" {
  command = plan
  variables {
    queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep.fifo"
  }
  expect_failures = [var.queue_arn]
}

run "a_queue_in_another_region_is_refused" {
  command = plan
  variables {
    queue_arn = "arn:aws:sqs:eu-west-1:111122223333:trailkeep"
  }
  expect_failures = [var.queue_arn]
}

run "mode_sns_without_a_topic_is_refused" {
  command = plan
  variables {
    mode = "sns"
  }
  expect_failures = [var.topic_arn]
}

run "a_topic_that_nobody_listens_to_is_refused" {
  command = plan
  variables {
    topic_arn = "arn:aws:sns:us-east-1:444455556666:logs"
  }
  expect_failures = [var.topic_arn]
}

run "events_of_another_account_without_a_bus_are_refused" {
  command = plan
  variables {
    mode = "eventbridge"
  }
  expect_failures = [var.event_bus_arn]
}

run "a_rule_instead_of_a_bus_is_refused" {
  command = plan
  variables {
    event_bus_arn = "arn:aws:events:us-east-1:111122223333:rule/trailkeep"
  }
  expect_failures = [var.event_bus_arn]
}

run "a_collector_by_pattern_is_refused" {
  command = plan
  variables {
    collector_role_arn = "arn:aws:iam::111122223333:role/*"
  }
  expect_failures = [var.collector_role_arn]
}

run "an_arn_as_the_source_roles_name_is_refused" {
  command = plan
  variables {
    source_role = { role_name = "arn:aws:iam::444455556666:role/reader" }
  }
  expect_failures = [var.source_role]
}

run "an_external_id_with_spaces_is_refused" {
  command = plan
  variables {
    source_role = { external_id = "not good" }
  }
  expect_failures = [var.source_role]
}

run "a_source_role_beside_a_replica_is_refused" {
  command = plan
  variables {
    mode        = "replicated"
    replica     = { bucket_name = "org-logs-replica", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
    source_role = {}
  }
  expect_failures = [var.source_role]
}

run "mode_replicated_without_a_replica_is_refused" {
  command = plan
  variables {
    mode = "replicated"
  }
  expect_failures = [var.replica]
}

run "a_replica_without_its_mode_is_refused" {
  command = plan
  variables {
    replica = { bucket_name = "org-logs-replica", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
  }
  expect_failures = [var.replica]
}

run "a_bucket_that_replicates_into_itself_is_refused" {
  command = plan
  variables {
    mode    = "replicated"
    replica = { bucket_name = "org-logs", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
  }
  expect_failures = [var.replica]
}

run "a_replica_without_a_customer_key_is_refused" {
  command = plan
  variables {
    mode    = "replicated"
    replica = { bucket_name = "org-logs-replica", kms_key_arn = "alias/aws/s3" }
  }
  expect_failures = [var.replica]
}

run "two_owners_of_one_notification_configuration_are_refused" {
  command = plan
  variables {
    owned_bucket_names = ["org-logs"]
  }
  expect_failures = [var.owned_bucket_names]
}

run "an_owned_bucket_that_is_null" {
  command = plan

  variables {
    owned_bucket_names = [null]
  }

  expect_failures = [var.owned_bucket_names]
}

run "a_queue_of_another_partition" {
  command = plan

  variables {
    queue_arn = "arn:aws-us-gov:sqs:us-east-1:111122223333:trailkeep"
  }

  expect_failures = [var.queue_arn]
}
