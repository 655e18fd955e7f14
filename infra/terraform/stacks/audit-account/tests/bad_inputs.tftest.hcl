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

run "categories_that_are_none_are_refused_by_name" {
  command = plan

  variables {
    events_retention_days = { managment = 90 }
    subscribers           = { siem = { principal_arns = ["arn:aws:iam::111122223333:role/siem"], categories = ["management", "datta"] } }
  }

  expect_failures = [var.events_retention_days, var.subscribers]
}

# Administrators and break-glass are compared with the others, which are looked at first.
run "roles_of_another_account_are_refused_as_administrators_and_break_glass" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::444455556666:role/terraform"]
    break_glass_role_arns   = ["arn:aws:iam::444455556666:role/break-glass"]
  }

  expect_failures = [var.administrator_role_arns, var.break_glass_role_arns]
}

run "roles_of_another_account_are_refused_wherever_else_they_are_named" {
  command = plan

  variables {
    legal_hold_role_arns = ["arn:aws:iam::444455556666:role/legal"]
    operator_role_arns   = ["arn:aws:iam::444455556666:role/operator"]
    rebuild_role_arns    = ["arn:aws:iam::444455556666:role/rebuild"]
    catalog              = { analyst_role_arns = ["arn:aws:iam::444455556666:role/analyst"] }
  }

  expect_failures = [var.catalog, var.legal_hold_role_arns, var.operator_role_arns, var.rebuild_role_arns]
}

run "principals_of_another_partition_are_refused_as_administrators_and_break_glass" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws-cn:iam::111122223333:role/terraform"]
    break_glass_role_arns   = ["arn:aws-cn:iam::111122223333:role/break-glass"]
  }

  expect_failures = [var.administrator_role_arns, var.break_glass_role_arns]
}

run "principals_of_another_partition_are_refused_wherever_else_they_are_named" {
  command = plan

  variables {
    legal_hold_role_arns = ["arn:aws-cn:iam::111122223333:role/legal"]
    operator_role_arns   = ["arn:aws-cn:iam::111122223333:role/operator"]
    rebuild_role_arns    = ["arn:aws-cn:iam::111122223333:role/rebuild"]
    catalog              = { analyst_role_arns = ["arn:aws-cn:iam::111122223333:role/analyst"] }
    readers              = [{ principal_arns = ["arn:aws-cn:iam::444455556666:role/siem"], prefixes = ["events/"] }]
  }

  expect_failures = [var.catalog, var.legal_hold_role_arns, var.operator_role_arns, var.readers, var.rebuild_role_arns]
}

run "wildcards_are_refused_as_administrators_and_break_glass" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/admin-*"]
    break_glass_role_arns   = ["arn:aws:iam::111122223333:role/*-glass"]
  }

  expect_failures = [var.administrator_role_arns, var.break_glass_role_arns]
}

run "wildcards_are_refused_wherever_else_they_are_named" {
  command = plan

  variables {
    legal_hold_role_arns = ["arn:aws:iam::111122223333:role/legal?"]
    operator_role_arns   = ["arn:aws:iam::111122223333:role/ops/*"]
    rebuild_role_arns    = ["arn:aws:iam::111122223333:role/rebuild*"]
    readers              = [{ principal_arns = ["arn:aws:iam::444455556666:role/*"], prefixes = ["events/"] }]
  }

  expect_failures = [var.legal_hold_role_arns, var.operator_role_arns, var.readers, var.rebuild_role_arns]
}

run "even_of_identity_center_a_writer_is_written_out" {
  command = plan

  variables {
    rebuild_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Rebuild_*"]
  }

  expect_failures = [var.rebuild_role_arns]
}

run "a_role_on_both_sides_is_refused" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/terraform"]
    operator_role_arns      = ["arn:aws:iam::111122223333:role/terraform"]
    break_glass_role_arns   = ["arn:aws:iam::111122223333:role/break-glass"]
    rebuild_role_arns       = ["arn:aws:iam::111122223333:role/break-glass"]
  }

  expect_failures = [var.administrator_role_arns, var.break_glass_role_arns]
}

run "who_acknowledges_does_not_manage" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/terraform"]
    acknowledger_role_arns  = ["arn:aws:iam::111122223333:role/terraform"]
  }

  expect_failures = [var.administrator_role_arns]
}

run "nor_land" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/rebuild"]
    rebuild_role_arns      = ["arn:aws:iam::111122223333:role/rebuild"]
  }

  expect_failures = [var.rebuild_role_arns]
}

run "nor_break_the_glass" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
    break_glass_role_arns  = ["arn:aws:iam::111122223333:role/break-glass"]
  }

  expect_failures = [var.break_glass_role_arns]
}

run "roles_of_other_accounts_acknowledge_nothing" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::444455556666:role/operator"]
  }

  expect_failures = [var.acknowledger_role_arns]
}

run "a_former_key_of_another_region_is_refused" {
  command = plan

  variables {
    auditor = { former_attest_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000001"] }
  }

  expect_failures = [var.auditor]
}

run "a_prefix_of_the_trail_with_a_wildcard_is_refused" {
  command = plan

  variables {
    trail_key_prefix = "security/*"
  }

  expect_failures = [var.trail_key_prefix]
}
