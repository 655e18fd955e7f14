run "nothing_of_theirs_is_changed_and_they_are_told_what_to_add" {
  command = plan

  assert {
    condition     = module.audit_account.log_bucket_name == null && module.audit_account.trail_kms_key_arn == null
    error_message = "there is no log bucket of ours, and no key for one"
  }

  assert {
    condition     = toset(keys(output.for_their_owners)) == toset(["key", "topic", "source_role_trust", "source_role_permissions"])
    error_message = "the bucket's policy stays as it is: ${join(", ", keys(output.for_their_owners))}"
  }
}

run "their_role_lets_in_the_collector_of_this_organization_alone" {
  command = plan

  assert {
    condition = jsondecode(output.for_their_owners.source_role_trust).Statement[0].Condition == {
      ArnEquals    = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" }
      StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1", "sts:ExternalId" = "trailkeep-2b7c" }
    }
    error_message = output.for_their_owners.source_role_trust
  }
}

run "their_topic_lets_our_queue_subscribe_and_no_other" {
  command = plan

  assert {
    condition     = strcontains(output.for_their_owners.topic, "arn:aws:sqs:eu-central-1:111122223333:trailkeep\"")
    error_message = output.for_their_owners.topic
  }
}
