variables {
  queue            = { queue_url = "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep", queue_name = "trailkeep" }
  archive          = { bucket_name = "audit" }
  ledger           = { table_name = "trailkeep", table_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep", index_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "dynamodb://trailkeep" }
  sources          = { buckets = [{ name = "org-logs", account_id = "444455556666" }] }
  organization_ids = ["o-exampleorg1"]
  kms_key_arns     = { raw = "arn:aws:kms:us-east-1:111122223333:key/raw", queue = "arn:aws:kms:us-east-1:111122223333:key/queue", table = "arn:aws:kms:us-east-1:111122223333:key/table", logs = "arn:aws:kms:us-east-1:111122223333:key/logs" }
  object_lock_mode = "governance"
  object_lock_days = 1
  network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
}

run "an_unknown_option_is_refused" {
  command = plan
  variables {
    options = { low_latencies = "true" }
  }
  expect_failures = [var.options]
}

run "an_option_is_written_without_its_prefix" {
  command = plan
  variables {
    options = { TRAILKEEP_LOW_LATENCY = "true" }
  }
  expect_failures = [var.options]
}

run "an_option_that_the_module_sets_is_not_set_twice" {
  command = plan
  variables {
    options = { queue = "https://sqs.us-east-1.amazonaws.com/111122223333/other" }
  }
  expect_failures = [var.options]
}

run "keys_are_not_set_past_the_policy" {
  command = plan
  variables {
    options = { kms_keys = "raw/=alias/other" }
  }
  expect_failures = [var.options]
}

run "the_port_stays" {
  command = plan
  variables {
    options = { listen = "0.0.0.0:80" }
  }
  expect_failures = [var.options]
}

run "tokens_do_not_stand_in_a_task_definition" {
  command = plan
  variables {
    otel_environment = { OTEL_EXPORTER_OTLP_HEADERS = "authorization=x" }
  }
  expect_failures = [var.otel_environment]
}

run "other_variables_are_no_telemetry" {
  command = plan
  variables {
    otel_environment = { AWS_PROFILE = "x" }
  }
  expect_failures = [var.otel_environment]
}

run "a_queue_in_another_region_is_refused" {
  command = plan
  variables {
    queue = { queue_url = "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws:sqs:eu-west-1:111122223333:trailkeep", queue_name = "trailkeep" }
  }
  expect_failures = [var.queue]
}

run "a_fifo_queue_is_refused" {
  command = plan
  variables {
    queue = { queue_url = "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep.fifo", queue_name = "trailkeep" }
  }
  expect_failures = [var.queue]
}

run "a_table_in_another_region_is_refused" {
  command = plan
  variables {
    ledger = { table_name = "trailkeep", table_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/trailkeep", index_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "dynamodb://trailkeep" }
  }
  expect_failures = [var.ledger]
}

run "a_ledger_is_a_table" {
  command = plan
  variables {
    ledger = { table_name = "trailkeep", table_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep", index_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "trailkeep" }
  }
  expect_failures = [var.ledger]
}

run "a_topic_in_another_region_is_refused" {
  command = plan
  variables {
    topic_arn = "arn:aws:sns:eu-west-1:111122223333:landed"
  }
  expect_failures = [var.topic_arn]
}

run "digests_are_announced_on_a_topic" {
  command = plan
  variables {
    topic_arn        = null
    announce_digests = true
  }
  expect_failures = [var.announce_digests]
}

run "a_topic_is_an_arn" {
  command = plan
  variables {
    topic_arn = "landed"
  }
  expect_failures = [var.topic_arn]
}

run "an_archive_is_named_and_not_addressed" {
  command = plan
  variables {
    archive = { bucket_name = "s3://audit" }
  }
  expect_failures = [var.archive]
}

run "a_prefix_has_no_slash_at_its_end" {
  command = plan
  variables {
    archive = { bucket_name = "audit", prefix = "org/" }
  }
  expect_failures = [var.archive]
}

run "a_prefix_does_not_climb" {
  command = plan
  variables {
    archive = { bucket_name = "audit", prefix = "org/../other" }
  }
  expect_failures = [var.archive]
}

run "something_must_be_read" {
  command = plan
  variables {
    sources = { buckets = [] }
  }
  expect_failures = [var.sources]
}

run "a_log_bucket_has_an_owner" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "4444" }] }
  }
  expect_failures = [var.sources]
}

run "a_log_bucket_is_named_once" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }, { name = "org-logs", account_id = "444455556666" }] }
  }
  expect_failures = [var.sources]
}

run "a_replica_of_a_replica_is_refused" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }, { name = "b", account_id = "111122223333", replicates = "c" }, { name = "c", account_id = "111122223333", replicates = "org-logs" }] }
  }
  expect_failures = [var.sources]
}

run "the_archive_is_no_log_bucket" {
  command = plan
  variables {
    sources = { buckets = [{ name = "audit", account_id = "111122223333" }] }
  }
  expect_failures = [var.sources]
}

