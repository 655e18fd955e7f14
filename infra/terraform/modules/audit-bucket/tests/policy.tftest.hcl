variables {
  bucket_name           = "example-audit"
  object_lock_mode      = "governance"
  object_lock_days      = 30
  default_kms_key_arn   = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  allowed_kms_key_arns  = ["arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000b"]
  writer_role_arns      = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
  break_glass_role_arns = ["arn:aws:iam::111122223333:role/break-glass"]
  legal_hold_role_arns  = ["arn:aws:iam::111122223333:role/legal"]
  alarm_topic_arn       = "arn:aws:sns:us-east-1:111122223333:trailkeep-alarms"
}

run "without_readers_the_policy_allows_nobody_anything" {
  command = plan

  assert {
    condition     = alltrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Effect == "Deny" && s.Principal == "*"])
    error_message = "who may do something is told by IAM; this policy tells what nobody may"
  }
}

run "it_wants_tls_1_2" {
  command = plan

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPlainHttp"].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "plain HTTP"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOldTls"].Condition == { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    error_message = "TLS below 1.2"
  }

  assert {
    condition = alltrue([for sid in ["DenyPlainHttp", "DenyOldTls"] : alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Action == "s3:*",
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Resource) == toset(["arn:aws:s3:::example-audit", "arn:aws:s3:::example-audit/*"]),
    ])])
    error_message = "for the bucket and all that is in it"
  }
}

run "only_wrong_encryption_headers_are_refused_so_that_parts_pass" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOtherEncryption"].Condition == {
      Null            = { "s3:x-amz-server-side-encryption" = "false" }
      StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
    }
    error_message = "a request without the header must pass"
  }

  assert {
    condition = alltrue([
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOtherKeys"].Condition.StringNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"]) == toset(concat([var.default_kms_key_arn], var.allowed_kms_key_arns)),
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOtherKeys"].Condition.Null == { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" },
    ])
    error_message = "the default key and the allowed ones, and no other"
  }

  assert {
    condition = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyManagedKey"].Condition == {
      StringEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
      Null         = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "true" }
    }
    error_message = "aws:kms without a key is aws/s3"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyCustomerProvidedKeys"].Condition == { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
    error_message = "SSE-C"
  }
}

run "a_denial_by_a_negated_header_asks_whether_the_header_is_there" {
  command = plan

  assert {
    condition = alltrue(flatten([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [
      for key in keys(try(s.Condition.StringNotEquals, {})) : try(s.Condition.Null[key] == "false", false)
    ]]))
    error_message = "StringNotEquals is true of a missing header: parts of uploads would be denied"
  }

  assert {
    condition     = !strcontains(aws_s3_bucket_policy.this.policy, "NotEqualsIfExists")
    error_message = "IfExists is true of a missing header too"
  }
}

run "every_statement_about_locked_prefixes_is_about_all_of_them" {
  command = plan

  assert {
    condition = alltrue([for sid in ["DenyPutWithoutLock", "DenyOtherLockMode", "DenyLongerLock", "DenyOverwrite", "DenyRetentionByOthers"] :
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Resource) == toset([for prefix in concat(["raw", "digests", "sources", "attest", "findings", "keys", "outcomes"], sid == "DenyPutWithoutLock" ? [] : ["accounts", "acknowledged"]) : "arn:aws:s3:::example-audit/${prefix}/*"])
    ])
    error_message = "all that is locked, and accounts/ and acknowledged/, which may be"
  }

  assert {
    condition     = output.locked_prefixes == ["raw/", "digests/", "sources/", "attest/", "findings/", "keys/", "outcomes/"]
    error_message = "the output says the same"
  }
}

