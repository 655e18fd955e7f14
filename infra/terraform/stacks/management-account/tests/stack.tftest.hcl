# The management account: the trail, its delegation and its protection.

variables {
  organization_id      = "o-exampleorg1"
  log_bucket_name      = "trailkeep-log"
  trail_kms_key_arn    = "arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns = ["arn:aws:s3:::trailkeep-audit", "arn:aws:s3:::trailkeep-log", "arn:aws:s3:::trailkeep-access-log"]
  trail_name           = "organization"
  trail_arn            = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"
  audit_account_id     = "111122223333"
}

override_data {
  target = module.org_trail[0].data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

override_data {
  target = module.org_admin.data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

override_data {
  target = module.org_admin.data.aws_organizations_organization.current
  values = {
    id                            = "o-exampleorg1"
    master_account_id             = "999999999999"
    feature_set                   = "ALL"
    accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
    aws_service_access_principals = ["cloudtrail.amazonaws.com"]
    enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  }
}

run "the_audit_accounts_outputs_are_all_it_takes" {
  command = plan

  assert {
    condition     = output.trail_arn == var.trail_arn && output.home_region == "us-east-1"
    error_message = "the trail that the audit account lets write: ${output.trail_arn}"
  }

  assert {
    condition     = output.delegated_services == tolist(["cloudtrail.amazonaws.com"]) && output.policy_id == null && output.organization_read_policy_json == null
    error_message = "CloudTrail is delegated, and nothing more"
  }

  assert {
    condition     = join(",", output.selectors[*].name) == "Management events"
    error_message = "management events only"
  }
}

run "data_events_leave_the_archive_out" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "All objects", resource_type = "AWS::S3::Object" }] }
  }

  assert {
    condition = alltrue([for bucket in var.excluded_bucket_arns :
    contains(flatten([for f in output.selectors[1].fields : f.not_starts_with if f.field == "resources.ARN"]), "${bucket}/")])
    error_message = "each bucket of the archive is left out"
  }
}

run "what_is_protected_is_what_the_audit_account_named" {
  command = plan

  variables {
    excluded_bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
    protect = {
      key_arns         = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids       = ["r-exam"]
      exempt_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
      bucket_arns      = ["arn:aws:s3:::trailkeep-results"]
    }
  }

  assert {
    condition = toset(one([for s in jsondecode(module.org_admin.policy_json).Statement : s.Resource if s.Sid == "KeepTheBuckets"])) == toset(flatten([
    for bucket in ["audit", "log", "results"] : ["arn:aws:s3:::trailkeep-${bucket}", "arn:aws:s3:::trailkeep-${bucket}/*"]]))
    error_message = "the archive's buckets, the log bucket always, and those added"
  }

  assert {
    condition     = one([for s in jsondecode(module.org_admin.policy_json).Statement : s.Resource if s.Sid == "KeepTheTrail"]) == var.trail_arn
    error_message = "the trail"
  }
}

run "the_trail_may_be_left_to_the_delegated_administrator" {
  command = plan

  variables {
    create_trail = false
  }

  assert {
    condition     = length(module.org_trail) == 0 && output.trail_arn == var.trail_arn && output.selectors == null && length(output.delegated_services) == 1
    error_message = "delegation only"
  }
}

run "beside_a_trail_that_is_there_it_delegates_and_protects_without_bucket_and_key_of_ours" {
  command = apply

  variables {
    create_trail      = false
    log_bucket_name   = null
    trail_kms_key_arn = null
    trail_name        = "aws-controltower-BaselineCloudTrail"
    trail_arn         = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/aws-controltower-BaselineCloudTrail"
    protect = {
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
      bucket_arns = ["arn:aws:s3:::aws-controltower-logs"]
    }
  }

  assert {
    condition     = output.trail_arn == var.trail_arn && output.home_region == "eu-west-1" && output.policy_id != null && length(output.delegated_services) == 1
    error_message = "that trail is delegated, and protected"
  }

  assert {
    condition     = one([for s in jsondecode(module.org_admin.policy_json).Statement : s.Resource if s.Sid == "KeepTheTrail"]) == var.trail_arn
    error_message = "the trail that is there"
  }

  assert {
    condition = toset(one([for s in jsondecode(module.org_admin.policy_json).Statement : s.Resource if s.Sid == "KeepTheBuckets"])) == toset(flatten([
    for bucket in concat(tolist(var.excluded_bucket_arns), ["arn:aws:s3:::aws-controltower-logs"]) : [bucket, "${bucket}/*"]]))
    error_message = "the archive's buckets, and those added"
  }
}

run "a_trail_without_bucket_and_key_is_refused" {
  command = plan

  variables {
    log_bucket_name   = null
    trail_kms_key_arn = null
  }

  expect_failures = [var.log_bucket_name, var.trail_kms_key_arn]
}

run "it_applies" {
  command = apply

  variables {
    insights = ["ApiCallRateInsight"]
    protect = {
      key_arns   = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids = ["r-exam"]
    }
  }

  assert {
    condition     = output.policy_id != null
    error_message = "with its policy"
  }
}

run "another_home_region_than_the_audit_account_expects_is_refused" {
  command = plan

  variables {
    trail_arn = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/organization"
  }

  expect_failures = [output.trail_arn]
}

run "a_trail_arn_that_is_none_is_refused" {
  command = plan

  variables {
    trail_arn = "organization"
  }

  expect_failures = [var.trail_arn]
}

run "another_trails_arn_is_refused" {
  command = plan

  variables {
    trail_arn = "arn:aws:cloudtrail:us-east-1:999999999999:trail/another"
  }

  expect_failures = [var.trail_arn]
}

run "an_audit_account_that_is_no_account_is_refused" {
  command = plan

  variables {
    audit_account_id = "audit"
  }

  expect_failures = [var.audit_account_id]
}

run "an_archive_in_the_management_account_is_refused" {
  command = plan

  variables {
    audit_account_id = "999999999999"
  }

  expect_failures = [var.audit_account_id]
}
