variables {
  name               = "trailkeep"
  kms_key_arn        = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  mode               = "direct"
  source_bucket_arns = ["arn:aws:s3:::org-logs"]
  organization_id    = "o-exampleorg1"
}

run "queues_are_kept_encrypted_and_long_enough" {
  command = plan
  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.kms_key_arn
    error_message = "Both queues are encrypted with the customer key."
  }
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 604800 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "The dead-letter queue keeps twice as long as the queue: age counts from the first sending."
  }
  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 600 && aws_sqs_queue.this.receive_wait_time_seconds == 20
    error_message = "Receives are long polls, and what is received is hidden for 10 minutes."
  }
  assert {
    condition     = output.queue_arn == "arn:aws:sqs:us-east-1:111122223333:trailkeep" && output.topic_arn == null && output.event_rule_arn == null && output.event_bus_arn == null
    error_message = "The queue's ARN is known in the plan; no topic, rule or bus with mode direct."
  }
}

run "a_message_is_received_twelve_times_and_only_this_queue_may_redrive" {
  command = apply
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 12 && jsondecode(aws_sqs_queue.this.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters.arn
    error_message = "Twelve receives, then the dead-letter queue."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.this.arn] }
    error_message = "Only the queue may name it as its dead-letter queue."
  }
  assert {
    condition     = aws_sqs_queue.this.arn == output.queue_arn && aws_sqs_queue.dead_letters.arn == output.dead_letter_queue_arn
    error_message = "The ARNs that are built are those that AWS gives."
  }
}

run "directly_only_the_named_bucket_of_the_named_account_and_organization_sends" {
  command = plan
  variables {
    source_account_ids = ["444455556666"]
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.queue["this"].json).Statement : s if s.Effect == "Allow"] == [{
      Sid       = "SendFromLogBuckets"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:111122223333:trailkeep"
      Principal = { Service = "s3.amazonaws.com" }
      Condition = {
        ArnEquals            = { "aws:SourceArn" = "arn:aws:s3:::org-logs" }
        StringEquals         = { "aws:SourceAccount" = "444455556666" }
        StringEqualsIfExists = { "aws:SourceOrgID" = "o-exampleorg1" }
      }
    }]
    error_message = "One Allow: S3, for this bucket, of this account and organization."
  }
  assert {
    condition     = length([for s in jsondecode(data.aws_iam_policy_document.queue["dead_letters"].json).Statement : s if s.Effect == "Allow"]) == 0
    error_message = "Nobody sends to the dead-letter queue by its policy: SQS moves messages there."
  }
}

run "plain_http_outsiders_and_purging_are_denied_on_both_queues" {
  command = plan
  assert {
    condition     = alltrue([for q in ["this", "dead_letters"] : toset([for s in jsondecode(data.aws_iam_policy_document.queue[q].json).Statement : s.Sid if s.Effect == "Deny"]) == toset(["DenyPlainHttp", "DenyOutsiders", "DenyPurging"])])
    error_message = "Both queues deny plain HTTP, outsiders and purging."
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.queue["this"].json).Statement : s.Condition if s.Sid == "DenyOutsiders"] == [{
      StringNotEquals = { "aws:PrincipalAccount" = "111122223333" }
      BoolIfExists    = { "aws:PrincipalIsAWSService" = "false" }
    }]
    error_message = "An outsider is who is of another account and no AWS service."
  }
  assert {
    condition     = aws_sqs_queue_policy.this.policy == data.aws_iam_policy_document.queue["this"].json && aws_sqs_queue_policy.dead_letters.policy == data.aws_iam_policy_document.queue["dead_letters"].json
    error_message = "The queues have these policies."
  }
}

run "without_an_organization_none_is_compared" {
  command = plan
  variables {
    organization_id = null
  }
  assert {
    condition     = !strcontains(data.aws_iam_policy_document.queue["this"].json, "aws:SourceOrgID")
    error_message = "No organization, no condition."
  }
}

