variables {
  mode                   = "direct"
  organization_id        = "o-exampleorg1"
  log_bucket_name        = "org-logs"
  log_bucket_account_id  = "444455556666"
  log_bucket_kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555"
  key_prefix             = "o-exampleorg1"
  queue_arn              = "arn:aws:sqs:us-east-1:111122223333:trailkeep"
}

run "direct_asks_for_a_notification_and_for_reading_and_nothing_else" {
  command = plan
  assert {
    condition     = keys(output.policies) == ["bucket", "key", "notification"]
    error_message = "The bucket's policy, the key's policy and the notification configuration get an entry each."
  }
  assert {
    condition = jsondecode(output.policies["notification"]) == {
      QueueConfigurations = [{
        Id     = "trailkeep-log-objects", QueueArn = "arn:aws:sqs:us-east-1:111122223333:trailkeep", Events = ["s3:ObjectCreated:*"]
        Filter = { Key = { FilterRules = [{ Name = "prefix", Value = "o-exampleorg1/AWSLogs/" }] } }
      }]
    }
    error_message = "All that CloudTrail writes is announced, digests included, and nothing of other services outside AWSLogs/."
  }
  assert {
    condition = [for s in jsondecode(output.policies["bucket"]).Statement : [toset(flatten([s.Action])), s.Resource]] == [
      [toset(["s3:GetObject", "s3:GetObjectVersion"]), "arn:aws:s3:::org-logs/o-exampleorg1/AWSLogs/*"], [toset(["s3:ListBucket"]), "arn:aws:s3:::org-logs"],
    ]
    error_message = "Get and list, below the trail's prefix."
  }
  assert {
    condition = alltrue([for s in jsondecode(output.policies["bucket"]).Statement : s.Principal == { AWS = "arn:aws:iam::111122223333:root" } && s.Condition == {
      ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" }, StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1" }
    }])
    error_message = "The collector's role alone, of the organization."
  }
  assert {
    condition = [for s in jsondecode(output.policies["key"]).Statement : [s.Action, s.Principal, s.Condition]] == [["kms:Decrypt", { AWS = "arn:aws:iam::111122223333:root" }, {
      ArnEquals    = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" }
      StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1", "kms:ViaService" = "s3.us-east-1.amazonaws.com" }
    }]]
    error_message = "The key decrypts for the collector's role, through S3."
  }
  assert {
    condition = jsonencode(output.sources) == jsonencode({
      buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555", replicates = null }]
      role    = null, region = null
    })
    error_message = "The collector reads the bucket itself."
  }
  assert {
    condition     = jsonencode(output.ingest) == jsonencode({ mode = "direct", source_bucket_arns = ["arn:aws:s3:::org-logs"], source_account_ids = ["444455556666"], source_region = "us-east-1", external_topic_arns = [] }) && output.announcing_account_ids == tolist(["444455556666"])
    error_message = "The queue takes this bucket of this account, and the key lets it."
  }
}