run "an_alias_of_a_log_key_is_refused" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "alias/logs" }] }
  }
  expect_failures = [var.sources]
}

run "a_source_role_is_an_arn" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }], role = { arn = "reader" } }
  }
  expect_failures = [var.sources]
}

run "an_external_id_has_no_spaces" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }], role = { arn = "arn:aws:iam::444455556666:role/reader", external_id = "a b" } }
  }
  expect_failures = [var.sources]
}

run "a_source_region_is_a_region" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666" }], region = "Frankfurt" }
  }
  expect_failures = [var.sources]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan
  variables {
    organization_ids = ["exampleorg1"]
  }
  expect_failures = [var.organization_ids]
}

run "somebody_must_be_let_in" {
  command = plan
  variables {
    organization_ids = []
  }
  expect_failures = [var.organization_ids]
}

run "an_account_is_twelve_digits" {
  command = plan
  variables {
    account_ids = ["1234"]
  }
  expect_failures = [var.account_ids]
}

run "every_class_needs_its_key" {
  command = plan
  variables {
    kms_key_arns = { raw = "arn:aws:kms:us-east-1:111122223333:key/raw" }
  }
  expect_failures = [var.kms_key_arns]
}

run "keys_are_no_aliases" {
  command = plan
  variables {
    kms_key_arns = { for class in ["raw", "queue", "table", "logs"] : class => "alias/${class}" }
  }
  expect_failures = [var.kms_key_arns]
}

run "a_lock_has_one_of_two_modes" {
  command = plan
  variables {
    object_lock_mode = "legal"
  }
  expect_failures = [var.object_lock_mode]
}

run "a_lock_lasts_a_day_at_least" {
  command = plan
  variables {
    object_lock_days = 0
  }
  expect_failures = [var.object_lock_days]
}

run "a_class_label_is_lower_case" {
  command = plan
  variables {
    class_label = "Standard"
  }
  expect_failures = [var.class_label]
}

run "most_tasks_are_not_fewer_than_fewest" {
  command = plan
  variables {
    min_tasks = 4
    max_tasks = 3
  }
  expect_failures = [var.max_tasks]
}

run "a_backlog_of_nothing_is_no_target" {
  command = plan
  variables {
    backlog_per_task = 0
  }
  expect_failures = [var.backlog_per_task]
}

run "names_are_lower_case" {
  command = plan
  variables {
    name = "Trailkeep"
  }
  expect_failures = [var.name]
}

run "an_option_without_a_value_is_refused" {
  command = plan
  variables {
    options = { seal_age = "", listen = null }
  }
  expect_failures = [var.options]
}

run "telemetry_without_a_value_is_refused" {
  command = plan
  variables {
    otel_environment = { OTEL_SERVICE_NAME = null }
  }
  expect_failures = [var.otel_environment]
}

run "parts_of_two_queues_are_refused" {
  command = plan
  variables {
    queue = { queue_url = "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws:sqs:us-east-1:111122223333:trailkeep", queue_name = "other" }
  }
  expect_failures = [var.queue]
}

run "parts_of_two_tables_are_refused" {
  command = plan
  variables {
    ledger = { table_name = "other", table_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep", index_arn = "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "dynamodb://trailkeep" }
  }
  expect_failures = [var.ledger]
}

run "a_replica_of_what_is_no_bucket_is_refused" {
  command = plan
  variables {
    sources = { buckets = [{ name = "replica", account_id = "444455556666", replicates = "X,Y=Z" }] }
  }
  expect_failures = [var.sources]
}

run "a_replica_of_the_archive_is_no_source" {
  command = plan
  variables {
    sources = { buckets = [{ name = "replica", account_id = "444455556666", replicates = "audit" }] }
  }
  expect_failures = [var.sources]
}

run "a_log_buckets_key_is_of_its_region" {
  command = plan
  variables {
    sources = { buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/x" }] }
  }
  expect_failures = [var.sources]
}

run "keys_are_of_this_region" {
  command = plan
  variables {
    kms_key_arns = { raw = "arn:aws:kms:eu-west-1:111122223333:key/raw", queue = "arn:aws:kms:us-east-1:111122223333:key/queue", table = "arn:aws:kms:us-east-1:111122223333:key/table", logs = "arn:aws:kms:us-east-1:111122223333:key/logs" }
  }
  expect_failures = [var.kms_key_arns]
}

run "a_class_does_not_smuggle_in_a_second_key" {
  command = plan
  variables {
    kms_key_arns = { "events-data/=x,events" = "arn:aws:kms:us-east-1:111122223333:key/x", raw = "arn:aws:kms:us-east-1:111122223333:key/raw", queue = "arn:aws:kms:us-east-1:111122223333:key/queue", table = "arn:aws:kms:us-east-1:111122223333:key/table", logs = "arn:aws:kms:us-east-1:111122223333:key/logs" }
  }
  expect_failures = [var.kms_key_arns]
}
