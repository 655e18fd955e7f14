data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

resource "aws_sns_topic" "landed" {
  name              = "${var.name}-landed"
  display_name      = "Objects that landed in the archive"
  kms_master_key_id = var.kms_key_arn

  # SHA-256 where a subscriber checks the signature, not SHA-1.
  signature_version = 2

  tags = merge(var.tags, { Name = "${var.name}-landed" })
}

resource "aws_sns_topic_policy" "landed" {
  arn    = aws_sns_topic.landed.arn
  policy = data.aws_iam_policy_document.landed.json
}