run "a_topic_takes_the_named_buckets_and_trails_and_the_queue_takes_the_topic" {
  command = plan
  variables {
    mode       = "sns"
    trail_arns = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"]
  }
  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == var.kms_key_arn && aws_sns_topic.this[0].signature_version == 2
    error_message = "The topic is encrypted with the customer key and signs with SHA-256."
  }
  assert {
    condition = [for s in jsondecode(data.aws_iam_policy_document.topic.json).Statement : s if s.Effect == "Allow"] == [
      {
        Sid       = "PublishFromLogBuckets", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects", Principal = { Service = "s3.amazonaws.com" }
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::org-logs" }, StringEquals = { "aws:SourceAccount" = "111122223333" }, StringEqualsIfExists = { "aws:SourceOrgID" = "o-exampleorg1" } }
      },
      {
        Sid       = "PublishFromTrails", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects", Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization" } }
      },
    ]
    error_message = "Buckets and trails publish, each by its ARN; nobody is allowed to subscribe."
  }
  assert {
    condition     = length([for s in jsondecode(data.aws_iam_policy_document.topic.json).Statement : s if s.Sid == "DenyOutsiders" && try(contains(s.Action, "sns:Subscribe") && contains(s.Action, "sns:Publish"), false)]) == 1
    error_message = "A stranger's subscribe is denied."
  }
  assert {
    condition     = aws_sns_topic_policy.this[0].policy == data.aws_iam_policy_document.topic.json
    error_message = "The topic has this policy."
  }
  assert {
    condition     = [for s in values(aws_sns_topic_subscription.this) : [s.topic_arn, s.protocol, s.raw_message_delivery, s.region]] == [["arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects", "sqs", true, "us-east-1"]]
    error_message = "The queue is subscribed to the topic, raw."
  }
  assert {
    condition = alltrue([for q in ["this", "dead_letters"] : [for s in jsondecode(data.aws_iam_policy_document.queue[q].json).Statement : [s.Principal.Service, s.Condition] if s.Effect == "Allow"] == [
      ["sns.amazonaws.com", { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:us-east-1:111122223333:trailkeep-log-objects" } }]
    ]])
    error_message = "The topic sends to the queue and, what it could not deliver, to the dead-letter queue."
  }
}

run "what_sns_cannot_deliver_goes_to_the_dead_letter_queue" {
  command = apply
  variables {
    mode = "sns"
  }
  assert {
    condition     = jsondecode(values(aws_sns_topic_subscription.this)[0].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn }
    error_message = "The subscription has the dead-letter queue."
  }
  assert {
    condition     = output.topic_arn == aws_sns_topic.this[0].arn
    error_message = "The topic's ARN is the one that AWS gives."
  }
}

run "others_topics_are_subscribed_to_in_their_own_region" {
  command = plan
  variables {
    mode                = "external"
    source_bucket_arns  = []
    external_topic_arns = ["arn:aws:sns:us-east-1:444455556666:aws-controltower-logs", "arn:aws:sns:eu-west-1:444455556666:other"]
  }
  assert {
    condition     = { for arn, s in aws_sns_topic_subscription.this : arn => s.region } == { "arn:aws:sns:us-east-1:444455556666:aws-controltower-logs" = "us-east-1", "arn:aws:sns:eu-west-1:444455556666:other" = "eu-west-1" }
    error_message = "A subscription for each topic, made in its Region."
  }
  assert {
    condition     = aws_sns_topic_subscription.this["arn:aws:sns:eu-west-1:444455556666:other"].redrive_policy == null
    error_message = "SNS takes a dead-letter queue of its own Region only."
  }
  assert {
    condition     = length(aws_sns_topic.this) == 0 && [for s in jsondecode(data.aws_iam_policy_document.queue["this"].json).Statement : toset(s.Condition.ArnEquals["aws:SourceArn"]) if s.Effect == "Allow"] == [toset(var.external_topic_arns)]
    error_message = "No topic of ours, and only theirs send."
  }
}

run "events_of_a_bucket_here_come_by_a_rule_on_the_default_bus" {
  command = plan
  variables {
    mode = "eventbridge"
  }
  assert {
    condition     = length(aws_cloudwatch_event_bus.this) == 0 && aws_cloudwatch_event_rule.this[0].event_bus_name == "default"
    error_message = "No bus is needed for events that arise here."
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern) == {
      source = ["aws.s3"], "detail-type" = ["Object Created"], account = ["111122223333"], region = ["us-east-1"], detail = { bucket = { name = ["org-logs"] } }
    }
    error_message = "Objects created in the named bucket of the named account."
  }
  assert {
    condition = alltrue([for q in ["this", "dead_letters"] : [for s in jsondecode(data.aws_iam_policy_document.queue[q].json).Statement : [s.Principal.Service, s.Condition] if s.Effect == "Allow"] == [
      ["events.amazonaws.com", { ArnEquals = { "aws:SourceArn" = "arn:aws:events:us-east-1:111122223333:rule/trailkeep-log-objects" } }]
    ]])
    error_message = "Only this rule sends."
  }
  assert {
    condition     = aws_cloudwatch_event_target.this[0].retry_policy[0].maximum_event_age_in_seconds == 86400 && length(aws_cloudwatch_event_target.this[0].dead_letter_config) == 1
    error_message = "EventBridge tries for a day, then uses the dead-letter queue."
  }
}

run "events_of_another_account_come_by_a_bus_that_takes_only_object_created" {
  command = plan
  variables {
    mode               = "eventbridge"
    source_account_ids = ["444455556666"]
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.bus.json).Statement == [{
      Sid       = "ForwardObjectCreated"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Condition = {
        "ForAllValues:StringEquals" = { "events:source" = "aws.s3", "events:detail-type" = "Object Created" }
        StringEquals                = { "aws:PrincipalOrgID" = "o-exampleorg1" }
      }
    }]
    error_message = "The bus takes Object Created events of that account."
  }
  assert {
    condition     = aws_cloudwatch_event_bus_policy.this[0].policy == data.aws_iam_policy_document.bus.json && jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).account == ["444455556666"]
    error_message = "The bus has the policy, and the rule compares the account."
  }
  assert {
    condition     = output.event_rule_arn == "arn:aws:events:us-east-1:111122223333:rule/trailkeep-log-objects/trailkeep-log-objects" && output.event_bus_arn == "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects"
    error_message = "The rule is one of that bus."
  }
}

run "events_of_another_region_are_forwarded" {
  command = plan
  variables {
    mode          = "eventbridge"
    source_region = "eu-west-1"
  }
  assert {
    condition     = length(aws_cloudwatch_event_bus.this) == 1 && jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).region == ["eu-west-1"]
    error_message = "A bus takes them, and the rule compares the Region."
  }
}
