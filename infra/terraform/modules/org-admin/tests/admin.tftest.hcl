# Delegation and protection, asserted on the JSON that would be sent.

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
    aws_service_access_principals = ["cloudtrail.amazonaws.com", "config.amazonaws.com"]
    enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  }
}

run "cloudtrail_is_delegated_to_the_audit_account_and_nothing_else_is_touched" {
  command = plan

  assert {
    condition     = aws_cloudtrail_organization_delegated_admin_account.audit["cloudtrail.amazonaws.com"].account_id == "111122223333"
    error_message = "by CloudTrail's own call"
  }

  assert {
    condition     = length(aws_organizations_delegated_administrator.audit) + length(aws_organizations_policy.protect) + length(aws_organizations_policy_attachment.protect) + length(aws_organizations_resource_policy.readers) == 0
    error_message = "nothing that was not asked for"
  }

  assert {
    condition     = output.delegated_services == tolist(["cloudtrail.amazonaws.com"]) && output.policy_id == null && output.policy_json == null && output.organization_read_policy_json == null
    error_message = "outputs say so"
  }
}

run "other_services_are_delegated_by_organizations" {
  command = plan

  variables {
    services = ["cloudtrail.amazonaws.com", "config.amazonaws.com"]
  }

  assert {
    condition     = aws_organizations_delegated_administrator.audit["config.amazonaws.com"].account_id == "111122223333" && length(aws_organizations_delegated_administrator.audit) == 1
    error_message = "the other service, and not CloudTrail a second time"
  }

  assert {
    condition     = output.delegated_services == tolist(["cloudtrail.amazonaws.com", "config.amazonaws.com"])
    error_message = "both are reported"
  }
}

