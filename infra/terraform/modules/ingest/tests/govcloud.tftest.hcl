provider "aws" {
  region = "us-gov-west-1"
}

variables {
  kms_key_arn        = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  mode               = "direct"
  source_bucket_arns = ["arn:aws-us-gov:s3:::org-logs"]
}

run "no_arn_of_another_partition_is_written" {
  command = plan
  assert {
    condition     = output.queue_arn == "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:trailkeep" && !strcontains(data.aws_iam_policy_document.queue["this"].json, "arn:aws:")
    error_message = "ARNs follow the partition."
  }
}

run "a_topic_and_a_bus_follow_the_partition" {
  command = plan
  variables {
    mode               = "eventbridge"
    source_account_ids = ["444455556666"]
  }
  assert {
    condition     = !strcontains(data.aws_iam_policy_document.bus.json, "arn:aws:") && !strcontains(data.aws_iam_policy_document.topic.json, "arn:aws:")
    error_message = "ARNs follow the partition."
  }
}

run "a_bucket_of_another_partition_is_refused" {
  command = plan
  variables {
    source_bucket_arns = ["arn:aws:s3:::org-logs"]
  }
  expect_failures = [var.source_bucket_arns]
}
