variables {
  subscriber         = "siem"
  topic_arn          = "arn:aws:sns:us-east-1:111122223333:trailkeep-announcements"
  principal_arns     = ["arn:aws:iam::444455556666:role/collector"]
  external_id        = "7d1b1f0e-example"
  categories         = ["management", "network"]
  archive_bucket_arn = "arn:aws:s3:::example-audit"
  event_kms_key_arns = {
    management = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000001"
    network    = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000002"
    data       = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000003"
  }
  queue_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000009"
}

run "announcements_of_the_categories_reach_the_queue" {
  command = plan

  assert {
    condition     = aws_sns_topic_subscription.this.filter_policy == jsonencode({ category = ["management", "network"] }) && aws_sns_topic_subscription.this.filter_policy_scope == "MessageAttributes"
    error_message = "the filter is another than the categories, or is not on the attributes"
  }
  assert {
    condition     = aws_sns_topic_subscription.this.raw_message_delivery && aws_sns_topic_subscription.this.protocol == "sqs" && aws_sns_topic_subscription.this.topic_arn == var.topic_arn
    error_message = "what arrives is not the announcement as it was sent"
  }
  assert {
    condition     = length(regexall("-dead-letters", join("", [for statement in jsondecode(data.aws_iam_policy_document.queue["dead_letters"].json).Statement : statement.Resource]))) == 2
    error_message = "SNS cannot put what it could not deliver to the dead letters"
  }
}

run "both_queues_are_encrypted_and_keep_what_fails" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.queue_kms_key_arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.queue_kms_key_arn
    error_message = "a queue is not encrypted with the given key"
  }
  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.this.message_retention_seconds == 1209600
    error_message = "announcements are dropped before 14 days"
  }
  assert {
    condition = alltrue([for queue in ["this", "dead_letters"] : anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.queue[queue].json).Statement :
      try(statement.Effect == "Allow" && statement.Principal.Service == "sns.amazonaws.com" && statement.Action == "sqs:SendMessage" && statement.Condition.ArnEquals["aws:SourceArn"] == var.topic_arn, false)
    ])])
    error_message = "another topic may write, or ours may not"
  }
  assert {
    condition = alltrue([for queue in ["this", "dead_letters"] : length([
      for statement in jsondecode(data.aws_iam_policy_document.queue[queue].json).Statement : statement if statement.Effect == "Allow"
      ]) == 1 && anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.queue[queue].json).Statement :
      statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])])
    error_message = "somebody beside SNS may use a queue, or plain HTTP passes"
  }
}

run "what_is_redriven_stays_within_the_subscriber" {
  command = apply

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters.arn && jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 10
    error_message = "what fails goes elsewhere"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.this.arn]
    error_message = "another queue may fill the dead letters"
  }
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters.arn && aws_sns_topic_subscription.this.endpoint == aws_sqs_queue.this.arn
    error_message = "what SNS cannot deliver is lost"
  }
  assert {
    condition     = output.role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-subscriber-siem" && output.queue_arn == "arn:aws:sqs:us-east-1:111122223333:trailkeep-subscriber-siem"
    error_message = "names are others than keys and buckets are told"
  }
}

run "the_role_is_for_the_principal_with_the_external_id" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.AWS == "arn:aws:iam::444455556666:role/collector" && jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "7d1b1f0e-example"
    error_message = "somebody else may take the role, or without the external id"
  }
  assert {
    condition     = length(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == 1 && aws_iam_role.this.max_session_duration == 3600
    error_message = "there is another way into the role, or sessions are long"
  }
}

