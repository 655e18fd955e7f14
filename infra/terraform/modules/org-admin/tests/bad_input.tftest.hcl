# Every input that can be wrong, wrong once.

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

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Trailkeep"
  }

  expect_failures = [var.name]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan

  variables {
    organization_id = "exampleorg1"
  }

  expect_failures = [var.organization_id]
}

run "a_delegated_administrator_that_is_no_account_is_refused" {
  command = plan

  variables {
    delegated_administrator_account_id = "audit"
  }

  expect_failures = [var.delegated_administrator_account_id]
}

run "a_service_that_is_no_principal_is_refused" {
  command = plan

  variables {
    services = ["cloudtrail"]
  }

  expect_failures = [var.services]
}

run "a_reader_in_any_account_is_refused" {
  command = plan

  variables {
    organization_readers = { role_arns = ["arn:aws:iam::*:role/auditor"] }
  }

  expect_failures = [var.organization_readers]
}

run "readers_without_a_role_are_refused" {
  command = plan

  variables {
    organization_readers = { role_arns = [] }
  }

  expect_failures = [var.organization_readers]
}

run "a_trail_that_is_none_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [var.protect]
}

run "a_bucket_with_a_wildcard_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-*"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [var.protect]
}

run "an_alias_for_a_key_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:alias/raw"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [var.protect]
}

run "a_key_of_any_account_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:*:key/*"]
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [var.protect]
}

run "a_policy_without_keys_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = []
      target_ids  = ["r-exam"]
    }
  }

  expect_failures = [var.protect]
}

run "an_exempt_role_in_any_account_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns       = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns      = ["arn:aws:s3:::trailkeep-audit"]
      key_arns         = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids       = ["r-exam"]
      exempt_role_arns = ["arn:aws:iam::*:role/break-glass"]
    }
  }

  expect_failures = [var.protect]
}

run "every_role_of_an_account_as_exempt_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns       = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns      = ["arn:aws:s3:::trailkeep-audit"]
      key_arns         = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids       = ["r-exam"]
      exempt_role_arns = ["arn:aws:iam::111122223333:role/*"]
    }
  }

  expect_failures = [var.protect]
}

run "a_policy_without_a_target_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = []
    }
  }

  expect_failures = [var.protect]
}

run "a_target_that_is_none_is_refused" {
  command = plan

  variables {
    protect = {
      trail_arns  = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns = ["arn:aws:s3:::trailkeep-audit"]
      key_arns    = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      target_ids  = ["root"]
    }
  }

  expect_failures = [var.protect]
}

run "lists_of_protect_that_are_null_are_refused" {
  command = plan
  variables {
    protect = { trail_arns = null, bucket_arns = ["arn:aws:s3:::trailkeep-audit"], key_arns = ["arn:aws:kms:us-east-1:111122223333:key/*"], target_ids = ["r-exam"] }
  }
  expect_failures = [var.protect]
}
