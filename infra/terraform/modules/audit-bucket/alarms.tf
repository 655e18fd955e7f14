# What S3 is told about objects (a delete of a version, a bypass of a lock) CloudTrail writes as data events only, which no event rule sees
# without a trail that records them. So the alarm stands one step before: at the assumption of a role that could.
# STS tells it in the Region that was called: rules elsewhere forward it to the bus here.

locals {
  alarms = merge(
    length(var.break_glass_role_arns) == 0 ? {} : {
      break-glass = {
        description = "A role that may delete what ${var.bucket_name} keeps was assumed."
        sentence    = "Break-glass of the archive ${var.bucket_name}: <action> of <detail> by <who> from <address> at <time>. If nobody announced it, this is an incident."
        detail      = "$.detail.requestParameters.roleArn"
        pattern = {
          source      = ["aws.sts"]
          detail-type = ["AWS API Call via CloudTrail"]
          detail = {
            eventSource       = ["sts.amazonaws.com"]
            eventName         = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]
            requestParameters = { roleArn = [for arn in var.break_glass_role_arns : { wildcard = arn }] }
          }
        }
      }
    },
    !var.alarm_on_configuration_change ? {} : {
      configuration-change = {
        description = "The policy or another protection of ${var.bucket_name} was changed."
        sentence    = "The protection of the archive <detail> was changed: <action> by <who> from <address> at <time>. If no terraform run did it, this is an incident."
        detail      = "$.detail.requestParameters.bucketName"
        pattern = {
          source      = ["aws.s3"]
          detail-type = ["AWS API Call via CloudTrail"]
          detail = {
            eventSource       = ["s3.amazonaws.com"]
            eventName         = [{ prefix = "PutBucket" }, { prefix = "DeleteBucket" }, "PutObjectLockConfiguration"]
            requestParameters = { bucketName = [var.bucket_name] }
          }
        }
      }
    },
  )
}

resource "aws_cloudwatch_event_rule" "alarm" {
  for_each = local.alarms

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags

  # AssumeRole is an event that only reads: by its name alone it would be sent in any case, and this does not rely on that.
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
}

resource "aws_cloudwatch_event_target" "alarm" {
  for_each = local.alarms

  rule      = aws_cloudwatch_event_rule.alarm[each.key].name
  target_id = "topic"
  arn       = var.alarm_topic_arn

  input_transformer {
    input_paths = {
      action  = "$.detail.eventName"
      address = "$.detail.sourceIPAddress"
      detail  = each.value.detail
      time    = "$.detail.eventTime"
      who     = "$.detail.userIdentity.arn"
    }

    input_template = "\"${each.value.sentence}\""
  }
}

locals {
  global_endpoint_regions = { aws = ["us-east-1"] }
  alarm_regions = setsubtract(
    length(var.break_glass_role_arns) == 0 ? toset([]) : var.alarm_regions == null ? toset(lookup(local.global_endpoint_regions, local.partition, [])) : var.alarm_regions,
    [data.aws_region.this.region],
  )
  here_bus_arn = "arn:${local.partition}:events:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:event-bus/default"
}

resource "aws_cloudwatch_event_rule" "elsewhere" {
  for_each = local.alarm_regions

  region        = each.key
  name          = "${var.name}-break-glass"
  description   = local.alarms["break-glass"].description
  event_pattern = jsonencode(local.alarms["break-glass"].pattern)
  state         = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "elsewhere" {
  for_each = local.alarm_regions

  region    = each.key
  rule      = aws_cloudwatch_event_rule.elsewhere[each.key].name
  target_id = "home"
  arn       = local.here_bus_arn
  role_arn  = aws_iam_role.forward["break-glass"].arn
}

resource "aws_iam_role" "forward" {
  for_each = length(local.alarm_regions) == 0 ? toset([]) : toset(["break-glass"])

  name                 = "${var.name}-${each.key}-forward"
  path                 = var.role_path
  description          = "Event rules of other Regions tell of break-glass of ${var.bucket_name} with it"
  assume_role_policy   = data.aws_iam_policy_document.forward_trust.minified_json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "forward" {
  for_each = aws_iam_role.forward

  name   = "forward"
  role   = each.value.name
  policy = data.aws_iam_policy_document.forward.minified_json
}

data "aws_iam_policy_document" "forward_trust" {
  statement {
    sid     = "RulesForward"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for region in sort(local.alarm_regions) : "arn:${local.partition}:events:${region}:${data.aws_caller_identity.this.account_id}:rule/${var.name}-break-glass"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "forward" {
  statement {
    sid       = "TellHere"
    actions   = ["events:PutEvents"]
    resources = [local.here_bus_arn]
  }
}
