data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

# Read only. Whoever manages the organization as a resource can switch off trusted access and policy types, or lose it altogether, by one wrong plan.
data "aws_organizations_organization" "current" {}

locals {
  organization = data.aws_organizations_organization.current
  partition    = data.aws_partition.current.partition
  caller       = data.aws_caller_identity.current.account_id
  members      = [for account in local.organization.accounts : account.id]

  cloudtrail      = toset([for service in var.services : service if service == "cloudtrail.amazonaws.com"])
  other_services  = setsubtract(var.services, local.cloudtrail)
  without_access  = setsubtract(var.services, local.organization.aws_service_access_principals)
  protect         = { for key, protect in { archive = var.protect } : key => protect if protect != null }
  scp_characters  = try(length(data.aws_iam_policy_document.protect["archive"].minified_json), 0)
  auditor         = { for key, auditor in { auditor = var.auditor } : key => auditor if auditor != null }
  attached_reader = { for key, readers in { organization = var.organization_readers } : key => readers if try(readers.attach, false) }

  # Built, so that it can be compared with what the auditor was told before it is made.
  auditor_role_arn = "arn:${local.partition}:iam::${local.caller}:role${var.role_path}${var.name}-organization"

  # What has to hold before anything is changed, whatever the caller asks for.
  refusals = concat(
    [for id in [local.organization.id] : "The credentials are of the organization ${id}, and organization_id is ${var.organization_id}: use the credentials of the latter, or correct the id." if id != var.organization_id],
    [for id in [local.organization.master_account_id] : "The account that applies this is ${local.caller}, and only the management account (${id}) delegates and attaches policies: use its credentials." if id != local.caller],
    [for set in [local.organization.feature_set] : "The organization has the feature set ${set}, and organization trails and policies need ALL: enable all features first." if set != "ALL"],
    [for id in [var.delegated_administrator_account_id] : "delegated_administrator_account_id is the management account, which cannot be delegated to: name the audit account." if id == local.organization.master_account_id],
    [for id in [var.delegated_administrator_account_id] : "delegated_administrator_account_id is ${id}, which is no account of the organization: correct it, or invite the account first." if length(local.members) > 0 && !contains(local.members, id)],
    [for service in sort(local.without_access) : "${service} has no trusted access in the organization: run `aws organizations enable-aws-service-access --service-principal ${service}` in the management account first, or leave it out of services."],
  )
}

# By CloudTrail's own call, not by Organizations': only this one makes the service-linked role that organization trails need.
resource "aws_cloudtrail_organization_delegated_admin_account" "audit" {
  for_each = local.cloudtrail

  account_id = var.delegated_administrator_account_id

  lifecycle {
    precondition {
      condition     = length(local.refusals) == 0
      error_message = join("\n", local.refusals)
    }
  }
}

resource "aws_organizations_delegated_administrator" "audit" {
  for_each = local.other_services

  account_id        = var.delegated_administrator_account_id
  service_principal = each.value

  lifecycle {
    precondition {
      condition     = length(local.refusals) == 0
      error_message = join("\n", local.refusals)
    }
  }
}

resource "aws_organizations_resource_policy" "readers" {
  for_each = local.attached_reader

  content = data.aws_iam_policy_document.readers["organization"].json
  tags    = var.tags

  lifecycle {
    precondition {
      condition     = length(local.refusals) == 0
      error_message = join("\n", local.refusals)
    }
  }
}

resource "aws_organizations_policy" "protect" {
  for_each = local.protect

  name        = "${var.name}-protect"
  description = "Keeps the organization's trail, the buckets and the keys of its archive from being ended, opened or lost."
  type        = "SERVICE_CONTROL_POLICY"
  content     = data.aws_iam_policy_document.protect[each.key].minified_json
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(local.refusals) == 0
      error_message = join("\n", local.refusals)
    }

    precondition {
      condition     = contains(local.organization.enabled_policy_types, "SERVICE_CONTROL_POLICY")
      error_message = "Service control policies are not enabled in the organization: run `aws organizations enable-policy-type --policy-type SERVICE_CONTROL_POLICY --root-id r-…` in the management account first, or leave protect out."
    }

    precondition {
      condition     = local.scp_characters <= 5120
      error_message = "The policy of protect has ${local.scp_characters} characters, and a service control policy takes 5120: name fewer ARNs, or patterns instead of many keys (arn:PARTITION:kms:REGION:ACCOUNT:key/*)."
    }

    precondition {
      condition     = !contains(each.value.target_ids, local.organization.master_account_id)
      error_message = "protect.target_ids names the management account (${local.organization.master_account_id}), which no service control policy binds: leave it out, and guard its credentials instead."
    }

    precondition {
      condition = alltrue([for arn in flatten([for arns in [each.value.trail_arns, each.value.bucket_arns, each.value.key_arns, each.value.exempt_role_arns, each.value.service_role_arns, each.value.topic_arns] : tolist(arns)]) :
      startswith(arn, "arn:${local.partition}:")])
      error_message = "protect names an ARN of another partition than ${local.partition}, so the policy would protect nothing: correct it."
    }
  }
}

resource "aws_organizations_policy_attachment" "protect" {
  for_each = toset(flatten([for protect in values(local.protect) : tolist(protect.target_ids)]))

  policy_id = aws_organizations_policy.protect["archive"].id
  target_id = each.value
}

# It can read the structure of the organization, and nothing else here: no break-glass, no billing, no member account.
resource "aws_iam_role" "auditor" {
  for_each = local.auditor

  name                 = "${var.name}-organization"
  path                 = var.role_path
  description          = "The auditor of the archive reads accounts, organizational units, tags and enabled Regions with it"
  assume_role_policy   = data.aws_iam_policy_document.auditor_trust[each.key].json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = length(local.refusals) == 0
      error_message = join("\n", local.refusals)
    }

    precondition {
      condition     = each.value.role_arn == null || each.value.role_arn == local.auditor_role_arn
      error_message = "The role would be ${local.auditor_role_arn}, and the auditor was told of ${coalesce(each.value.role_arn, "another")}: give name and role_path as the audit account's stack has them."
    }
  }
}

resource "aws_iam_role_policy" "auditor" {
  for_each = aws_iam_role.auditor

  name   = "read"
  role   = each.value.id
  policy = data.aws_iam_policy_document.auditor[each.key].json
}
