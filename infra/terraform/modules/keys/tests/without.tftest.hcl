variables {
  archive_bucket_name = "audit-archive"
}

run "without_administrators_the_account_decides_and_still_cannot_use_a_key" {
  command = plan

  assert {
    condition = alltrue([
      for key in values(aws_kms_key.class) : alltrue([
        for s in jsondecode(key.policy).Statement : s.Principal.AWS == "arn:aws:iam::111122223333:root" && !can(s.Condition) && !contains(s.Action, "kms:Decrypt") && !contains(s.Action, "kms:CreateGrant")
        if s.Sid == "AdministratorsManage"
      ])
    ])
    error_message = "the account is not the administrator, or more than that"
  }

  assert {
    condition     = output.key_map["raw"].administrators == tolist(["arn:aws:iam::111122223333:root"])
    error_message = jsonencode(output.key_map["raw"])
  }
}

run "without_a_log_bucket_of_ours_there_is_no_key_for_it" {
  command = plan

  assert {
    condition     = !contains(keys(aws_kms_key.class), "trail") && length(aws_kms_key.class) == 11
    error_message = "a key for a log bucket that is not ours"
  }

  assert {
    condition     = !anytrue([for s in jsondecode(aws_kms_key.class["queue"].policy).Statement : contains(["s3.amazonaws.com", "cloudtrail.amazonaws.com"], try(s.Principal.Service, ""))])
    error_message = "buckets or trails of nobody may use the key of queues"
  }
}

run "without_trails_cloudtrail_is_not_let_in" {
  command = plan

  variables {
    log_bucket_name = "replica-of-logs"
    replicators     = { trail = ["arn:aws:iam::444455556666:role/replication"] }
  }

  assert {
    condition     = [for s in jsondecode(aws_kms_key.class["trail"].policy).Statement : s.Sid] == ["AdministratorsManage", "ReplicatorsEncryptByS3"]
    error_message = aws_kms_key.class["trail"].policy
  }
}

run "fewer_categories_are_fewer_keys" {
  command = plan

  variables {
    event_categories = ["management"]
  }

  assert {
    condition     = [for class in keys(aws_kms_key.class) : class if startswith(class, "events-")] == ["events-management"]
    error_message = join(" ", keys(aws_kms_key.class))
  }
}

run "an_identity_center_role_administers_whatever_its_ending_is" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_KeyAdmin_*"]
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s.Sid => s }.AdministratorsManage.Condition.ArnLike["aws:PrincipalArn"] == (
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_KeyAdmin_*"
    )
    error_message = aws_kms_key.class["raw"].policy
  }
}
