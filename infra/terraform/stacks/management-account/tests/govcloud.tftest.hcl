provider "aws" {
  region = "us-gov-west-1"
}

variables {
  organization_id      = "o-exampleorg1"
  log_bucket_name      = "trailkeep-log"
  trail_kms_key_arn    = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns = ["arn:aws-us-gov:s3:::trailkeep-audit", "arn:aws-us-gov:s3:::trailkeep-access-log"]
  trail_name           = "organization"
  trail_arn            = "arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/organization"
  audit_account_id     = "111122223333"
  organization_readers = { role_arns = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-auditor"] }
  protect = {
    key_arns   = ["arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/*"]
    target_ids = ["r-exam"]
  }
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

run "no_arn_is_of_another_partition" {
  command = plan

  assert {
    condition     = output.trail_arn == var.trail_arn && !strcontains("${module.org_admin.policy_json}${output.organization_read_policy_json}", "arn:aws:")
    error_message = "everything is of the trail's partition"
  }
}
