variables {
  organization_id       = "o-exampleorg1"
  log_bucket_name       = "org-logs"
  log_bucket_account_id = "444455556666"
  queue_arn             = "arn:aws:sqs:us-east-1:111122223333:trailkeep"
}

run "a_stack_wires_direct" {
  command = plan
  module {
    source = "./tests/wiring"
  }
  variables {
    mode = "direct"
  }
  assert {
    condition     = jsondecode(output.policies["notification"]).QueueConfigurations[0].QueueArn == output.queue_arn
    error_message = "The owner is told our queue, in the plan already."
  }
}

run "a_stack_wires_sns" {
  command = plan
  module {
    source = "./tests/wiring"
  }
  variables {
    mode      = "sns"
    topic_arn = "arn:aws:sns:us-east-1:444455556666:aws-controltower-logs"
  }
  assert {
    condition     = strcontains(output.policies["topic"], output.queue_arn)
    error_message = "Our queue may be subscribed."
  }
}

run "a_stack_wires_eventbridge" {
  command = plan
  module {
    source = "./tests/wiring"
  }
  variables {
    mode = "eventbridge"
  }
  assert {
    condition     = jsondecode(output.policies["event_target"]).Targets[0].Arn == "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects"
    error_message = "The owner is told our bus."
  }
}

run "a_stack_wires_a_replica" {
  command = apply
  module {
    source = "./tests/wiring"
  }
  variables {
    mode = "replicated"
  }
  assert {
    condition     = module.replica["replica"].notification_owner == "log-bucket"
    error_message = "The replica is a log bucket of ours, and announces."
  }
}
