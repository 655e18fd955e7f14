variables {
  administrator_role_arns = ["arn:aws:iam::111122223333:role/security/key-admin"]
  archive_bucket_name     = "audit-archive"
  log_bucket_name         = "org-logs"
  results_bucket_name     = "audit-results"
  trail_arns              = ["arn:aws:cloudtrail:us-east-1:999999999999:trail/org"]
  source_account_ids      = ["444455556666"]
  organization_id         = "o-exampleorg1"
  users = {
    raw               = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-*"]
    events-management = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
    queue             = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
    table             = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
    trail             = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
    results           = ["arn:aws:iam::111122223333:role/analyst"]
    attest            = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-attestor"]
  }
  readers = {
    events-management = ["arn:aws:iam::444455556666:role/siem", "arn:aws:iam::555566667777:root"]
    attest            = ["arn:aws:iam::444455556666:role/siem"]
  }
  replicators = {
    raw = ["arn:aws:iam::444455556666:role/replication"]
  }
}

run "every_class_has_a_key_of_its_own_that_rotates_and_can_be_brought_back" {
  command = plan

  assert {
    condition     = join(" ", keys(aws_kms_key.class)) == "attest events-aggregated events-data events-insight events-management events-network logs queue raw results table trail"
    error_message = "classes: ${join(" ", keys(aws_kms_key.class))}"
  }

  assert {
    condition     = alltrue([for class, key in aws_kms_key.class : key.enable_key_rotation && key.rotation_period_in_days == 365 && key.customer_master_key_spec == "SYMMETRIC_DEFAULT" if class != "attest"])
    error_message = "a key that encrypts does not rotate"
  }

  assert {
    condition     = alltrue([for key in values(aws_kms_key.class) : key.deletion_window_in_days == 30 && !key.multi_region && !key.bypass_policy_lockout_safety_check])
    error_message = "a key is deleted too soon, is of several Regions, or skips the safety check"
  }

  assert {
    condition     = aws_kms_alias.class["events-data"].name == "alias/trailkeep-events-data"
    error_message = aws_kms_alias.class["events-data"].name
  }
}

run "the_key_of_attestations_signs_and_encrypts_nothing" {
  command = plan

  assert {
    condition     = aws_kms_key.class["attest"].key_usage == "SIGN_VERIFY" && aws_kms_key.class["attest"].customer_master_key_spec == "ECC_NIST_P256" && !aws_kms_key.class["attest"].enable_key_rotation
    error_message = "attest is no signing key, or rotates, which KMS refuses"
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["attest"].policy).Statement : s.Sid => s }.UsersSign == {
      Sid       = "UsersSign", Effect = "Allow", Action = ["kms:Verify", "kms:Sign"], Resource = "*"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Condition = {
        ArnLike      = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-attestor" }
        StringEquals = { "kms:MessageType" = "RAW", "kms:SigningAlgorithm" = "ECDSA_SHA_256" }
      }
    }
    error_message = aws_kms_key.class["attest"].policy
  }

  assert {
    condition     = !anytrue([for s in jsondecode(aws_kms_key.class["attest"].policy).Statement : contains(flatten([s.Action]), "kms:Sign") if startswith(s.Sid, "Readers")])
    error_message = "readers may sign"
  }

  assert {
    condition     = output.key_map["attest"].encrypts == "nothing: it signs attestations"
    error_message = "the map of keys says something else of attest"
  }
}

run "a_short_name_is_a_name_and_a_pattern_has_three_letters" {
  command = plan

  variables {
    users = { raw = ["arn:aws:iam::111122223333:role/op", "arn:aws:iam::111122223333:role/o", "arn:aws:iam::111122223333:role/ops*"] }
  }

  assert {
    condition     = output.key_map["raw"].users == tolist(var.users.raw)
    error_message = jsonencode(output.key_map["raw"].users)
  }
}

run "another_kind_of_signing_key_signs_by_its_own_algorithm" {
  command = plan

  variables {
    attest_key_spec = "RSA_3072"
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["attest"].policy).Statement : s.Sid => s }.UsersSign.Condition.StringEquals["kms:SigningAlgorithm"] == "RSASSA_PKCS1_V1_5_SHA_256"
    error_message = aws_kms_key.class["attest"].policy
  }
}

