# An organization that is not ready, or another one, and a policy that it would not take.

variables {
  organization_id                    = "o-exampleorg1"
  delegated_administrator_account_id = "111122223333"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

override_data {
  target = data.aws_organizations_organization.current
  values = {
    id                            = "o-exampleorg1"
    master_account_id             = "999999999999"
    feature_set                   = "ALL"
    accounts                      = [{ id = "999999999999" }, { id = "111122223333" }, { id = "444455556666" }]
    aws_service_access_principals = ["cloudtrail.amazonaws.com"]
    enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  }
}

run "another_organization_is_refused" {
  command = plan

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg2"
      master_account_id             = "999999999999"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "a_member_account_is_refused" {
  command = plan

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg1"
      master_account_id             = "222222222222"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "an_organization_without_all_features_is_refused" {
  command = plan

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg1"
      master_account_id             = "999999999999"
      feature_set                   = "CONSOLIDATED_BILLING"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "delegation_to_the_management_account_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_id = "999999999999"
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "delegation_to_an_account_of_no_member_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_id = "222222222222"
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "cloudtrail_without_trusted_access_is_refused" {
  command = plan

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg1"
      master_account_id             = "999999999999"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = []
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_cloudtrail_organization_delegated_admin_account.audit]
}

run "another_service_without_trusted_access_is_refused" {
  command = plan

  variables {
    services = ["config.amazonaws.com"]
  }

  expect_failures = [aws_organizations_delegated_administrator.audit]
}

run "readers_of_another_organization_are_refused" {
  command = plan

  variables {
    services             = []
    organization_readers = { role_arns = ["arn:aws:iam::111122223333:role/auditor"] }
  }

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg2"
      master_account_id             = "999999999999"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_organizations_resource_policy.readers]
}

run "a_policy_of_another_organization_is_refused" {
  command = plan

  variables {
    services = []
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg2"
      master_account_id             = "999999999999"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
    }
  }

  expect_failures = [aws_organizations_policy.protect]
}

run "a_policy_where_its_type_is_not_enabled_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  override_data {
    target = data.aws_organizations_organization.current
    values = {
      id                            = "o-exampleorg1"
      master_account_id             = "999999999999"
      feature_set                   = "ALL"
      accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
      aws_service_access_principals = ["cloudtrail.amazonaws.com"]
      enabled_policy_types          = ["TAG_POLICY"]
    }
  }

  expect_failures = [aws_organizations_policy.protect]
}

run "a_policy_that_is_too_long_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = [for i in range(60) : "arn:aws:kms:us-east-1:111122223333:key/${i + 10}00aaaa-1111-bbbb-2222-cccc3333dddd"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [aws_organizations_policy.protect]
}

run "the_management_account_as_target_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["999999999999"]
    }
  }

  expect_failures = [aws_organizations_policy.protect]
}
