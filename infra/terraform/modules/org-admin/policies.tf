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

  # sid → what is denied on what, to all but the exempt.
  denied = { for key, protect in local.protect : key => { for sid, denial in {
    KeepTheTrail   = { actions = local.trail_actions, resources = protect.trail_arns }
    KeepTheBuckets = { actions = local.bucket_actions, resources = flatten([for arn in protect.bucket_arns : [arn, "${arn}/*"]]) }
    KeepTheKeys    = { actions = local.key_actions, resources = protect.key_arns }
    KeepTheExempt  = { actions = local.role_actions, resources = protect.exempt_role_arns }
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