run "who_manages_a_key_cannot_use_it" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for key in values(aws_kms_key.class) : [
        for s in jsondecode(key.policy).Statement : [
          for action in flatten([s.Action]) : !anytrue([for use in ["Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "CreateGrant", "Sign", "*"] : startswith(action, "kms:${use}")])
        ] if s.Sid == "AdministratorsManage"
      ]
    ]))
    error_message = "administrators may use a key"
  }

  assert {
    condition = alltrue([
      for key in values(aws_kms_key.class) :
      { for s in jsondecode(key.policy).Statement : s.Sid => s }.AdministratorsManage.Condition == { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/security/key-admin" } }
    ])
    error_message = "somebody else than the administrators may manage a key"
  }

  assert {
    condition     = alltrue([for key in values(aws_kms_key.class) : contains({ for s in jsondecode(key.policy).Statement : s.Sid => s }.AdministratorsManage.Action, "kms:PutKeyPolicy")])
    error_message = "a policy could not be changed any more"
  }

  assert {
    condition = alltrue(flatten([
      for key in values(aws_kms_key.class) : [
        for s in jsondecode(key.policy).Statement : [for action in flatten([s.Action]) : !anytrue([for manage in ["Put", "Schedule", "Disable", "Delete", "Update"] : startswith(action, "kms:${manage}")])]
        if s.Sid != "AdministratorsManage"
      ]
    ]))
    error_message = "somebody who is no administrator may manage a key"
  }
}

run "nobody_is_everybody_and_everyone_but_administrators_has_conditions" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for key in values(aws_kms_key.class) : [
        for s in jsondecode(key.policy).Statement : s.Effect == "Allow" && s.Principal != "*" && try(s.Principal.AWS, "") != "*" && !contains(flatten([s.Action]), "kms:*") && (can(s.Condition) || s.Action == "kms:GetPublicKey")
      ]
    ]))
    error_message = "a statement is open"
  }

  assert {
    condition = alltrue(flatten([
      for class, key in aws_kms_key.class : [
        for s in jsondecode(key.policy).Statement : can(s.Condition.StringEquals["kms:ViaService"])
        if can(s.Principal.AWS) && s.Sid != "AdministratorsManage" && class != "attest"
      ]
    ]))
    error_message = "somebody may use a key without its service"
  }

  assert {
    condition = alltrue(flatten([
      for class, key in aws_kms_key.class : [
        for s in jsondecode(key.policy).Statement :
        anytrue(flatten([for test in values(s.Condition) : [for variable in keys(test) : variable == "aws:SourceArn" || startswith(variable, "kms:EncryptionContext:")]]))
        if can(s.Principal.Service)
      ]
    ]))
    error_message = "a service may be sent to a key by a stranger"
  }
}

