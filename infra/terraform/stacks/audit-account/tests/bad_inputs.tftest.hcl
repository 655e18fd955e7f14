# What is wrong is refused before anything is made, with a sentence that says what to change.

variables {
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  object_lock_mode      = "governance"
  image                 = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  network               = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"] }
}

run "wrong_values_of_the_five_inputs_and_the_name_are_refused" {
  command = plan

  variables {
    # an organization id that is none
    organization_id = "r-ab12"
    # a management account that is none
    management_account_id = "99999999999"
    # a lock mode that is none
    object_lock_mode = "none"
    # an image by its tag
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trailkeep/collector:latest"
    # a name too long for buckets
    name = "an-organizations-whole-trail"
    # a network of one subnet
    network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0"] }
  }

  expect_failures = [
    var.image,
    var.management_account_id,
    var.name,
    var.network,
    var.object_lock_mode,
    var.organization_id,
  ]
}

run "names_and_numbers_that_nothing_can_have_are_refused" {
  command = plan

  variables {
    # the audit account as management account
    management_account_id = "111122223333"
    # a boundary that is no policy
    permissions_boundary = "boundary"
    # a role path without slashes
    role_path = "trailkeep"
    # a bucket name with dots
    bucket_names = { archive = "audit.example.com" }
    # a trail name that is none
    trail_name = "a b"
    # a home region that is none
    trail_home_region = "Frankfurt"
    # a notification mode that is none
    notification_mode = "email"
    # a lock of no days
    object_lock_days = 0
    # an inventory every hour
    inventory_frequency = "Hourly"
    # an alarm to no address
    alarms = { emails = ["somebody"] }
    # endpoints without route tables
    endpoints = { route_table_ids = [] }
  }

  expect_failures = [
    var.alarms,
    var.bucket_names,
    var.endpoints,
    var.inventory_frequency,
    var.management_account_id,
    var.notification_mode,
    var.object_lock_days,
    var.permissions_boundary,
    var.role_path,
    var.trail_home_region,
    var.trail_name,
  ]
}

run "what_does_not_fit_together_is_refused" {
  command = plan

  variables {
    # two buckets of one name
    bucket_names = { archive = "example-audit", logs = "example-audit" }
    # a trail of another partition
    trail_home_region = "us-gov-west-1"
    # an existing trail of no mode
    existing_trail = { mode = "mail", log_bucket_name = "org-logs", log_bucket_account_id = "444455556666" }
    # a replica beside the original
    replication = { bucket_arn = "arn:aws:s3:::replica", account_id = "444455556666", region = "us-east-1", kms_key_arn = "arn:aws:kms:us-east-1:444455556666:key/11111111-2222-3333-4444-555555555555" }
    # a class without retention
    collector = { class_label = "long" }
  }

  expect_failures = [
    var.bucket_names,
    var.collector,
    var.existing_trail,
    var.replication,
    var.trail_home_region,
  ]
}

run "what_alarms_could_not_read_and_no_zone_would_outlive_is_refused" {
  command = plan

  variables {
    # log lines that the alarms cannot read
    collector = { options = { log_format = "text" } }
    # one subnet twice
    network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"] }
    # a prefix that CloudTrail adds itself
    trail_key_prefix = "security/AWSLogs"
    # entries that are null
    readers     = [null]
    subscribers = { siem = null }
  }

  expect_failures = [
    var.collector,
    var.network,
    var.readers,
    var.subscribers,
    var.trail_key_prefix,
  ]
}

run "a_log_bucket_that_no_gateway_leads_to_is_refused" {
  command = plan

  variables {
    existing_trail = { mode = "eventbridge", log_bucket_name = "org-logs-eu", log_bucket_account_id = "444455556666", log_bucket_region = "eu-west-1" }
    endpoints      = { route_table_ids = ["rtb-0123456789abcdef0"] }
    # and a class that is null
    raw_classes = { standard = null }
  }

  expect_failures = [var.endpoints, var.raw_classes]
}

run "too_few_log_lines_for_the_alarms_are_refused" {
  command = plan

  variables {
    collector = { options = { log = "warn,aws_sdk=debug" } }
  }

  expect_failures = [var.collector]
}

run "operators_of_other_accounts_and_patterns_are_refused" {
  command = plan

  variables {
    operator_role_arns = ["arn:aws:iam::444455556666:role/operator"]
    rebuild_role_arns  = ["arn:aws:iam::111122223333:role/*"]
  }

  expect_failures = [var.operator_role_arns, var.rebuild_role_arns]
}