run "the_policy_protects_trail_buckets_and_keys_from_all_but_the_exempt" {
  command = plan

  variables {
    tags = { owner = "security" }
    protect = {
      trail_arns       = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns      = ["arn:aws:s3:::trailkeep-audit", "arn:aws:s3:::trailkeep-log"]
      key_arns         = ["arn:aws:kms:us-east-1:111122223333:key/*"]
      exempt_role_arns = ["arn:aws:iam::111122223333:role/security/break-glass"]
      target_ids       = ["r-exam", "ou-exam-12345678", "444455556666"]
    }
  }

  assert {
    condition     = { for s in jsondecode(output.policy_json).Statement : s.Sid => s.Effect } == { KeepTheTrail = "Deny", KeepTheBuckets = "Deny", KeepTheKeys = "Deny", KeepTheExempt = "Deny", StayInTheOrganization = "Deny" }
    error_message = "five denials and nothing that allows"
  }

  assert {
    condition = alltrue([for s in jsondecode(output.policy_json).Statement :
      s.Condition == { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/security/break-glass" } }
    if s.Sid != "StayInTheOrganization"])
    error_message = "the break-glass role alone is exempt"
  }

  assert {
    condition = one([for s in jsondecode(output.policy_json).Statement : s if s.Sid == "StayInTheOrganization"]) == {
      Sid = "StayInTheOrganization", Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*"
    }
    error_message = "nobody leaves, exempt or not"
  }

  assert {
    condition = alltrue([for sid, want in {
      KeepTheTrail   = { actions = ["cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors", "cloudtrail:PutInsightSelectors", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"], resources = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"] }
      KeepTheBuckets = { actions = ["s3:DeleteBucket", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketNotification", "s3:BypassGovernanceRetention"], resources = ["arn:aws:s3:::trailkeep-audit", "arn:aws:s3:::trailkeep-audit/*", "arn:aws:s3:::trailkeep-log", "arn:aws:s3:::trailkeep-log/*"] }
      KeepTheKeys    = { actions = ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:RevokeGrant"], resources = ["arn:aws:kms:us-east-1:111122223333:key/*"] }
      KeepTheExempt  = { actions = ["iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"], resources = ["arn:aws:iam::111122223333:role/security/break-glass"] }
      } : alltrue([for s in jsondecode(output.policy_json).Statement :
        length(setsubtract(want.actions, flatten([s.Action]))) == 0 && toset(flatten([s.Resource])) == toset(want.resources)
    if s.Sid == sid])])
    error_message = "what ends, opens or loses is denied on exactly these"
  }

  assert {
    condition     = alltrue([for s in jsondecode(output.policy_json).Statement : alltrue([for a in flatten([s.Action]) : !strcontains(a, "*")])])
    error_message = "no action by wildcard"
  }

  assert {
    condition     = length(output.policy_json) <= 5120 && aws_organizations_policy.protect["archive"].content == output.policy_json && aws_organizations_policy.protect["archive"].type == "SERVICE_CONTROL_POLICY"
    error_message = "within what Organizations takes, as a service control policy"
  }

  assert {
    condition     = toset(keys(aws_organizations_policy_attachment.protect)) == toset(["r-exam", "ou-exam-12345678", "444455556666"]) && aws_organizations_policy.protect["archive"].tags == tomap({ owner = "security" })
    error_message = "attached to every target"
  }
}

run "without_an_exempt_role_nobody_is_exempt_and_leaving_may_be_left_open" {
  command = plan

  variables {
    protect = {
      trail_arns   = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
      bucket_arns  = ["arn:aws:s3:::trailkeep-audit"]
      key_arns     = ["arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"]
      target_ids   = ["111122223333"]
      deny_leaving = false
    }
  }

  assert {
    condition     = length(jsondecode(output.policy_json).Statement) == 3 && alltrue([for s in jsondecode(output.policy_json).Statement : !contains(keys(s), "Condition")])
    error_message = "three denials without a condition, and no exempt role to keep"
  }
}

run "an_archive_of_ordinary_size_fits_into_the_policy" {
  command = plan

  variables {
    protect = {
      trail_arns       = ["arn:aws:cloudtrail:ap-southeast-2:999999999999:trail/organization-audit-trail"]
      bucket_arns      = [for i in range(6) : "arn:aws:s3:::organization-trailkeep-111122223333-bucket-${i}"]
      key_arns         = [for i in range(12) : "arn:aws:kms:ap-southeast-2:111122223333:key/${i + 10}00aaaa-1111-bbbb-2222-cccc3333dddd"]
      exempt_role_arns = [for i in range(3) : "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/ap-southeast-2/AWSReservedSSO_Archive${i}_*"]
      target_ids       = ["r-exam"]
    }
  }

  assert {
    condition     = length(output.policy_json) <= 5120
    error_message = "twelve keys, six buckets and three roles: ${length(output.policy_json)} characters"
  }
}

run "readers_read_by_role_and_not_by_account" {
  command = plan

  variables {
    organization_readers = { role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor", "arn:aws:iam::111122223333:role/trailkeep/trailkeep-verify"] }
  }

  assert {
    condition     = aws_organizations_resource_policy.readers["organization"].content == output.organization_read_policy_json
    error_message = "attached"
  }

  assert {
    condition = alltrue([for s in jsondecode(output.organization_read_policy_json).Statement : alltrue([
      s.Effect == "Allow",
      s.Principal == { AWS = "arn:aws:iam::111122223333:root" },
      toset(s.Condition.ArnLike["aws:PrincipalArn"]) == toset(var.organization_readers.role_arns),
      alltrue([for a in s.Action : can(regex("^organizations:(Describe|List)[A-Za-z]+$", a))]),
      length(setsubtract(["organizations:ListAccounts", "organizations:DescribeOrganization", "organizations:ListParents", "organizations:ListRoots", "organizations:ListOrganizationalUnitsForParent", "organizations:ListTagsForResource"], s.Action)) == 0,
    ])])
    error_message = "reading only, by these roles"
  }
}

run "the_read_policy_can_be_merged_into_one_that_is_there" {
  command = plan

  variables {
    organization_readers = { role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"], attach = false }
  }

  assert {
    condition     = length(aws_organizations_resource_policy.readers) == 0 && strcontains(output.organization_read_policy_json, "trailkeep-auditor")
    error_message = "an output, and nothing replaced"
  }
}

run "nothing_may_be_delegated" {
  command = plan

  variables {
    services = []
  }

  assert {
    condition     = length(output.delegated_services) == 0
    error_message = "no delegation"
  }
}
