# What the auditor may do in the archive's account: a policy, and where it runs in another account the role that it assumes.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  # The name of the task role where the auditor runs here: so that keys and buckets know one role, wherever it runs.
  role_name = "${var.name}-auditor"
}

resource "aws_iam_role" "this" {
  for_each = { for key, trusted in { elsewhere = var.trusted_role } : key => trusted if trusted != null }

  name                 = local.role_name
  path                 = var.role_path
  description          = "An auditor in another account reads the archive and writes what it found with it"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = aws_iam_role.this

  name   = "audit"
  role   = each.value.id
  policy = data.aws_iam_policy_document.access.json
}
