data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  # A class is here exactly if it has a key.
  encrypts = { for class, what in local.encrypted : class => what if var.classes == null || contains(coalesce(var.classes, []), class) }

  # What each class encrypts, in the words of the README's table.
  encrypted = merge(
    { raw = "everything of s3://${var.archive_bucket_name} but events/: raw/, digests/, sources/, index/, quarantine/, accounts/, acknowledged/, attest/, findings/, keys/, outcomes/, staging/" },
    { for category in var.event_categories : "events-${category}" => "s3://${var.archive_bucket_name}: events/category=${category}/" },
    { for bucket in compact([var.log_bucket_name]) : "trail" => "s3://${bucket}: log files and digests, as CloudTrail writes them" },
    {
      queue   = "messages in queues and topics"
      logs    = "log groups /${var.name}/…"
      table   = "the ledger's table"
      results = "results of queries${var.results_bucket_name == null ? "" : " in s3://${coalesce(var.results_bucket_name, "-")}"}"
      attest  = "nothing: it signs attestations"
    },
  )
}

resource "aws_kms_key" "class" {
  for_each = local.encrypts

  description = "${var.name} ${each.key}"
  policy      = data.aws_iam_policy_document.class[each.key].minified_json

  key_usage                = each.key == "attest" ? "SIGN_VERIFY" : "ENCRYPT_DECRYPT"
  customer_master_key_spec = each.key == "attest" ? var.attest_key_spec : "SYMMETRIC_DEFAULT"
  multi_region             = false

  # KMS rotates symmetric keys only.
  enable_key_rotation     = each.key != "attest"
  rotation_period_in_days = each.key == "attest" ? null : var.rotation_period_in_days

  deletion_window_in_days            = var.deletion_window_in_days
  bypass_policy_lockout_safety_check = false

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.class[each.key].minified_json) <= 32768
      error_message = "The policy of the key ${each.key} is ${length(data.aws_iam_policy_document.class[each.key].minified_json)} bytes long and KMS takes 32768: name fewer readers of it, or a role that they assume."
    }
  }
}

resource "aws_kms_alias" "class" {
  for_each = local.encrypts

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.class[each.key].key_id
}
