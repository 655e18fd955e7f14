provider "aws" {
  region = "us-gov-west-1"
}

variables {
  mode                  = "replicated"
  organization_id       = "o-exampleorg1"
  log_bucket_name       = "org-logs"
  log_bucket_account_id = "444455556666"
  queue_arn             = "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:trailkeep"
  replica               = { bucket_name = "org-logs-replica", kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
}

run "no_document_names_another_partition" {
  command = plan
  assert {
    condition     = !strcontains(jsonencode(output.policies), "arn:aws:") && output.replication_role_arn == "arn:aws-us-gov:iam::444455556666:role/trailkeep/trailkeep-replication"
    error_message = "ARNs follow the partition."
  }
}

run "nor_with_a_role_that_reads" {
  command = plan
  variables {
    mode        = "direct"
    replica     = null
    source_role = {}
  }
  assert {
    condition     = !strcontains(jsonencode(output.policies), "arn:aws:") && output.sources.role.external_id == null
    error_message = "ARNs follow the partition."
  }
}
