# Nothing is made here: what belongs to others they make themselves, from the documents in policies.tf and documents.tf.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  owner     = var.log_bucket_account_id

  log_region = coalesce(var.log_bucket_region, local.region)
  bucket_arn = "arn:${local.partition}:s3:::${var.log_bucket_name}"
  logs       = "${var.key_prefix == "" ? "" : "${var.key_prefix}/"}AWSLogs/"

  here_root  = "arn:${local.partition}:iam::${local.account}:root"
  owner_root = "arn:${local.partition}:iam::${local.owner}:root"
  owner_role = "arn:${local.partition}:iam::${local.owner}:role${var.role_path}"

  collector_role_arn   = coalesce(var.collector_role_arn, "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-collector")
  source_role_arn      = var.source_role == null ? null : "${local.owner_role}${coalesce(var.source_role.role_name, "${var.name}-source")}"
  replication_role_arn = var.replica == null ? null : "${local.owner_role}${coalesce(var.replica.role_name, "${var.name}-replication")}"
  forward_role_arn     = "${local.owner_role}${var.name}-forward"

  replica_arn = var.replica == null ? null : "arn:${local.partition}:s3:::${var.replica.bucket_name}"

  # Who opens objects with the log bucket's key.
  key_user_arn = coalesce(local.replication_role_arn, local.source_role_arn, local.collector_role_arn)

  rule_name = "${var.name}-log-objects"
  rule_arn  = "arn:${local.partition}:events:${local.log_region}:${local.owner}:rule/${local.rule_name}"
  forwarded = var.mode == "eventbridge" && (local.owner != local.account || local.log_region != local.region)

  # The collector reads another account's bucket by that bucket's policy; its own account's by its own policy.
  reads_by_policy = var.mode != "replicated" && var.source_role == null && local.owner != local.account

  # KMS names services below amazonaws.com; in China services' own names end otherwise, and which of the two a request has is not documented.
  via_s3 = { for region in toset([local.log_region, local.region]) : region => distinct([for suffix in ["amazonaws.com", data.aws_partition.this.dns_suffix] : "s3.${region}.${suffix}"]) }
}
