data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition   = data.aws_partition.current.partition
  home_region = data.aws_region.current.region
  caller      = data.aws_caller_identity.current.account_id

  # An organization trail belongs to the management account, also if a delegated administrator makes it.
  trail_arn = "arn:${local.partition}:cloudtrail:${local.home_region}:${var.management_account_id}:trail/${var.trail_name}"

  # The provider reads a topic of the caller's account and Region back by its name, and any other by its ARN: written differently, each plan would
  # show a change. A delegated administrator gives the ARN all the same, for a bare name could be looked for in the account that owns the trail.
  topic          = split(":", coalesce(var.sns_topic_arn, ":::::"))
  sns_topic_name = local.caller == var.management_account_id && local.topic[3] == local.home_region && local.topic[4] == local.caller ? local.topic[5] : var.sns_topic_arn

  # Keyed, not counted: what holds events does not move when something is put in front of it.
  logs = { for key, logs in { trail = var.cloudwatch_logs } : key => merge(logs, { log_group_name = coalesce(logs.log_group_name, "/${var.name}/org-trail") }) if logs != null }
}

resource "aws_cloudtrail" "organization" {
  name           = var.trail_name
  s3_bucket_name = var.log_bucket_name
  s3_key_prefix  = var.key_prefix == "" ? null : var.key_prefix
  kms_key_id     = var.kms_key_arn
  sns_topic_name = local.sns_topic_name

  is_organization_trail         = true
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  enable_logging                = true

  cloud_watch_logs_group_arn = one([for group in aws_cloudwatch_log_group.trail : "${group.arn}:*"])
  cloud_watch_logs_role_arn  = one([for role in aws_iam_role.logs : role.arn])

  dynamic "advanced_event_selector" {
    for_each = local.selectors

    content {
      name = advanced_event_selector.value.name

      dynamic "field_selector" {
        for_each = advanced_event_selector.value.fields

        content {
          field           = field_selector.value.field
          equals          = length(field_selector.value.equals) > 0 ? field_selector.value.equals : null
          not_equals      = length(field_selector.value.not_equals) > 0 ? field_selector.value.not_equals : null
          starts_with     = length(field_selector.value.starts_with) > 0 ? field_selector.value.starts_with : null
          not_starts_with = length(field_selector.value.not_starts_with) > 0 ? field_selector.value.not_starts_with : null
          ends_with       = length(field_selector.value.ends_with) > 0 ? field_selector.value.ends_with : null
          not_ends_with   = length(field_selector.value.not_ends_with) > 0 ? field_selector.value.not_ends_with : null
        }
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.insights

    content {
      insight_type = insight_selector.value
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.caller == var.management_account_id || contains(var.delegated_administrator_account_ids, local.caller)
      error_message = "The account that applies this is ${local.caller}, and an organization trail is made by the management account (${var.management_account_id}) or a delegated administrator of CloudTrail: use the credentials of one of them, or name ${local.caller} in delegated_administrator_account_ids if it is one."
    }

    precondition {
      condition     = alltrue([for arn in concat(local.excluded_bucket_arns, flatten([for arns in values(var.excluded_resource_arns) : tolist(arns)]), compact([var.kms_key_arn, var.sns_topic_arn])) : startswith(arn, "arn:${local.partition}:")])
      error_message = "excluded_bucket_arns, excluded_resource_arns, kms_key_arn or sns_topic_arn names another partition than ${local.partition}, where the trail is: partitions share nothing, so the selectors would leave nothing out, and the trail could not be made; correct the ARNs."
    }

    precondition {
      condition     = length(local.contradictions) == 0
      error_message = "event_selectors.data asks for objects of buckets that the trail leaves out (${join(", ", local.contradictions)}): take them out of the selector, or the bucket out of excluded_bucket_arns (the log bucket always stays out)."
    }

    precondition {
      condition     = local.value_count <= 500
      error_message = "event_selectors have ${local.value_count} values with those that the module adds, and CloudTrail takes 500 for all selectors of a trail: use prefixes (starts_with) or fewer selectors."
    }

    precondition {
      condition     = try(split(":", var.cloudwatch_logs.kms_key_arn)[3], local.home_region) == local.home_region
      error_message = "cloudwatch_logs.kms_key_arn is a key of another Region than ${local.home_region}, where the log group is: give a key of this Region."
    }
  }

  # CreateTrail tries to write to the log group, so what the role may do has to be there.
  depends_on = [aws_iam_role_policy.logs]
}

resource "aws_cloudwatch_log_group" "trail" {
  for_each = local.logs

  name              = each.value.log_group_name
  kms_key_id        = each.value.kms_key_arn
  retention_in_days = each.value.retention_days
  tags              = var.tags
}

resource "aws_iam_role" "logs" {
  for_each = local.logs

  name                 = "${var.name}-org-trail-logs"
  path                 = var.role_path
  description          = "CloudTrail takes it to write the events of ${var.trail_name} to CloudWatch Logs"
  assume_role_policy   = data.aws_iam_policy_document.logs_trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "logs" {
  for_each = local.logs

  name   = "write-events"
  role   = aws_iam_role.logs[each.key].name
  policy = data.aws_iam_policy_document.logs[each.key].json
}

check "what_management_events_lose" {
  assert {
    condition     = length(var.event_selectors.management.exclude_event_sources) == 0
    error_message = "event_selectors.management.exclude_event_sources leaves events out of the archive for good: with kms.amazonaws.com who disabled a key, changed its policy or scheduled its deletion; with rdsdata.amazonaws.com which statements went through the RDS Data API. Nothing can bring them back."
  }
}
