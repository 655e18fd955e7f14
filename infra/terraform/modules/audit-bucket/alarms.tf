# What S3 is told about objects (a delete of a version, a bypass of a lock) CloudTrail writes as data events only, which no event rule sees
# without a trail that records them. So the alarm stands one step before: at the assumption of a role that could.
# STS tells it in the Region that was called.

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
