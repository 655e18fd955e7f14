locals {
  # What ends the trail, or makes it record less or elsewhere.
  trail_actions = ["cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors", "cloudtrail:PutInsightSelectors", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"]

  # What deletes a bucket, opens it, cuts a lock, or lets its objects expire, be written over, go elsewhere or go unannounced.
  bucket_actions = [
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
  ]

  # What makes a key useless, or gives it to others.
  key_actions = ["kms:DeleteImportedKeyMaterial", "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion"]

  # By which an administrator of the account would make an exempt role, or make it its own.
  role_actions = ["iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]

  # By which a service of the archive would be stopped, or made to do more or less than it should.
  service_role_actions = [
    "iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy",
  ]

  # By which nobody would be told any more, or told by others.
  topic_actions = ["sns:AddPermission", "sns:DeleteTopic", "sns:PutDataProtectionPolicy", "sns:RemovePermission", "sns:SetTopicAttributes"]

  # sid → what is denied on what, to all but the exempt.
  denied = { for key, protect in local.protect : key => { for sid, denial in {
    KeepTheTrail    = { actions = local.trail_actions, resources = protect.trail_arns }
    KeepTheBuckets  = { actions = local.bucket_actions, resources = flatten([for arn in protect.bucket_arns : [arn, "${arn}/*"]]) }
    KeepTheKeys     = { actions = local.key_actions, resources = protect.key_arns }
    KeepTheExempt   = { actions = local.role_actions, resources = protect.exempt_role_arns }
    KeepTheServices = { actions = local.service_role_actions, resources = protect.service_role_arns }
    KeepTheTopics   = { actions = local.topic_actions, resources = protect.topic_arns }
  } : sid => denial if length(denial.resources) > 0 } }

  read_organization = [
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListChildren",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
  ]
}

data "aws_iam_policy_document" "protect" {
  for_each = local.protect

  dynamic "statement" {
    for_each = local.denied[each.key]

    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = length(each.value.exempt_role_arns) > 0 ? [each.value.exempt_role_arns] : []

        content {
          test     = "ArnNotLike"
          variable = "aws:PrincipalArn"
          values   = condition.value
        }
      }
    }
  }

  # An account that leaves takes its events out of the trail and itself out of this policy; no role needs to be exempt from that.
  dynamic "statement" {
    for_each = each.value.deny_leaving ? ["StayInTheOrganization"] : []

    content {
      sid       = statement.value
      effect    = "Deny"
      actions   = ["organizations:LeaveOrganization"]
      resources = ["*"]
    }
  }
}

data "aws_iam_policy_document" "readers" {
  for_each = { for key, readers in { organization = var.organization_readers } : key => readers if readers != null }

  # The account is the principal and the role a condition: a role that is named as principal has to be there first, and turns into a dead id when it is
  # deleted. Reading knows no resource smaller than the organization.
  statement {
    sid       = "ReadTheStructure"
    actions   = local.read_organization
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [for account in distinct([for arn in each.value.role_arns : split(":", arn)[4]]) : "arn:${local.partition}:iam::${account}:root"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = each.value.role_arns
    }
  }
}

# What the auditor asks of the management account: who the accounts are, how they hang together, and which Regions they have enabled. Nothing of it changes anything.
data "aws_iam_policy_document" "auditor" {
  for_each = local.auditor

  # These know no resource.
  statement {
    sid       = "ReadTheOrganization"
    actions   = ["organizations:DescribeOrganization", "organizations:ListAccounts", "organizations:ListRoots"]
    resources = ["*"]
  }

  # Walked down from the root, not up from an account.
  statement {
    sid       = "ReadUnits"
    actions   = ["organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent"]
    resources = [for kind in ["ou", "root"] : "arn:${local.partition}:organizations::${local.caller}:${kind}/${var.organization_id}/*"]
  }

  statement {
    sid       = "ReadTagsOfAccounts"
    actions   = ["organizations:ListTagsForResource"]
    resources = ["arn:${local.partition}:organizations::${local.caller}:account/${var.organization_id}/*"]
  }

  statement {
    sid       = "RegionsOfAccounts"
    actions   = ["account:ListRegions"]
    resources = ["arn:${local.partition}:account::${local.caller}:account", "arn:${local.partition}:account::${local.caller}:account/${var.organization_id}/*"]
  }
}

data "aws_iam_policy_document" "auditor_trust" {
  for_each = local.auditor

  # The account is the principal and the role a condition: it need not be there yet, and one made anew is still meant.
  statement {
    sid     = "TheAuditor"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${split(":", each.value.trusted_role_arn)[4]}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [each.value.trusted_role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [each.value.external_id]
    }
  }
}
