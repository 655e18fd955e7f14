run "the_copy_is_in_another_region_and_account" {
  command = plan

  assert {
    condition     = output.replica_bucket_arn == "arn:aws:s3:::trailkeep-replica-777788889999-us-west-2"
    error_message = output.replica_bucket_arn
  }

  assert {
    condition     = toset(keys(output.replica_key_arns)) == toset(["raw", "events-management", "events-data", "events-insight", "events-network", "events-aggregated"])
    error_message = "a key for each class that the archive has one for"
  }
}

run "S3_opens_the_archive_to_copy_it_and_nobody_else_does" {
  command = plan

  assert {
    condition     = alltrue([for class in keys(output.replica_key_arns) : setsubtract(module.audit_account.key_map[class].readers, [module.audit_account.auditor_role_arn]) == toset([output.replication_role_arn])])
    error_message = "the replication role reads each class, alone but for the auditor"
  }
}
