provider "aws" {
  region = "us-gov-west-1"
}

run "govcloud_has_its_own_arns" {
  command = plan
  variables {
    queue            = { queue_url = "https://sqs.us-gov-west-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:trailkeep", queue_name = "trailkeep" }
    archive          = { bucket_name = "audit" }
    ledger           = { table_name = "trailkeep", table_arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/trailkeep", index_arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "dynamodb://trailkeep" }
    sources          = { buckets = [{ name = "org-logs", account_id = "444455556666" }] }
    organization_ids = ["o-exampleorg1"]
    kms_key_arns     = { for class in ["raw", "queue", "table", "logs"] : class => "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/${class}" }
    object_lock_mode = "compliance"
    object_lock_days = 1
    network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d"] }
  }

  assert {
    condition     = !strcontains(output.task_policy_json, "arn:aws:") && strcontains(output.task_policy_json, "arn:aws-us-gov:s3:::audit/raw/*")
    error_message = "ARNs of another partition."
  }
  assert {
    condition     = output.service_name == null && output.environment["TRAILKEEP_AWS_REGION"] == "us-gov-west-1"
    error_message = "Without an image there are policy and environment, and no tasks."
  }
}
