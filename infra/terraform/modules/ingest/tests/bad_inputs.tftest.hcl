variables {
  kms_key_arn        = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  mode               = "direct"
  source_bucket_arns = ["arn:aws:s3:::org-logs"]
}

run "a_mode_that_is_none_is_refused" {
  command = plan
  variables {
    mode = "kinesis"
  }
  expect_failures = [var.mode]
}

run "a_queue_in_another_region_is_refused" {
  command = plan
  variables {
    source_region = "eu-west-1"
  }
  expect_failures = [var.source_region]
}

run "a_topic_in_another_region_is_refused" {
  command = plan
  variables {
    mode          = "sns"
    source_region = "eu-west-1"
  }
  expect_failures = [var.source_region]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan
  variables {
    organization_id = "example"
  }
  expect_failures = [var.organization_id]
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables {
    name = "TrailKeep"
  }
  expect_failures = [var.name]
}

run "an_alias_instead_of_a_key_is_refused" {
  command = plan
  variables {
    kms_key_arn = "alias/aws/sqs"
  }
  expect_failures = [var.kms_key_arn]
}

run "a_key_of_another_region_is_refused" {
  command = plan
  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
  expect_failures = [var.kms_key_arn]
}

run "no_bucket_is_refused" {
  command = plan
  variables {
    source_bucket_arns = []
  }
  expect_failures = [var.source_bucket_arns]
}

run "a_bucket_by_pattern_is_refused" {
  command = plan
  variables {
    source_bucket_arns = ["arn:aws:s3:::*"]
  }
  expect_failures = [var.source_bucket_arns]
}

run "buckets_beside_others_topics_are_refused" {
  command = plan
  variables {
    mode                = "external"
    external_topic_arns = ["arn:aws:sns:us-east-1:444455556666:logs"]
  }
  expect_failures = [var.source_bucket_arns]
}

run "an_account_id_that_is_none_is_refused" {
  command = plan
  variables {
    source_account_ids = ["4444"]
  }
  expect_failures = [var.source_account_ids]
}

run "buckets_here_and_elsewhere_by_one_rule_are_refused" {
  command = plan
  variables {
    mode               = "eventbridge"
    source_account_ids = ["111122223333", "444455556666"]
  }
  expect_failures = [var.source_account_ids]
}

run "mode_external_without_a_topic_is_refused" {
  command = plan
  variables {
    mode               = "external"
    source_bucket_arns = []
  }
  expect_failures = [var.external_topic_arns]
}

run "a_fifo_topic_is_refused" {
  command = plan
  variables {
    mode                = "external"
    source_bucket_arns  = []
    external_topic_arns = ["arn:aws:sns:us-east-1:444455556666:logs.fifo"]
  }
  expect_failures = [var.external_topic_arns]
}

run "trails_without_a_topic_are_refused" {
  command = plan
  variables {
    trail_arns = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
  }
  expect_failures = [var.trail_arns]
}

run "a_trail_that_is_none_is_refused" {
  command = plan
  variables {
    mode       = "sns"
    trail_arns = ["organization"]
  }
  expect_failures = [var.trail_arns]
}

run "a_retention_below_four_days_is_refused" {
  command = plan
  variables {
    message_retention_seconds = 86400
  }
  expect_failures = [var.message_retention_seconds]
}

run "a_retention_above_seven_days_is_refused" {
  command = plan
  variables {
    message_retention_seconds = 1209600
  }
  expect_failures = [var.message_retention_seconds]
}

run "fewer_than_ten_receives_are_refused" {
  command = plan
  variables {
    max_receive_count = 5
  }
  expect_failures = [var.max_receive_count]
}

run "a_visibility_of_more_than_twelve_hours_is_refused" {
  command = plan
  variables {
    visibility_timeout_seconds = 50000
  }
  expect_failures = [var.visibility_timeout_seconds]
}

run "a_retention_in_fractions" {
  command = plan

  variables {
    message_retention_seconds = 345600.5
  }

  expect_failures = [var.message_retention_seconds]
}

run "a_timeout_in_fractions" {
  command = plan

  variables {
    visibility_timeout_seconds = 33.5
  }

  expect_failures = [var.visibility_timeout_seconds]
}
