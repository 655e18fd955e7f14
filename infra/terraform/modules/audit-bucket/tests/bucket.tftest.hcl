provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "frankfurt"
  region = "eu-central-1"
}

variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "governance"
  default_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "the_bucket_is_versioned_and_lockable_and_has_no_default_lock" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "object lock needs both"
  }

  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.this.rule) == 0
    error_message = "a default rule would lock staging/ too"
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy != true
    error_message = "terraform must not empty an archive"
  }
}

run "the_bucket_is_nobody_elses" {
  command = plan

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs must be off"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "public access has to be blocked in all four ways"
  }
}

run "it_encrypts_with_the_customer_key_and_a_bucket_key" {
  command = plan

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : alltrue([
      rule.bucket_key_enabled,
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms",
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id == var.default_kms_key_arn,
    ])])
    error_message = "default encryption"
  }
}

run "without_an_access_log_bucket_there_are_neither_logs_nor_inventory" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0 && length(aws_s3_bucket_inventory.this) == 0
    error_message = "they need somewhere to go"
  }
}

run "it_logs_and_lists_itself_into_the_access_log_bucket" {
  command = plan

  variables {
    access_log_bucket_name = "example-access-logs"
    inventory              = { frequency = "Daily" }
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "example-access-logs" && aws_s3_bucket_logging.this[0].target_prefix == "example-audit/"
    error_message = "the access log bucket takes its logs below its own name only"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_inventory.this[0].included_object_versions == "All",
      aws_s3_bucket_inventory.this[0].schedule[0].frequency == "Daily",
      aws_s3_bucket_inventory.this[0].destination[0].bucket[0].format == "Parquet",
      aws_s3_bucket_inventory.this[0].destination[0].bucket[0].bucket_arn == "arn:aws:s3:::example-access-logs",
      aws_s3_bucket_inventory.this[0].destination[0].bucket[0].prefix == "inventory",
      length(aws_s3_bucket_inventory.this[0].destination[0].bucket[0].encryption[0].sse_s3) == 1,
    ])
    error_message = "inventory"
  }

  assert {
    condition     = length(setsubtract(["ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus", "EncryptionStatus", "BucketKeyStatus"], aws_s3_bucket_inventory.this[0].optional_fields)) == 0
    error_message = "the inventory is what shows objects without a lock"
  }
}

run "an_inventory_can_be_left_out" {
  command = plan

  variables {
    access_log_bucket_name = "example-access-logs"
    inventory              = null
  }

  assert {
    condition     = length(aws_s3_bucket_inventory.this) == 0
    error_message = "null is none"
  }
}

run "no_alarm_without_somebody_to_raise_it" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_rule.alarm) == 0
    error_message = "no break-glass roles, no rule"
  }
}

run "the_use_of_break_glass_raises_an_alarm" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_BreakGlass_*"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:trailkeep-alarms"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alarm["break-glass"].event_pattern) == {
      source      = ["aws.sts"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource       = ["sts.amazonaws.com"]
        eventName         = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]
        requestParameters = { roleArn = [{ wildcard = var.break_glass_role_arns[0] }, { wildcard = var.break_glass_role_arns[1] }] }
      }
    }
    error_message = "pattern ${aws_cloudwatch_event_rule.alarm["break-glass"].event_pattern}"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.alarm["break-glass"].state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" && aws_cloudwatch_event_target.alarm["break-glass"].arn == var.alarm_topic_arn
    error_message = "the alarm has to be on and go to the topic"
  }

  assert {
    condition     = can(jsondecode(aws_cloudwatch_event_target.alarm["break-glass"].input_transformer[0].input_template))
    error_message = "the message has to be one JSON text"
  }

  assert {
    condition     = output.alarm_rule_arns[0] == "arn:aws:events:us-east-1:111122223333:rule/trailkeep-break-glass"
    error_message = "the topic's policy names the rule"
  }
}

run "a_change_of_the_buckets_protection_raises_an_alarm_if_asked_for" {
  command = plan

  variables {
    alarm_on_configuration_change = true
    alarm_topic_arn               = "arn:aws:sns:us-east-1:111122223333:trailkeep-alarms"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.alarm["configuration-change"].event_pattern).detail.requestParameters.bucketName[0] == "example-audit"
    error_message = "of this bucket only"
  }
}

run "break_glass_is_heard_where_the_global_endpoint_of_sts_tells" {
  command = plan

  providers = { aws = aws.frankfurt }

  variables {
    default_kms_key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
    alarm_topic_arn       = "arn:aws:sns:eu-central-1:111122223333:trailkeep-alarms"
    permissions_boundary  = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.elsewhere) == ["us-east-1"] && aws_cloudwatch_event_rule.elsewhere["us-east-1"].region == "us-east-1" && aws_cloudwatch_event_target.elsewhere["us-east-1"].region == "us-east-1"
    error_message = "a role that is assumed by sts.amazonaws.com would not be heard"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.elsewhere["us-east-1"].event_pattern == aws_cloudwatch_event_rule.alarm["break-glass"].event_pattern && aws_cloudwatch_event_rule.elsewhere["us-east-1"].state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    error_message = "the rule here has to know what the rule there forwards"
  }

  assert {
    condition     = aws_cloudwatch_event_target.elsewhere["us-east-1"].arn == "arn:aws:events:eu-central-1:111122223333:event-bus/default"
    error_message = "to the bus here"
  }

  assert {
    condition = jsondecode(aws_iam_role.forward["break-glass"].assume_role_policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:events:us-east-1:111122223333:rule/trailkeep-break-glass" }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    } && aws_iam_role.forward["break-glass"].permissions_boundary == var.permissions_boundary
    error_message = "that rule alone, within the boundary"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.forward["break-glass"].policy).Statement == [{ Sid = "TellHere", Effect = "Allow", Action = "events:PutEvents", Resource = "arn:aws:events:eu-central-1:111122223333:event-bus/default" }]
    error_message = "and nothing else"
  }
}

run "break_glass_is_heard_wherever_it_is_asked_for_and_here_once" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:trailkeep-alarms"
    alarm_regions         = ["us-east-1", "eu-west-1"]
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.elsewhere) == ["eu-west-1"]
    error_message = "here the alarm's own rule listens"
  }
}
