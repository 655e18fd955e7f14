variables {
  bucket_name            = "example-audit"
  object_lock_mode       = "governance"
  object_lock_days       = 30
  inventory              = null
  access_log_bucket_name = null
  default_kms_key_arn    = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns       = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  auditor_role_arns      = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]
  acknowledger_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Security_*"]
}

run "they_alone_say_what_is_acknowledged" {
  command = plan

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAcknowledgingByOthers"].Condition == { ArnNotLike = { "aws:PrincipalArn" = var.acknowledger_role_arns[0] } },
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAcknowledgingByOthers"].Resource == "arn:aws:s3:::example-audit/acknowledged/*",
    ])
    error_message = "neither the auditor nor the collector"
  }

  assert {
    condition = alltrue([for sid in ["DenyPutByOthers", "DenyRetentionByOthers"] :
      contains({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Condition.ArnNotLike["aws:PrincipalArn"], var.acknowledger_role_arns[0])
    ])
    error_message = "they put, and may lock what they put"
  }
}

run "they_write_nothing_else" {
  command = plan

  variables {
    other_prefixes = { "siem/" = 30 }
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAllElseToAcknowledgers"].Condition == { ArnLike = { "aws:PrincipalArn" = var.acknowledger_role_arns[0] } },
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAllElseToAcknowledgers"].NotResource) == toset([for prefix in ["acknowledged", "siem"] : "arn:aws:s3:::example-audit/${prefix}/*"]),
      toset(flatten([{ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAllElseToAcknowledgers"].Action])) == toset(["s3:PutObject", "s3:PutObjectRetention"]),
    ])
    error_message = "no finding, no attestation, no event; other tools' prefixes are their own affair"
  }

  assert {
    condition = alltrue([for sid in ["DenyUnstagingByOthers", "DenyAbortByOthers", "DenyDeletionByOthers"] :
      !strcontains(jsonencode({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid]), "AWSReservedSSO")
    ])
    error_message = "they take nothing away, not what they said either"
  }
}

run "by_default_nobody_acknowledges" {
  command = plan

  variables {
    acknowledger_role_arns = []
  }

  assert {
    condition     = !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyAcknowledgingByOthers"].Condition)
    error_message = "whatever IAM grants"
  }

  assert {
    condition     = !contains([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid], "DenyAllElseToAcknowledgers")
    error_message = "a statement about nobody is none"
  }
}

run "a_service_does_not_acknowledge" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]
  }

  expect_failures = [var.acknowledger_role_arns]
}

run "a_role_of_another_account_does_not" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::444455556666:role/operator"]
  }

  expect_failures = [var.acknowledger_role_arns]
}

run "nor_a_pattern_of_roles" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/*"]
  }

  expect_failures = [var.acknowledger_role_arns]
}

run "who_breaks_the_glass_does_not" {
  command = plan

  variables {
    acknowledger_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
    break_glass_role_arns  = ["arn:aws:iam::111122223333:role/break-glass"]
    alarm_topic_arn        = "arn:aws:sns:us-east-1:111122223333:alarms"
  }

  expect_failures = [var.break_glass_role_arns]
}
