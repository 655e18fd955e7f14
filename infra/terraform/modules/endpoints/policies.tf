# A perimeter, no grant: whoever calls through an endpoint needs the permission of role and resource as well. So it names the service and not single
# actions, which others in the VPC would miss, and says whose principals reach whose resources: with stolen credentials of a stranger nothing leaves
# for a stranger's bucket, queue or topic.

locals {
  # By service: the prefix of its actions, and those of them that have no resource, where aws:ResourceAccount says nothing.
  perimeters = {
    cloudtrail = { prefix = "cloudtrail", bare = ["cloudtrail:ListPublicKeys"] }
    dynamodb   = { prefix = "dynamodb", bare = [] }
    "ecr.api"  = { prefix = "ecr", bare = ["ecr:GetAuthorizationToken"] }
    "ecr.dkr"  = { prefix = "ecr", bare = ["ecr:GetAuthorizationToken"] }
    kms        = { prefix = "kms", bare = ["kms:GenerateRandom"] }
    logs       = { prefix = "logs", bare = [] }
    monitoring = { prefix = "cloudwatch", bare = ["cloudwatch:PutMetricData"] }
    s3         = { prefix = "s3", bare = [] }
    sns        = { prefix = "sns", bare = [] }
    sqs        = { prefix = "sqs", bare = [] }
    sts        = { prefix = "sts", bare = ["sts:GetCallerIdentity"] }
  }

  account    = data.aws_caller_identity.this.account_id
  principals = var.organization_id == null ? { "aws:PrincipalAccount" = [local.account] } : { "aws:PrincipalOrgID" = [var.organization_id] }

  # Conditions of one statement are joined by and, statements by or: so one statement for the organization, one for accounts outside of it.
  accounts = var.organization_id == null ? concat([local.account], var.resource_account_ids) : var.resource_account_ids
  resources = merge(
    var.organization_id == null ? {} : { OfTheOrganization = { "aws:ResourceOrgID" = [var.organization_id] } },
    length(local.accounts) == 0 ? {} : { OfAccounts = { "aws:ResourceAccount" = local.accounts } },
  )
}

data "aws_iam_policy_document" "perimeter" {
  for_each = var.services

  dynamic "statement" {
    for_each = local.resources
    content {
      sid       = "Resources${statement.key}"
      actions   = ["${local.perimeters[each.key].prefix}:*"]
      resources = ["*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      dynamic "condition" {
        for_each = merge(local.principals, statement.value)
        content {
          test     = "StringEquals"
          variable = condition.key
          values   = condition.value
        }
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.perimeters[each.key].bare) > 0 ? [local.perimeters[each.key].bare] : []
    content {
      sid       = "WithoutResource"
      actions   = statement.value
      resources = ["*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      dynamic "condition" {
        for_each = local.principals
        content {
          test     = "StringEquals"
          variable = condition.key
          values   = condition.value
        }
      }
    }
  }

  # ECR hands out layers as addresses in a bucket of its own, signed by itself: neither principal nor resource is ours.
  # Source: Amazon ECR User Guide, "Minimum Amazon S3 bucket permissions for Amazon ECR".
  dynamic "statement" {
    for_each = each.key == "s3" ? [1] : []
    content {
      sid       = "LayersOfImages"
      actions   = ["s3:GetObject"]
      resources = ["arn:${data.aws_partition.this.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
    }
  }
}
