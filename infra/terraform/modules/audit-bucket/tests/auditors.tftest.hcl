variables {
  bucket_name            = "example-audit"
  object_lock_mode       = "governance"
  object_lock_days       = 30
  inventory              = null
  access_log_bucket_name = null
  default_kms_key_arn    = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns       = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  auditor_role_arns      = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]
}

run "the_auditor_alone_writes_what_is_said_of_the_archive" {
  command = plan

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyProofsByOthers"].Condition.ArnNotLike["aws:PrincipalArn"] == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"
    error_message = "who lands does not vouch"
  }

  assert {
    condition     = toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyProofsByOthers"].Resource) == toset([for prefix in ["accounts", "attest", "findings", "keys", "outcomes"] : "arn:aws:s3:::example-audit/${prefix}/*"])
    error_message = "below its five prefixes"
  }
}

run "the_auditor_writes_nothing_else" {
  command = plan

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyLandingByAuditors"].Condition == { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor" } },
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyLandingByAuditors"].NotResource) == toset([for prefix in ["accounts", "attest", "findings", "keys", "outcomes"] : "arn:aws:s3:::example-audit/${prefix}/*"]),
    ])
    error_message = "no events, no originals, nothing staged"
  }

  assert {
    condition = alltrue([for sid in ["DenyUnstagingByOthers", "DenyAbortByOthers"] :
      !strcontains(jsonencode({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid]), "auditor")
    ])
    error_message = "it ends no Batch that others have staged"
  }
}

run "without_an_auditor_nobody_writes_there" {
  command = plan

  variables {
    auditor_role_arns = []
  }

  assert {
    condition     = !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyProofsByOthers"].Condition)
    error_message = "the collector least of all"
  }

  assert {
    condition     = !contains([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid], "DenyLandingByAuditors")
    error_message = "a statement about nobody is none"
  }
}

run "who_lands_is_no_auditor" {
  command = plan

  variables {
    auditor_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  }

  expect_failures = [var.auditor_role_arns]
}

run "an_auditor_of_another_account_assumes_a_role_of_this_one" {
  command = plan

  variables {
    auditor_role_arns = ["arn:aws:iam::444455556666:role/trailkeep/trailkeep-auditor"]
  }

  expect_failures = [var.auditor_role_arns]
}

run "who_breaks_the_glass_is_no_auditor" {
  command = plan

  variables {
    break_glass_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"]
    alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:alarms"
  }

  expect_failures = [var.break_glass_role_arns]
}