run "first_only_writers_put" {
  command = plan

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPutByOthers"].Condition == { ArnNotLike = { "aws:PrincipalArn" = var.writer_role_arns[0] } }
    error_message = "no other principal puts"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPutByOthers"].Resource == "arn:aws:s3:::example-audit/*"
    error_message = "forged events and manifests mislead as much as forged originals"
  }
}

run "other_tools_put_below_their_own_prefixes" {
  command = plan

  variables {
    other_prefixes = { "tools/" = 400 }
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPutByOthers"].NotResource == "arn:aws:s3:::example-audit/tools/*"
    error_message = "there and nowhere else"
  }

  assert {
    condition     = !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPutByOthers"].Resource)
    error_message = "a statement has either"
  }
}

run "what_is_staged_and_not_published_is_taken_away_by_writers_and_break_glass_only" {
  command = plan

  assert {
    condition = alltrue([for sid in ["DenyUnstagingByOthers", "DenyAbortByOthers"] :
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Condition.ArnNotLike["aws:PrincipalArn"]) == toset(concat(var.writer_role_arns, var.break_glass_role_arns))
    ])
    error_message = "a committed Batch whose uploads are ended is lost: its notifications are gone"
  }

  assert {
    condition     = toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyUnstagingByOthers"].Resource) == toset(["arn:aws:s3:::example-audit/staging/*", "arn:aws:s3:::example-audit/lease/*"])
    error_message = "staging/ and lease/"
  }
}

run "second_nobody_begins_an_object_there_with_a_key_and_no_lock" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyPutWithoutLock"].Condition == {
      Null = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false", "s3:object-lock-mode" = "true" }
    }
    error_message = "parts, which name neither, must pass"
  }
}

run "third_nobody_locks_in_another_mode_or_for_longer" {
  command = plan

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOtherLockMode"].Condition == { Null = { "s3:object-lock-mode" = "false" }, StringNotEquals = { "s3:object-lock-mode" = "GOVERNANCE" } }
    error_message = "the other mode"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyLongerLock"].Condition == { NumericGreaterThan = { "s3:object-lock-remaining-retention-days" = "31" } }
    error_message = "a day more than object_lock_days"
  }

  assert {
    condition = alltrue([for sid in ["DenyOtherLockMode", "DenyLongerLock"] :
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Action) == toset(["s3:PutObject", "s3:PutObjectRetention"])
    ])
    error_message = "with the put, and after it"
  }
}

run "the_mode_and_the_cap_follow_the_inputs" {
  command = plan

  variables {
    object_lock_mode     = "compliance"
    max_object_lock_days = 400
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOtherLockMode"].Condition.StringNotEquals["s3:object-lock-mode"] == "COMPLIANCE"
    error_message = "mode"
  }

  assert {
    condition     = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyLongerLock"].Condition.NumericGreaterThan["s3:object-lock-remaining-retention-days"] == "400"
    error_message = "cap"
  }
}

run "fourth_nothing_that_stands_is_written_over" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyOverwrite"].Condition == {
      Bool = { "s3:ObjectCreationOperation" = "true" }
      Null = { "s3:if-none-match" = "true" }
    }
    error_message = "only what creates an object has to send If-None-Match"
  }
}

run "locks_are_set_below_locked_prefixes_and_nowhere_else" {
  command = plan

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyRetentionElsewhere"].Action == "s3:PutObjectRetention",
      !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyRetentionElsewhere"].Condition),
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyRetentionElsewhere"].NotResource) == toset([for prefix in ["raw", "digests", "sources", "accounts", "acknowledged", "attest", "findings", "keys", "outcomes"] : "arn:aws:s3:::example-audit/${prefix}/*"]),
    ])
    error_message = "elsewhere nobody"
  }

  assert {
    condition     = toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyRetentionByOthers"].Condition.ArnNotLike["aws:PrincipalArn"]) == toset(concat(var.writer_role_arns, var.break_glass_role_arns))
    error_message = "there, writers and break-glass"
  }

  assert {
    condition     = toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyLegalHoldByOthers"].Condition.ArnNotLike["aws:PrincipalArn"]) == toset(concat(var.legal_hold_role_arns, var.break_glass_role_arns))
    error_message = "legal hold"
  }
}

run "only_break_glass_bypasses_and_deletes" {
  command = plan

  assert {
    condition = alltrue([for sid in ["DenyBypassByOthers", "DenyDeletionByOthers"] :
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Condition == { ArnNotLike = { "aws:PrincipalArn" = var.break_glass_role_arns[0] } }
    ])
    error_message = "who may"
  }

  assert {
    condition = alltrue([
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyDeletionByOthers"].Action) == toset(["s3:DeleteObject", "s3:DeleteObjectVersion"]),
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyDeletionByOthers"].NotResource) == toset(["arn:aws:s3:::example-audit/staging/*", "arn:aws:s3:::example-audit/lease/*"]),
    ])
    error_message = "services delete below staging/ and lease/ only"
  }
}

run "without_break_glass_roles_nobody_bypasses_or_deletes" {
  command = plan

  variables {
    break_glass_role_arns = []
    legal_hold_role_arns  = []
  }

  assert {
    condition = alltrue([for sid in ["DenyBypassByOthers", "DenyDeletionByOthers", "DenyLegalHoldByOthers"] :
      !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }[sid].Condition)
    ])
    error_message = "no exception, no condition"
  }
}

run "nothing_is_replicated_into_the_archive" {
  command = plan

  assert {
    condition     = !can({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyReplicationIntoIt"].Condition)
    error_message = "replicas would pass by the conditions on puts"
  }
}

run "configuration_is_left_to_iam_unless_administrators_are_named" {
  command = plan

  assert {
    condition     = !anytrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid == "DenyConfigurationByOthers"])
    error_message = "by default the deployer is not locked out"
  }
}

run "named_administrators_alone_change_the_configuration" {
  command = plan

  variables {
    administrator_role_arns = ["arn:aws:iam::111122223333:role/deployer"]
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyConfigurationByOthers"].Condition == { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/deployer" } },
      contains({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyConfigurationByOthers"].Action, "s3:PutBucketPolicy"),
      contains({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["DenyConfigurationByOthers"].Action, "s3:PutLifecycleConfiguration"),
    ])
    error_message = "administrators"
  }
}

run "readers_of_other_accounts_read_and_list_below_their_prefixes" {
  command = plan

  variables {
    readers = [{ principal_arns = ["arn:aws:iam::444455556666:role/siem"], prefixes = ["events/category=management/", "archive.json"] }]
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Read0"].Action == "s3:GetObject",
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Read0"].Principal == { AWS = "arn:aws:iam::444455556666:root" },
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Read0"].Condition == { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/siem" } },
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Read0"].Resource) == toset(["arn:aws:s3:::example-audit/events/category=management/*", "arn:aws:s3:::example-audit/archive.json"]),
    ])
    error_message = "read"
  }

  assert {
    condition = alltrue([
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["List0"].Action == "s3:ListBucket",
      { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["List0"].Resource == "arn:aws:s3:::example-audit",
      toset({ for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["List0"].Condition.StringLike["s3:prefix"]) == toset(["events/category=management/*", "archive.json*"]),
    ])
    error_message = "list"
  }
}

run "the_policy_fits_with_many_readers" {
  command = plan

  variables {
    readers = [for n in range(15) : { principal_arns = ["arn:aws:iam::44445555666${n % 10}:role/team-${n}"], prefixes = ["events/category=management/", "events/category=data/"] }]
  }

  assert {
    condition     = length(aws_s3_bucket_policy.this.policy) < 20480
    error_message = "${length(aws_s3_bucket_policy.this.policy)} bytes"
  }
}

run "too_many_readers_are_refused" {
  command = plan

  variables {
    readers = [for n in range(60) : { principal_arns = ["arn:aws:iam::44445555666${n % 10}:role/team-${n}"], prefixes = ["events/category=management/"] }]
  }

  expect_failures = [aws_s3_bucket_policy.this]
}
