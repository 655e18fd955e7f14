run "five_inputs_are_enough" {
  command = plan

  assert {
    condition     = output.for_management_account.trail_arn == "arn:aws:cloudtrail:us-east-1:999999999999:trail/trailkeep"
    error_message = "the trail is the management account's, and is named before it is there: ${output.for_management_account.trail_arn}"
  }

  assert {
    condition     = output.for_management_account.log_bucket_name == "trailkeep-logs-111122223333-us-east-1"
    error_message = "the log bucket is ours: ${output.for_management_account.log_bucket_name}"
  }

  assert {
    condition     = toset(output.for_management_account.excluded_bucket_arns) == toset([for what in ["archive", "logs", "access", "results"] : "arn:aws:s3:::trailkeep-${what}-111122223333-us-east-1"])
    error_message = "no data event of our own buckets is recorded"
  }
}

run "a_trial_can_be_ended_after_a_day" {
  command = plan

  assert {
    condition     = strcontains(output.stays_on_destroy["s3://trailkeep-archive-111122223333-us-east-1"], "break-glass")
    error_message = "governance"
  }
}

run "nobody_but_collector_and_auditor_uses_the_archives_keys" {
  command = plan

  assert {
    condition = alltrue([for class, key in module.audit_account.key_map : length(setsubtract(key.readers, ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"])) == 0 && length(key.replicators) == 0 &&
    length(setsubtract(key.users, [for service in ["collector", "auditor"] : "arn:aws:iam::111122223333:role/trailkeep/trailkeep-${service}"])) == 0])
    error_message = "without readers, subscribers and a replica there are two, and the auditor reads events"
  }
}

run "the_second_apply_brings_the_tasks" {
  command = plan

  variables {
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = module.audit_account.service_name == "trailkeep-collector"
    error_message = "an image makes the service"
  }
}
