run "what_lands_is_what_the_trail_records" {
  command = plan

  assert {
    condition     = output.trail_arn == "arn:aws:cloudtrail:eu-central-1:999999999999:trail/trailkeep"
    error_message = "the policies of the audit account name this trail: ${output.trail_arn}"
  }

  assert {
    condition     = toset(module.management_account.selectors[*].name) == toset(["Management events", "Every write to S3", "Functions that run"])
    error_message = "management and data events"
  }

  assert {
    condition = alltrue([for what in ["archive", "logs", "access", "results"] :
      contains(flatten([for s in module.management_account.selectors : [for f in s.fields : f.not_starts_with if f.field == "resources.ARN"] if s.name == "Every write to S3"]), "arn:aws:s3:::trailkeep-${what}-111122223333-eu-central-1/")
    ])
    error_message = "the trail does not record its own landing"
  }
}

run "each_reader_opens_what_it_reads_and_nothing_else" {
  command = plan

  assert {
    condition = { for class, key in module.audit_account.key_map : class => [for arn in key.readers : reverse(split("/", arn))[0] if !strcontains(arn, "analyst") && !strcontains(arn, "operator") && !strcontains(arn, "replication") && !strcontains(arn, "trailkeep-auditor")] if length(key.readers) > 0 } == {
      raw                 = ["payments-audit"]
      queue               = ["trailkeep-subscriber-data", "trailkeep-subscriber-siem"]
      "events-management" = ["detection", "trailkeep-subscriber-siem"]
      "events-insight"    = ["detection", "trailkeep-subscriber-siem"]
      "events-data"       = ["trailkeep-subscriber-data"]
      "events-network"    = []
      "events-aggregated" = []
      attest              = []
    }
    error_message = "who may decrypt what: ${jsonencode({ for class, key in module.audit_account.key_map : class => key.readers })}"
  }

  assert {
    condition     = alltrue([for class, key in module.audit_account.key_map : join(",", key.administrators) == "arn:aws:iam::111122223333:role/terraform" && !contains(concat(key.users, key.readers), "arn:aws:iam::111122223333:role/terraform")])
    error_message = "who manages the keys does not use them"
  }
}

run "the_copy_is_in_another_region_and_account" {
  command = plan

  assert {
    condition     = output.replica_bucket_arn == "arn:aws:s3:::trailkeep-replica-777788889999-eu-west-1"
    error_message = output.replica_bucket_arn
  }

  assert {
    condition     = output.replication_role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-replication"
    error_message = output.replication_role_arn
  }

  assert {
    condition     = toset([for rule in module.audit_account.archive_lifecycle_rules : rule.retention_days if strcontains(rule.prefix, "raw/")]) == toset([2557, 3653])
    error_message = "the copy of each class is kept as long as the class"
  }
}

run "protection_comes_when_it_is_attached_to_something" {
  command = plan

  variables {
    protected_target_ids = []
  }

  assert {
    condition     = module.management_account.policy_id == null
    error_message = "without targets there is no policy"
  }
}
