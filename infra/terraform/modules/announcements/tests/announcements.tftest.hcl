variables {
  kms_key_arn            = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  publisher_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  subscriber_account_ids = ["444455556666"]
  organization_id        = "o-exampleorg1"
}

run "messages_are_encrypted_with_the_customers_key" {
  command = plan

  assert {
    condition     = aws_sns_topic.landed.kms_master_key_id == var.kms_key_arn && aws_sns_topic.landed.signature_version == 2 && aws_sns_topic.landed.name == "trailkeep-landed"
    error_message = "the topic is not encrypted with the key, or signs with SHA-1"
  }
}

run "only_publishers_announce" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid => s }.PublishersAnnounce == {
      Sid       = "PublishersAnnounce", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:us-east-1:111122223333:trailkeep-landed"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" } }
    }
    error_message = aws_sns_topic_policy.landed.policy
  }

  assert {
    condition = { for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid => s }.OnlyPublishersAnnounce == {
      Sid       = "OnlyPublishersAnnounce", Effect = "Deny", Action = "sns:Publish", Resource = "arn:aws:sns:us-east-1:111122223333:trailkeep-landed", Principal = "*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" } }
    }
    error_message = "an IAM policy is enough to announce"
  }
}

run "only_queues_of_known_accounts_subscribe" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid => s }.AccountsSubscribeQueues == {
      Sid       = "AccountsSubscribeQueues", Effect = "Allow", Action = "sns:Subscribe", Resource = "arn:aws:sns:us-east-1:111122223333:trailkeep-landed"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Condition = { StringEquals = { "sns:Protocol" = "sqs", "aws:PrincipalOrgID" = "o-exampleorg1" } }
    }
    error_message = aws_sns_topic_policy.landed.policy
  }

  assert {
    condition = alltrue([
      for s in [{ for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid => s }] :
      s.OnlyQueuesSubscribe.Effect == "Deny" && s.OnlyQueuesSubscribe.Condition.StringNotEquals["sns:Protocol"] == "sqs" && s.OnlyQueuesOfKnownAccountsSubscribe.Effect == "Deny" && (
        s.OnlyQueuesOfKnownAccountsSubscribe.Condition.StringNotLike["sns:Endpoint"] == ["arn:aws:sqs:*:111122223333:*", "arn:aws:sqs:*:444455556666:*"]
      )
    ])
    error_message = "announcements may be sent to a stranger"
  }
}

run "plain_http_is_refused" {
  command = plan

  assert {
    condition = alltrue([
      for s in [{ for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid => s }.OnlyByTls] :
      s.Effect == "Deny" && s.Principal == "*" && s.Condition.Bool["aws:SecureTransport"] == "false" && length(setsubtract(["sns:Publish", "sns:Subscribe"], s.Action)) == 0
    ])
    error_message = aws_sns_topic_policy.landed.policy
  }
}

run "without_subscribing_accounts_none_is_let_in" {
  command = plan

  variables {
    subscriber_account_ids = []
    organization_id        = null
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Sid if s.Effect == "Allow"] == ["PublishersAnnounce"]
    error_message = aws_sns_topic_policy.landed.policy
  }
}

run "the_policy_is_of_the_topic_that_is_made" {
  command = apply

  assert {
    condition     = output.topic_arn == "arn:aws:sns:us-east-1:111122223333:trailkeep-landed" && alltrue([for s in jsondecode(aws_sns_topic_policy.landed.policy).Statement : s.Resource == output.topic_arn])
    error_message = output.topic_arn
  }
}
