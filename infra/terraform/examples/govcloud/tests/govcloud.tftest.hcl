run "everything_is_of_the_govcloud_partition" {
  command = plan

  assert {
    condition     = output.for_management_account.trail_arn == "arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/trailkeep"
    error_message = output.for_management_account.trail_arn
  }

  assert {
    condition     = !strcontains(jsonencode([output.for_management_account.excluded_bucket_arns, module.audit_account.key_map, module.audit_account.replication_role_arn]), "arn:aws:")
    error_message = "an ARN of the commercial partition means nothing here"
  }
}

run "the_other_region_will_do" {
  command = plan

  variables {
    region = "us-gov-east-1"
  }

  assert {
    condition     = output.for_management_account.trail_arn == "arn:aws-us-gov:cloudtrail:us-gov-east-1:999999999999:trail/trailkeep"
    error_message = "the trail is where the archive is"
  }
}
