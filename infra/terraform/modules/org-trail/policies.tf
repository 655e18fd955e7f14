data "aws_iam_policy_document" "logs_trust" {
  statement {
    sid     = "CloudTrailForThisTrail"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

data "aws_iam_policy_document" "logs" {
  for_each = local.logs

  # Streams are named after the account and the trail's Region, and after the organization for its other accounts. Who makes the trail may differ
  # from who owns it, hence both.
  statement {
    sid     = "WriteStreamsOfThisTrail"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for stream in concat([for id in distinct([var.management_account_id, local.caller]) : "${id}_CloudTrail_${local.home_region}*"], ["${var.organization_id}_*"]) :
    "arn:${local.partition}:logs:${local.home_region}:${local.caller}:log-group:${each.value.log_group_name}:log-stream:${stream}"]
  }
}
