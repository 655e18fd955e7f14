variables {
  subscriber         = "siem"
  topic_arn          = "arn:aws:sns:us-east-1:111122223333:trailkeep-announcements"
  principal_arns     = ["arn:aws:iam::444455556666:role/collector"]
  external_id        = "7d1b1f0e-example"
  categories         = ["management"]
  archive_bucket_arn = "arn:aws:s3:::example-audit"
  event_kms_key_arns = {
    management = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000001"
  }
  queue_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000009"
}

run "a_name_with_an_underscore_is_refused" {
  command = plan
  variables {
    name = "trail_keep"
  }
  expect_failures = [var.name]
}

run "a_subscriber_with_capitals_is_refused" {
  command = plan
  variables {
    subscriber = "SIEM"
  }
  expect_failures = [var.subscriber]
}

run "a_boundary_that_is_no_policy_is_refused" {
  command = plan
  variables {
    permissions_boundary = "arn:aws:iam::111122223333:role/boundary"
  }
  expect_failures = [var.permissions_boundary]
}

run "a_path_without_slashes_is_refused" {
  command = plan
  variables {
    role_path = "trailkeep"
  }
  expect_failures = [var.role_path]
}

run "nobody_to_read_is_refused" {
  command = plan
  variables {
    principal_arns = []
  }
  expect_failures = [var.principal_arns]
}

run "everybody_is_refused" {
  command = plan
  variables {
    principal_arns = ["*"]
  }
  expect_failures = [var.principal_arns]
}

run "a_wildcard_in_a_principal_is_refused" {
  command = plan
  variables {
    principal_arns = ["arn:aws:iam::444455556666:role/*"]
  }
  expect_failures = [var.principal_arns]
}

run "a_stranger_without_an_external_id_is_refused" {
  command = plan
  variables {
    external_id = null
  }
  expect_failures = [aws_iam_role.this]
}

run "one_stranger_among_our_own_without_an_external_id_is_refused" {
  command = plan
  variables {
    principal_arns = ["arn:aws:iam::111122223333:role/detections", "arn:aws:iam::444455556666:root"]
    external_id    = null
  }
  expect_failures = [aws_iam_role.this]
}

run "an_external_id_with_blanks_is_refused" {
  command = plan
  variables {
    external_id = "our siem"
  }
  expect_failures = [var.external_id]
}

run "no_category_is_refused" {
  command = plan
  variables {
    categories = []
  }
  expect_failures = [var.categories]
}

run "a_category_that_no_archive_has_is_refused" {
  command = plan
  variables {
    categories = ["s3"]
  }
  expect_failures = [var.categories]
}

run "a_category_named_twice_is_refused" {
  command = plan
  variables {
    categories = ["management", "management"]
  }
  expect_failures = [var.categories]
}

run "a_category_without_a_key_is_refused" {
  command = plan
  variables {
    categories = ["management", "data"]
  }
  expect_failures = [var.event_kms_key_arns]
}

run "an_alias_for_a_category_is_refused" {
  command = plan
  variables {
    event_kms_key_arns = { management = "alias/events" }
  }
  expect_failures = [var.event_kms_key_arns]
}

run "an_account_of_eleven_digits_is_refused" {
  command = plan
  variables {
    accounts = ["12345678901"]
  }
  expect_failures = [var.accounts]
}

run "a_region_that_is_none_is_refused" {
  command = plan
  variables {
    regions = ["Frankfurt"]
  }
  expect_failures = [var.regions]
}

run "more_combinations_than_sns_takes_are_refused" {
  command = plan
  variables {
    accounts = [for i in range(20) : format("%012d", i)]
    regions  = [for i in range(9) : "us-east-${i}"]
  }
  expect_failures = [var.regions]
}

run "a_topic_that_is_no_arn_is_refused" {
  command = plan
  variables {
    topic_arn = "trailkeep-announcements"
  }
  expect_failures = [var.topic_arn]
}

run "a_topic_of_another_region_is_refused" {
  command = plan
  variables {
    topic_arn = "arn:aws:sns:eu-west-1:111122223333:trailkeep-announcements"
  }
  expect_failures = [aws_sqs_queue.this]
}

run "a_topic_of_another_account_is_refused" {
  command = plan
  variables {
    topic_arn = "arn:aws:sns:us-east-1:999999999999:trailkeep-announcements"
  }
  expect_failures = [aws_sqs_queue.this]
}

run "a_bucket_that_is_no_arn_is_refused" {
  command = plan
  variables {
    archive_bucket_arn = "example-audit"
  }
  expect_failures = [var.archive_bucket_arn]
}

run "a_prefix_with_a_slash_at_its_beginning_is_refused" {
  command = plan
  variables {
    archive_prefix = "/org"
  }
  expect_failures = [var.archive_prefix]
}

run "the_key_of_the_service_itself_is_refused" {
  command = plan
  variables {
    queue_kms_key_arn = "alias/aws/sqs"
  }
  expect_failures = [var.queue_kms_key_arn]
}

run "a_queue_key_of_another_region_is_refused" {
  command = plan
  variables {
    queue_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000009"
  }
  expect_failures = [aws_sqs_queue.this]
}

run "a_queue_that_keeps_an_hour_is_refused" {
  command = plan
  variables {
    message_retention_seconds = 3600
  }
  expect_failures = [var.message_retention_seconds]
}

run "a_visibility_of_a_day_is_refused" {
  command = plan
  variables {
    visibility_timeout_seconds = 86400
  }
  expect_failures = [var.visibility_timeout_seconds]
}

run "one_receive_before_the_dead_letters_is_refused" {
  command = plan
  variables {
    max_receive_count = 1
  }
  expect_failures = [var.max_receive_count]
}

run "a_category_is_not_null" {
  command = plan
  variables {
    categories = [null]
  }
  expect_failures = [var.categories]
}

run "a_fifo_topic_is_refused" {
  command = plan
  variables {
    topic_arn = "arn:aws:sns:us-east-1:111122223333:landed.fifo"
  }
  expect_failures = [var.topic_arn]
}

run "a_key_of_another_region_is_none_of_the_archives" {
  command = plan
  variables {
    event_kms_key_arns = { management = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
    categories         = ["management"]
  }
  expect_failures = [aws_sqs_queue.this]
}

run "principals_are_of_this_partition" {
  command = plan
  variables {
    principal_arns = ["arn:aws-cn:iam::444455556666:root"]
  }
  expect_failures = [aws_sqs_queue.this]
}
