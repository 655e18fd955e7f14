# The role that the auditor reads the organization with, and what protect says of services and topics.

variables {
  organization_id                    = "o-exampleorg1"
  delegated_administrator_account_id = "111122223333"
  auditor                            = { trusted_role_arn = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor", external_id = "trailkeep-o-exampleorg1", role_arn = "arn:aws:iam::999999999999:role/trailkeep/trailkeep-organization" }
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
    accounts                      = [{ id = "999999999999" }, { id = "111122223333" }]
    aws_service_access_principals = ["cloudtrail.amazonaws.com"]
    enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  }
}

run "one_role_takes_it_with_its_external_id_from_within_the_organization" {
  command = plan
  assert {
    condition = one(jsondecode(aws_iam_role.auditor["auditor"].assume_role_policy).Statement).Condition == {
      ArnEquals    = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor" }
      StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1", "sts:ExternalId" = "trailkeep-o-exampleorg1" }
    }
    error_message = aws_iam_role.auditor["auditor"].assume_role_policy
  }
}

run "it_reads_and_changes_nothing" {
  command = plan
  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.auditor["auditor"].policy).Statement : s.Action])) == toset([
      "account:ListRegions", "organizations:DescribeOrganization", "organizations:ListAccounts", "organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent", "organizations:ListRoots", "organizations:ListTagsForResource",
    ])
    error_message = "what docs/coverage.md names"
  }
}

run "another_name_than_the_auditor_was_told_of_is_refused" {
  command = plan
  variables {
    role_path = "/security/"
  }
  expect_failures = [aws_iam_role.auditor]
}

run "a_pattern_is_no_role" {
  command = plan
  variables {
    auditor = { trusted_role_arn = "arn:aws:iam::111122223333:role/*", external_id = "trailkeep-1" }
  }
  expect_failures = [var.auditor]
}

run "an_external_id_has_no_spaces" {
  command = plan
  variables {
    auditor = { trusted_role_arn = "arn:aws:iam::111122223333:role/a", external_id = "a b" }
  }
  expect_failures = [var.auditor]
}

run "services_and_topics_are_protected" {
  command = plan
  variables {
    protect = {
      trail_arns        = ["arn:aws:cloudtrail:eu-central-1:999999999999:trail/trailkeep"]
      bucket_arns       = ["arn:aws:s3:::example-audit"]
      key_arns          = ["arn:aws:kms:eu-central-1:111122223333:key/*"]
      target_ids        = ["r-ab12"]
      service_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]
      topic_arns        = ["arn:aws:sns:eu-central-1:111122223333:trailkeep-findings"]
    }
  }
  assert {
    condition     = length(setsubtract(["KeepTheServices", "KeepTheTopics"], [for s in jsondecode(output.policy_json).Statement : s.Sid])) == 0
    error_message = output.policy_json
  }
}

run "a_role_of_any_account_is_no_service" {
  command = plan
  variables {
    protect = { trail_arns = ["arn:aws:cloudtrail:eu-central-1:999999999999:trail/trailkeep"], bucket_arns = ["arn:aws:s3:::example-audit"], key_arns = ["arn:aws:kms:eu-central-1:111122223333:key/*"], target_ids = ["r-ab12"], service_role_arns = ["arn:aws:iam::*:role/trailkeep"] }
  }
  expect_failures = [var.protect]
}
