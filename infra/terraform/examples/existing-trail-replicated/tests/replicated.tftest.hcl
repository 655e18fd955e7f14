run "the_replica_is_ours_and_the_log_archive_is_not_read" {
  command = plan

  assert {
    condition     = output.replica_bucket_name == "trailkeep-logs-111122223333-eu-central-1"
    error_message = output.replica_bucket_name
  }

  assert {
    condition     = module.audit_account.key_map["trail"].replicators == tolist(["arn:aws:iam::666677778888:role/trailkeep/trailkeep-replication"])
    error_message = "their role encrypts with the replica's key"
  }

  assert {
    condition     = length(module.audit_account.key_map["trail"].services) == 0
    error_message = "CloudTrail has no use for the replica's key"
  }
}