run "a_key_of_the_archive_is_pinned_to_the_bucket_and_to_s3" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s.Sid => s }.UsersByS3 == {
      Sid       = "UsersByS3", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "*"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Condition = {
        ArnLike      = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-*" }
        StringEquals = { "kms:ViaService" = "s3.us-east-1.amazonaws.com" }
        StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::audit-archive", "arn:aws:s3:::audit-archive/*"] }
      }
    }
    error_message = aws_kms_key.class["raw"].policy
  }

  assert {
    condition     = length([for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s if can(s.Principal.Service)]) == 0
    error_message = "no service of its own accord: the inventory lies in the access log bucket, with S3's own key"
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["results"].policy).Statement : s.Sid => s }.UsersByS3.Condition.StringLike["kms:EncryptionContext:aws:s3:arn"][0] == "arn:aws:s3:::audit-results"
    error_message = "results is not pinned to its bucket"
  }

  assert {
    condition     = length([for s in jsondecode(aws_kms_key.class["events-data"].policy).Statement : s]) == 1
    error_message = "a class without users has more than administrators"
  }
}

run "readers_decrypt_and_nothing_else_and_are_of_the_organization" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["events-management"].policy).Statement : s.Sid => s }.ReadersDecryptByS3 == {
      Sid       = "ReadersDecryptByS3", Effect = "Allow", Action = "kms:Decrypt", Resource = "*"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Condition = {
        ArnLike      = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/siem" }
        StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1", "kms:ViaService" = "s3.us-east-1.amazonaws.com" }
        StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::audit-archive", "arn:aws:s3:::audit-archive/*"] }
      }
    }
    error_message = aws_kms_key.class["events-management"].policy
  }

  assert {
    condition = alltrue([
      for s in [{ for s in jsondecode(aws_kms_key.class["events-management"].policy).Statement : s.Sid => s }.ReaderAccountsDecryptByS3] :
      s.Action == "kms:Decrypt" && s.Principal.AWS == "arn:aws:iam::555566667777:root" && s.Condition.StringEquals["aws:PrincipalOrgID"] == "o-exampleorg1" && !can(s.Condition.ArnLike)
    ])
    error_message = "an account that reads is not let in as a whole, or may do more"
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s.Sid => s }.ReplicatorsEncryptByS3.Action == [
      "kms:GenerateDataKey", "kms:Encrypt"
    ]
    error_message = "who replicates into the archive may decrypt, or not encrypt"
  }
}

run "only_our_trails_encrypt_with_the_key_of_the_log_bucket" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["trail"].policy).Statement : s.Sid => s }.TrailsEncrypt == {
      Sid       = "TrailsEncrypt", Effect = "Allow", Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org" }
        StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:999999999999:trail/*" }
      }
    }
    error_message = aws_kms_key.class["trail"].policy
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["trail"].policy).Statement : s.Sid => s }.TrailsEncryptByBucketKey.Condition == {
      StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org", "kms:EncryptionContext:aws:s3:arn" = "arn:aws:s3:::org-logs" }
    }
    error_message = aws_kms_key.class["trail"].policy
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["trail"].policy).Statement : s.Sid => s }.TrailsDescribe.Condition == { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org" } }
    error_message = "a stranger's trail may look at the key"
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["trail"].policy).Statement : s.Sid => s }.UsersDecryptByS3.Action == "kms:Decrypt"
    error_message = "the collector may write to the log bucket"
  }
}

run "services_use_the_key_of_queues_for_what_is_ours_only" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["queue"].policy).Statement : s.Sid => s.Condition if can(s.Principal.Service) } == {
      LogBucketAnnounces     = { StringEquals = { "aws:SourceAccount" = "111122223333" }, ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::org-logs" } }
      SourcesBucketsAnnounce = { StringEquals = { "aws:SourceAccount" = "444455556666" }, ArnLike = { "aws:SourceArn" = "arn:aws:s3:::*" } }
      TopicsDeliverToQueues = { ArnLike = { "aws:SourceArn" = [
        "arn:aws:sns:us-east-1:111122223333:trailkeep", "arn:aws:sns:us-east-1:111122223333:trailkeep-*", "arn:aws:sns:*:444455556666:*"
      ] } }
      RulesSendToQueues = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnLike      = { "aws:SourceArn" = ["arn:aws:events:us-east-1:111122223333:rule/trailkeep-*", "arn:aws:events:us-east-1:111122223333:rule/*/trailkeep-*"] }
      }
      RulesPublishToTopics = { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = ["arn:aws:sns:us-east-1:111122223333:trailkeep", "arn:aws:sns:us-east-1:111122223333:trailkeep-*"] } }
      AlarmsPublish        = { StringEquals = { "aws:SourceAccount" = "111122223333" }, ArnLike = { "aws:SourceArn" = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:trailkeep-*" } }
      TrailsAnnounce = {
        StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org" }
        ArnLike      = { "kms:EncryptionContext:aws:sns:topicArn" = ["arn:aws:sns:us-east-1:111122223333:trailkeep", "arn:aws:sns:us-east-1:111122223333:trailkeep-*"] }
      }
    }
    error_message = aws_kms_key.class["queue"].policy
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["queue"].policy).Statement : s.Sid => s }.UsersBySqs.Condition.ArnLike["kms:EncryptionContext:aws:sqs:arn"][1] == "arn:aws:sqs:us-east-1:111122223333:trailkeep-*"
    error_message = "users may use the key of queues for other queues"
  }
}

run "the_ledger_is_made_by_administrators_and_read_by_users_by_way_of_dynamodb" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["table"].policy).Statement : s.Sid => s }.AdministratorsLetDynamoDbUseIt.Condition == {
      ArnLike      = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/security/key-admin" }
      StringEquals = { "kms:ViaService" = "dynamodb.us-east-1.amazonaws.com" }
      Bool         = { "kms:GrantIsForAWSResource" = "true" }
    }
    error_message = aws_kms_key.class["table"].policy
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.class["table"].policy).Statement : s.Sid => s }.UsersDecryptByDynamoDb.Condition.StringLike == {
      "kms:EncryptionContext:aws:dynamodb:tableName" = ["trailkeep", "trailkeep-*"]
    }
    error_message = "users may use the key for other tables"
  }
}

run "log_groups_of_ours_use_the_key_of_logs" {
  command = plan

  assert {
    condition = alltrue([
      for s in [{ for s in jsondecode(aws_kms_key.class["logs"].policy).Statement : s.Sid => s }.LogGroups] :
      s.Principal.Service == "logs.us-east-1.amazonaws.com" && s.Condition == {
        ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:us-east-1:111122223333:log-group:/trailkeep/*" }
      }
    ])
    error_message = aws_kms_key.class["logs"].policy
  }
}

run "the_map_says_what_a_key_encrypts_and_who_may_decrypt" {
  command = plan

  assert {
    condition = output.key_map["events-management"].users == tolist(["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]) && length(output.key_map["events-management"].readers) == 2 && (
      output.key_map["queue"].services == tolist(["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com", "cloudwatch.amazonaws.com", "cloudtrail.amazonaws.com"])
    )
    error_message = jsonencode(output.key_map)
  }

  assert {
    condition     = keys(output.key_map) == keys(output.key_ids) && !contains(keys(output.key_arns), "attest") && length(output.key_arns) == 11
    error_message = "outputs differ in their classes"
  }
}
