# The audit account as five inputs make it, and what the optional ones change.

variables {
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  object_lock_mode      = "governance"
  image                 = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  network               = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"] }
}

run "five_inputs_make_everything_and_tell_collector_and_management_account_what_they_need" {
  command = apply

  assert {
    condition     = output.log_bucket_name == "trailkeep-logs-111122223333-us-east-1" && output.archive_url == "s3://trailkeep-archive-111122223333-us-east-1" && output.ledger_url == "dynamodb://trailkeep-ledger"
    error_message = "Names are made of name, account and Region, since buckets' names are everybody's."
  }
  assert {
    condition     = output.service_name == "trailkeep-collector" && output.workgroup_name == "trailkeep" && output.alarm_topic_arn != "" && output.dashboard_name != ""
    error_message = "Collector, catalog and alarms belong to the defaults."
  }
  assert {
    condition     = length(output.subscriber_queue_urls) == 0 && length(output.existing_trail_policies) == 0 && length(module.endpoints) == 0
    error_message = "Subscribers, an existing trail and endpoints do not."
  }
  assert {
    condition = alltrue([
      output.collector_environment["TRAILKEEP_QUEUE"] == output.queue_url,
      output.collector_environment["TRAILKEEP_BUCKETS"] == output.log_bucket_name,
      output.collector_environment["TRAILKEEP_ORGANIZATIONS"] == "o-exampleorg1",
      output.collector_environment["TRAILKEEP_LEDGER"] == output.ledger_url,
      output.collector_environment["TRAILKEEP_TOPIC_ARN"] == output.announcements_topic_arn,
      output.collector_environment["TRAILKEEP_OBJECT_LOCK_MODE"] == "governance",
      output.collector_environment["TRAILKEEP_OBJECT_LOCK_DAYS"] == "365",
      output.collector_environment["TRAILKEEP_KMS_KEY_ID"] == output.key_arns["raw"],
    ])
    error_message = "The environment has to name the queue, log bucket, organization, ledger, topic, lock and key that were made."
  }
  assert {
    condition     = alltrue([for category in ["management", "data", "insight", "network", "aggregated"] : strcontains(output.collector_environment["TRAILKEEP_KMS_KEYS"], "events/category=${category}/=${output.key_arns["events-${category}"]}")])
    error_message = "Each category of events has to be written with its own key."
  }
  assert {
    condition     = output.trail_kms_key_arn == output.key_arns["trail"] && output.trail_name == "trailkeep" && output.trail_home_region == "us-east-1"
    error_message = "The trail needs its key, its name and its home Region."
  }
  assert {
    condition     = toset(output.excluded_bucket_arns) == toset([for what in ["archive", "logs", "access", "results"] : "arn:aws:s3:::trailkeep-${what}-111122223333-us-east-1"])
    error_message = "All four buckets have to be left out of data events: the trail would record its own landing."
  }
  assert {
    condition     = strcontains(module.keys.key_map["trail"].encrypts, "trailkeep-logs-111122223333-us-east-1") && contains(module.keys.key_map["trail"].services, "cloudtrail.amazonaws.com")
    error_message = "CloudTrail has to be let use the trail's key."
  }
  assert {
    condition = alltrue([
      for class, key in module.keys.key_map : jsonencode(key.users) == jsonencode([for service in lookup({
        logs = [], results = [], attest = ["auditor"], raw = ["collector", "auditor"], trail = ["collector"], queue = ["collector", "auditor"], table = ["collector", "auditor"]
      }, class, ["collector"]) : "arn:aws:iam::111122223333:role/trailkeep/trailkeep-${service}"])
    ])
    error_message = "The collector uses the keys of archive, log bucket, queue and table; the auditor those of raw, queue and table, and alone signs; nobody uses any other."
  }
  assert {
    condition     = alltrue([for class, key in module.keys.key_map : key.readers == (class == "events-management" ? ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"] : []) && length(key.replicators) == 0])
    error_message = "Nobody else may decrypt by default."
  }
}

run "without_image_and_catalog_there_are_neither_tasks_nor_a_bucket_of_answers" {
  command = plan

  variables {
    image   = null
    catalog = null
  }

  assert {
    condition     = output.service_name == null
    error_message = "Without an image there are no tasks."
  }
  assert {
    condition     = output.workgroup_name == null && length(module.catalog) == 0
    error_message = "catalog = null leaves Athena out."
  }
}

run "the_trail_is_named_by_its_account_and_home_and_endpoints_let_tasks_out_to_them_alone" {
  command = plan

  variables {
    trail_name        = "organization"
    trail_home_region = "eu-west-1"
    endpoints         = { route_table_ids = ["rtb-0123456789abcdef0"] }
  }

  assert {
    condition     = length(local.network.egress_cidrs) == 0 && length(local.network.egress_prefix_list_ids) == 2 && length(local.network.egress_security_group_ids) == 1
    error_message = "Tasks connect to the two gateways and to the interface endpoints."
  }
  assert {
    condition     = local.trail_arn == "arn:aws:cloudtrail:eu-west-1:999999999999:trail/organization"
    error_message = "The trail's ARN is built from management account, home Region and name."
  }
}

run "a_reader_gets_the_keys_of_its_prefixes_and_no_others" {
  command = plan

  variables {
    readers = [
      { principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = ["events/category=data/"] },
      { principal_arns = ["arn:aws:iam::444455556666:role/auditor"], prefixes = ["events/", "sources/"] },
    ]
  }

  assert {
    condition     = module.keys.key_map["events-data"].readers == tolist(["arn:aws:iam::444455556666:role/siem", "arn:aws:iam::444455556666:role/auditor"])
    error_message = "Both read data events."
  }
  assert {
    condition     = module.keys.key_map["events-management"].readers == tolist(["arn:aws:iam::444455556666:role/auditor", "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]) && module.keys.key_map["raw"].readers == tolist(["arn:aws:iam::444455556666:role/auditor"])
    error_message = "Of the rest only the auditors read: theirs what it was let, ours all events."
  }
}

run "a_subscriber_gets_a_queue_a_role_and_the_keys_of_its_categories" {
  command = apply

  variables {
    subscribers = { siem = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "3f0c9d1e", categories = ["management"] } }
  }

  assert {
    condition     = output.subscriber_role_arns["siem"] == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-subscriber-siem" && output.subscriber_queue_urls["siem"] != ""
    error_message = "The subscriber is served by a queue and a role."
  }
  assert {
    condition     = alltrue([for class, key in module.keys.key_map : key.readers == concat(contains(["events-management", "queue"], class) ? [output.subscriber_role_arns["siem"]] : [], class == "events-management" ? [output.auditor_role_arn] : [])])
    error_message = "Its role decrypts management events and messages, and nothing else; the keys name it as it is called."
  }
}

run "analysts_read_all_classes_and_alone_use_the_key_of_answers" {
  command = plan

  variables {
    catalog = { analyst_role_arns = ["arn:aws:iam::111122223333:role/analyst"] }
  }

  assert {
    condition     = module.keys.key_map["results"].users == tolist(["arn:aws:iam::111122223333:role/analyst"]) && contains(module.keys.key_map["raw"].readers, "arn:aws:iam::111122223333:role/analyst")
    error_message = "Who asks reads the archive, and writes and reads answers."
  }
}

run "an_existing_trail_brings_no_bucket_of_ours_and_tells_its_owner_what_to_add" {
  command = apply

  variables {
    existing_trail = {
      mode                   = "sns"
      log_bucket_name        = "aws-controltower-logs-444455556666-us-east-1"
      log_bucket_account_id  = "444455556666"
      log_bucket_kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555"
      key_prefix             = "o-exampleorg1"
      topic_arn              = "arn:aws:sns:us-east-1:444455556666:all-log-objects"
    }
  }

  assert {
    condition     = output.log_bucket_name == null && output.trail_kms_key_arn == null && !contains(keys(output.key_arns), "trail")
    error_message = "Neither log bucket nor trail key is made."
  }
  assert {
    condition     = output.for_management_account.create_trail == false && output.for_management_account.log_bucket_name == null && output.for_management_account.key_prefix == "o-exampleorg1"
    error_message = "The management account is told to make no second trail."
  }
  assert {
    condition     = output.collector_environment["TRAILKEEP_BUCKETS"] == "aws-controltower-logs-444455556666-us-east-1" && length(output.existing_trail_policies) > 0
    error_message = "The collector reads the owner's bucket, and its owner is told what to add."
  }
}

run "a_replicated_trail_lands_under_its_own_buckets_name" {
  command = apply

  variables {
    existing_trail = { mode = "replicated", log_bucket_name = "aws-controltower-logs-444455556666-us-east-1", log_bucket_account_id = "444455556666" }
  }

  assert {
    condition     = output.collector_environment["TRAILKEEP_BUCKET_ALIASES"] == "trailkeep-logs-111122223333-us-east-1=aws-controltower-logs-444455556666-us-east-1"
    error_message = "What is read in the replica has to land under the name of the bucket that it replicates."
  }
  assert {
    condition     = module.keys.key_map["trail"].replicators == tolist(["arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication"]) && length(module.keys.key_map["trail"].services) == 0
    error_message = "The replication role alone encrypts with the replica's key; CloudTrail does not."
  }
}

run "a_prefix_of_the_trail_is_told_to_the_management_account" {
  command = plan

  variables {
    trail_key_prefix = "security/cloudtrail"
  }

  assert {
    condition     = output.key_prefix == "security/cloudtrail" && output.for_management_account.key_prefix == "security/cloudtrail" && !contains(keys(output.for_management_account), "create_trail")
    error_message = "The trail's prefix has to be told to whoever makes the trail."
  }
}

run "dead_letters_of_a_subscriber_raise_an_alarm" {
  command = apply

  variables {
    subscribers = { siem = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "3f0c9d1e", categories = ["management"] } }
  }

  assert {
    condition     = contains(keys(module.observability.alarm_arns), "subscriber-siem-dead-letters")
    error_message = "What a subscriber does not fetch has to be told."
  }
}

run "operators_use_queue_and_table_and_read_and_only_rebuilders_write" {
  command = apply

  variables {
    operator_role_arns = ["arn:aws:iam::111122223333:role/operator"]
    rebuild_role_arns  = ["arn:aws:iam::111122223333:role/rebuild"]
  }

  assert {
    condition = alltrue(concat(
      [for class in ["queue", "table"] : contains(local.key_users[class], "arn:aws:iam::111122223333:role/operator") && contains(local.key_users[class], "arn:aws:iam::111122223333:role/rebuild")],
      [for class in ["raw", "events-data"] : contains(local.key_readers[class], "arn:aws:iam::111122223333:role/operator") && !contains(local.key_users[class], "arn:aws:iam::111122223333:role/operator")],
      [for class in ["raw", "events-data"] : contains(local.key_users[class], "arn:aws:iam::111122223333:role/rebuild")],
    ))
    error_message = "Keys let in ${jsonencode(local.key_users)} to use and ${jsonencode(local.key_readers)} to read."
  }
}

run "operators_who_acknowledge_use_the_key_of_findings_and_those_of_events_no_more_than_before" {
  command = apply

  variables {
    operator_role_arns     = ["arn:aws:iam::111122223333:role/operator"]
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/operator"]
  }

  assert {
    condition = alltrue([
      contains(local.key_users["raw"], "arn:aws:iam::111122223333:role/operator") && !contains(lookup(local.key_readers, "raw", []), "arn:aws:iam::111122223333:role/operator"),
      contains(local.key_readers["events-data"], "arn:aws:iam::111122223333:role/operator") && !contains(local.key_users["events-data"], "arn:aws:iam::111122223333:role/operator"),
    ])
    error_message = "Keys let in ${jsonencode(local.key_users)} to use and ${jsonencode(local.key_readers)} to read."
  }
  assert {
    condition     = toset(one([for statement in jsondecode(output.acknowledger_policy_json).Statement : statement if statement.Sid == "Acknowledge"]).Action) == toset(["s3:PutObject", "s3:PutObjectRetention"])
    error_message = "What they need is put out, to be attached to their role."
  }
}

run "what_stays_is_told_for_a_day_and_without_break_glass" {
  command = plan

  variables {
    object_lock_days = 1
  }

  assert {
    condition     = strcontains(output.stays_on_destroy["s3://${local.bucket_names.archive}"], "are locked for a day from when they were written, and nobody can delete them before: no break-glass role is named")
    error_message = output.stays_on_destroy["s3://${local.bucket_names.archive}"]
  }
}

run "what_stays_is_told_for_longer_and_with_break_glass_by_identity_center" {
  command = plan

  variables {
    object_lock_days      = 30
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_BreakGlass_*"]
  }

  assert {
    condition     = strcontains(output.stays_on_destroy["s3://${local.bucket_names.archive}"], "are locked for 30 days from when they were written, and only break-glass roles can delete them before")
    error_message = output.stays_on_destroy["s3://${local.bucket_names.archive}"]
  }
}

run "what_stays_in_compliance_mode_nobody_deletes" {
  command = plan

  variables {
    object_lock_mode      = "compliance"
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/bg"]
    operator_role_arns    = ["arn:aws:iam::111122223333:role/op"]
  }

  assert {
    condition     = endswith(output.stays_on_destroy["s3://${local.bucket_names.archive}"], "are locked for 365 days from when they were written, and nobody can delete them before")
    error_message = output.stays_on_destroy["s3://${local.bucket_names.archive}"]
  }
}