run "a_source_role_leaves_the_buckets_policy_alone" {
  command = plan
  variables {
    source_role = { external_id = "trailkeep-1" }
  }
  assert {
    condition     = keys(output.policies) == ["key", "notification", "source_role_permissions", "source_role_trust"]
    error_message = "No entry in the bucket's policy."
  }
  assert {
    condition = [for s in jsondecode(output.policies["source_role_trust"]).Statement : [s.Action, s.Principal, s.Condition]] == [["sts:AssumeRole", { AWS = "arn:aws:iam::111122223333:root" }, {
      ArnEquals    = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector" }
      StringEquals = { "aws:PrincipalOrgID" = "o-exampleorg1", "sts:ExternalId" = "trailkeep-1" }
    }]]
    error_message = "The collector's role assumes it, with the external id."
  }
  assert {
    condition = { for s in jsondecode(output.policies["source_role_permissions"]).Statement : s.Sid => [toset(flatten([s.Action])), s.Resource, s.Condition] } == {
      LogObjects     = [toset(["s3:GetObject", "s3:GetObjectVersion"]), "arn:aws:s3:::org-logs/o-exampleorg1/AWSLogs/*", { StringEquals = { "s3:ResourceAccount" = "444455556666" } }]
      LogBucket      = [toset(["s3:ListBucket"]), "arn:aws:s3:::org-logs", { StringEquals = { "s3:ResourceAccount" = "444455556666" } }]
      ReadWithLogKey = [toset(["kms:Decrypt"]), "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555", { StringEquals = { "kms:ViaService" = "s3.us-east-1.amazonaws.com" } }]
    }
    error_message = "It reads, lists and decrypts."
  }
  assert {
    condition     = [for s in jsondecode(output.policies["key"]).Statement : [s.Principal.AWS, s.Condition.ArnEquals]] == [["arn:aws:iam::444455556666:root", { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-source" }]]
    error_message = "The key decrypts for that role."
  }
  assert {
    condition     = output.sources.role == { arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-source", external_id = "trailkeep-1" } && output.role_arns.source == output.sources.role.arn
    error_message = "The collector is told the role."
  }
}

run "a_topic_of_theirs_lets_our_queue_and_no_other_endpoint_subscribe" {
  command = plan
  variables {
    mode              = "sns"
    topic_arn         = "arn:aws:sns:eu-west-1:999999999999:aws-controltower-logs"
    log_bucket_region = "eu-west-1"

    log_bucket_kms_key_arn = null
  }
  assert {
    condition     = keys(output.policies) == ["bucket", "topic"]
    error_message = "No key, no entry in a key's policy."
  }
  assert {
    condition = [for s in jsondecode(output.policies["topic"]).Statement : [s.Action, s.Resource, s.Principal, s.Condition]] == [[
      "sns:Subscribe", "arn:aws:sns:eu-west-1:999999999999:aws-controltower-logs", { AWS = "arn:aws:iam::111122223333:root" },
      { StringEquals = { "sns:Protocol" = "sqs", "sns:Endpoint" = "arn:aws:sqs:us-east-1:111122223333:trailkeep" } }
    ]]
    error_message = "Our account may subscribe our queue."
  }
  assert {
    condition     = output.ingest.mode == "external" && output.ingest.external_topic_arns == tolist(["arn:aws:sns:eu-west-1:999999999999:aws-controltower-logs"]) && length(output.ingest.source_bucket_arns) == 0 && output.announcing_account_ids == tolist(["999999999999"])
    error_message = "The queue is subscribed to it, and the key lets that account's topics send."
  }
  assert {
    condition     = output.sources.region == "eu-west-1" && output.sources.buckets[0].kms_key_arn == null
    error_message = "The collector reads in the bucket's Region."
  }
}

run "a_rule_forwards_events_to_our_bus_with_a_role_that_can_do_nothing_else" {
  command = plan
  variables {
    mode              = "eventbridge"
    log_bucket_region = "eu-west-1"
    event_bus_arn     = "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects"

    log_bucket_kms_key_arn = null
  }
  assert {
    condition     = keys(output.policies) == ["bucket", "event_role_permissions", "event_role_trust", "event_rule", "event_target", "notification"]
    error_message = "A rule, its target and its role; EventBridge turned on; and reading."
  }
  assert {
    condition = jsondecode(jsondecode(output.policies["event_rule"]).EventPattern) == {
      source = ["aws.s3"], "detail-type" = ["Object Created"], detail = { bucket = { name = ["org-logs"] }, object = { key = [{ prefix = "o-exampleorg1/AWSLogs/" }] } }
    }
    error_message = "Objects created by CloudTrail in this bucket."
  }
  assert {
    condition = jsondecode(output.policies["event_target"]) == {
      Rule = "trailkeep-log-objects", Targets = [{ Id = "trailkeep", Arn = "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects", RoleArn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-forward" }]
    }
    error_message = "The target is our bus, by the role."
  }
  assert {
    condition = [for s in jsondecode(output.policies["event_role_trust"]).Statement : [s.Principal, s.Condition]] == [[{ Service = "events.amazonaws.com" }, {
      ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:444455556666:rule/trailkeep-log-objects" }, StringEquals = { "aws:SourceAccount" = "444455556666" }
    }]]
    error_message = "Only for this rule does EventBridge assume the role."
  }
  assert {
    condition     = [for s in jsondecode(output.policies["event_role_permissions"]).Statement : [s.Action, s.Resource]] == [["events:PutEvents", "arn:aws:events:us-east-1:111122223333:event-bus/trailkeep-log-objects"]]
    error_message = "It puts on our bus."
  }
  assert {
    condition     = jsondecode(output.policies["notification"]) == { EventBridgeConfiguration = {} }
    error_message = "The bucket tells EventBridge."
  }
  assert {
    condition     = output.ingest.mode == "eventbridge" && output.ingest.source_account_ids == ["444455556666"] && output.ingest.source_region == "eu-west-1" && output.role_arns.forward == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-forward"
    error_message = "The rule on our bus compares account and Region."
  }
}

run "events_of_our_own_account_need_neither_bus_nor_role_nor_bucket_policy" {
  command = plan
  variables {
    mode                   = "eventbridge"
    log_bucket_account_id  = "111122223333"
    log_bucket_kms_key_arn = null
  }
  assert {
    condition     = keys(output.policies) == ["notification"]
    error_message = "EventBridge turned on is all."
  }
}

run "a_replica_needs_nothing_of_the_log_buckets_policy" {
  command = plan
  variables {
    mode              = "replicated"
    log_bucket_region = "us-east-1"
    replica           = { bucket_name = "org-logs-replica", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
  }
  assert {
    condition     = keys(output.policies) == ["key", "replication_configuration", "replication_role_permissions", "replication_role_trust"]
    error_message = "A role, the replication configuration, and decrypting with the log bucket's key."
  }
  assert {
    condition = jsondecode(output.policies["replication_configuration"]) == {
      Role = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication"
      Rules = [{
        ID                      = "trailkeep-log-objects", Priority = 1, Status = "Enabled"
        Filter                  = { Prefix = "o-exampleorg1/AWSLogs/" }
        DeleteMarkerReplication = { Status = "Disabled" }
        SourceSelectionCriteria = { SseKmsEncryptedObjects = { Status = "Enabled" } }
        Destination = {
          Bucket                   = "arn:aws:s3:::org-logs-replica", Account = "111122223333"
          AccessControlTranslation = { Owner = "Destination" }
          EncryptionConfiguration  = { ReplicaKmsKeyID = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555" }
          Metrics                  = { Status = "Enabled" }
        }
      }]
    }
    error_message = "Encrypted objects too, with our key; deletions not; failures are counted."
  }
  assert {
    condition = { for s in jsondecode(output.policies["replication_role_permissions"]).Statement : s.Sid => [toset(flatten([s.Action])), s.Resource] } == {
      ReadOrigin          = [toset(["s3:GetReplicationConfiguration", "s3:ListBucket"]), "arn:aws:s3:::org-logs"]
      ReadOriginObjects   = [toset(["s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]), "arn:aws:s3:::org-logs/o-exampleorg1/AWSLogs/*"]
      WriteReplica        = [toset(["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags"]), "arn:aws:s3:::org-logs-replica/o-exampleorg1/AWSLogs/*"]
      ReadWithOriginKey   = [toset(["kms:Decrypt"]), "arn:aws:kms:us-east-1:999999999999:key/11111111-2222-3333-4444-555555555555"]
      WriteWithReplicaKey = [toset(["kms:Encrypt", "kms:GenerateDataKey"]), "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555"]
    }
    error_message = "It reads the origin and writes the replica, with GenerateDataKey on the replica's key."
  }
  assert {
    condition = [for s in jsondecode(output.policies["replication_role_trust"]).Statement : [s.Principal, s.Condition]] == [[{ Service = "s3.amazonaws.com" }, {
      ArnEqualsIfExists = { "aws:SourceArn" = "arn:aws:s3:::org-logs" }, StringEqualsIfExists = { "aws:SourceAccount" = "444455556666" }
    }]]
    error_message = "S3 assumes it, for this bucket where it says so."
  }
  assert {
    condition     = [for s in jsondecode(output.policies["key"]).Statement : s.Condition.ArnEquals] == [{ "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication" }]
    error_message = "The log bucket's key decrypts for the replication role."
  }
  assert {
    condition = jsonencode(output.sources) == jsonencode({
      buckets = [{ name = "org-logs-replica", account_id = "111122223333", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/99999999-2222-3333-4444-555555555555", replicates = "org-logs" }]
      role    = null, region = null
    })
    error_message = "The collector reads the replica, under the log bucket's name."
  }
  assert {
    condition     = output.ingest.source_bucket_arns == tolist(["arn:aws:s3:::org-logs-replica"]) && output.ingest.source_account_ids == ["111122223333"] && output.replication_role_arn == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-replication"
    error_message = "The replica announces, and log-bucket lets the role write."
  }
  assert {
    condition     = output.owned_bucket_names == tolist(["org-logs-replica"])
    error_message = "Notifications of the replica are ours, the log bucket's are not."
  }
}

run "a_replica_in_the_same_account_needs_no_change_of_owner" {
  command = plan

  variables {
    mode                   = "replicated"
    topic_arn              = null
    event_bus_arn          = null
    source_role            = null
    log_bucket_account_id  = "111122223333"
    log_bucket_region      = "eu-west-1"
    log_bucket_kms_key_arn = null
    replica                = { bucket_name = "our-replica", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  }

  assert {
    condition     = !can(jsondecode(output.policies["replication_configuration"]).Rules[0].Destination.AccessControlTranslation) && jsondecode(output.policies["replication_configuration"]).Rules[0].Destination.Account == "111122223333"
    error_message = "S3 refuses a change of owner within an account"
  }
}