run "the_role_reads_its_categories_and_its_queue_only" {
  command = plan

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "ReadTheCategories"]).Action == "s3:GetObject" && toset(one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "ReadTheCategories"]).Resource) == toset([
      "arn:aws:s3:::example-audit/events/category=management/*", "arn:aws:s3:::example-audit/events/category=network/*"
    ])
    error_message = "other files than those of the categories may be read"
  }
  assert {
    condition = toset(one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "DecryptTheCategories"]).Resource) == toset([
      var.event_kms_key_arns.management, var.event_kms_key_arns.network
    ])
    error_message = "the keys are others than the categories'"
  }
  assert {
    condition = alltrue([for sid, service in { DecryptTheCategories = "s3", DecryptAnnouncements = "sqs" } :
      one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == sid]).Condition.StringEquals["kms:ViaService"] == "${service}.us-east-1.amazonaws.com"
    ])
    error_message = "a key may be used around its service"
  }
  assert {
    condition     = toset(one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "ListTheCategories"]).Condition.StringLike["s3:prefix"]) == toset(["events/category=management/*", "events/category=network/*"])
    error_message = "other folders may be listed"
  }
  assert {
    condition = toset(one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "FetchAnnouncements"]).Action) == toset([
      "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"
      ]) && one([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid == "FetchAnnouncements"
    ]).Resource == "arn:aws:sqs:us-east-1:111122223333:trailkeep-subscriber-siem"
    error_message = "the queue may be used otherwise, or another one"
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [statement.Resource != "*", [for action in flatten([statement.Action]) : !strcontains(action, "*")]]]))
    error_message = "a wildcard allows more than is needed"
  }
}

run "a_list_that_a_message_leaves_out_matches_too" {
  command = plan

  variables {
    categories = ["data"]
    accounts   = ["444455556666", "111122223333"]
    event_kms_key_arns = {
      data = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000003"
    }
  }

  assert {
    condition = aws_sns_topic_subscription.this.filter_policy == jsonencode({ "$or" = [
      { category = ["data"], accounts = ["111122223333", "444455556666"] },
      { category = ["data"], accounts = [{ exists = false }] },
    ] })
    error_message = "a file with too many accounts to list would be missed, or one of another category announced"
  }
}

run "accounts_and_regions_are_both_asked_for" {
  command = plan

  variables {
    categories = ["management"]
    accounts   = ["111122223333"]
    regions    = ["us-east-1", "us-gov-west-1"]
  }

  assert {
    condition = aws_sns_topic_subscription.this.filter_policy == jsonencode({ "$or" = [
      { category = ["management"], accounts = ["111122223333"], regions = ["us-east-1", "us-gov-west-1"] },
      { category = ["management"], accounts = ["111122223333"], regions = [{ exists = false }] },
      { category = ["management"], accounts = [{ exists = false }], regions = ["us-east-1", "us-gov-west-1"] },
      { category = ["management"], accounts = [{ exists = false }], regions = [{ exists = false }] },
    ] })
    error_message = "the branches are not all that an announcement can be"
  }
}

run "a_principal_of_this_account_needs_no_external_id" {
  command = plan

  variables {
    principal_arns = ["arn:aws:iam::111122223333:role/detections"]
    external_id    = null
    archive_prefix = "org"
  }

  assert {
    condition     = !can(jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition)
    error_message = "an external id is asked for that nobody has"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.this.policy, "arn:aws:s3:::example-audit/org/events/category=management/*") && !strcontains(aws_iam_role_policy.this.policy, "example-audit/events")
    error_message = "the archive's prefix is missing"
  }
}

run "in_govcloud_every_arn_is_of_its_partition" {
  command = plan

  providers = {
    aws = aws.govcloud
  }

  variables {
    topic_arn          = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:trailkeep-announcements"
    principal_arns     = ["arn:aws-us-gov:iam::444455556666:root"]
    categories         = ["management"]
    archive_bucket_arn = "arn:aws-us-gov:s3:::example-audit"
    event_kms_key_arns = {
      management = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
    }
    queue_kms_key_arn    = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/00000000-0000-4000-8000-000000000009"
    permissions_boundary = "arn:aws-us-gov:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = length(regexall("arn:aws:", "${aws_iam_role_policy.this.policy}${data.aws_iam_policy_document.queue["this"].json}")) == 0
    error_message = "an ARN is of the commercial partition"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.this.policy, "sqs.us-gov-west-1.amazonaws.com") && aws_iam_role.this.permissions_boundary == "arn:aws-us-gov:iam::111122223333:policy/boundary"
    error_message = "KMS is called by way of another Region, or the boundary is missing"
  }
}

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "govcloud"
  region = "us-gov-west-1"
}
