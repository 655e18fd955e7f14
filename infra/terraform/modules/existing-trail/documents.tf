# Configurations, in the form that `aws … --cli-input-json` and `aws s3api put-bucket-…` take.

locals {
  # To be added to the owner's, whose other entries must stay: a bucket has one notification configuration, and a put replaces it.
  notifications = {
    direct = jsonencode({
      QueueConfigurations = [{
        Id       = "${var.name}-log-objects"
        QueueArn = var.queue_arn
        Events   = ["s3:ObjectCreated:*"]
        Filter   = { Key = { FilterRules = [{ Name = "prefix", Value = local.logs }] } }
      }]
    })
    eventbridge = jsonencode({ EventBridgeConfiguration = {} })
  }

  event_rule = jsonencode({
    Name        = local.rule_name
    Description = "Objects created in ${var.log_bucket_name}, to Trailkeep"
    State       = "ENABLED"
    EventPattern = jsonencode({
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = [var.log_bucket_name] }, object = { key = [{ prefix = local.logs }] } }
    })
  })
  event_target = jsonencode({
    Rule    = local.rule_name
    Targets = [{ Id = "trailkeep", Arn = coalesce(var.event_bus_arn, "-"), RoleArn = local.forward_role_arn }]
  })

  replication_configuration = jsonencode({
    Role = coalesce(local.replication_role_arn, "-")
    Rules = [{
      ID                      = "${var.name}-log-objects"
      Priority                = 1
      Status                  = "Enabled"
      Filter                  = { Prefix = local.logs }
      DeleteMarkerReplication = { Status = "Disabled" }
      SourceSelectionCriteria = { SseKmsEncryptedObjects = { Status = "Enabled" } }
      # The owner of replicas is changed between accounts only.
      Destination = merge(
        {
          Bucket                  = coalesce(local.replica_arn, "-")
          Account                 = local.account
          EncryptionConfiguration = { ReplicaKmsKeyID = try(var.replica.kms_key_arn, "-") }
          Metrics                 = { Status = "Enabled" }
        },
        local.owner == local.account ? {} : { AccessControlTranslation = { Owner = "Destination" } },
      )
    }]
  })

  # Name → document, and whether this mode needs it.
  documents = {
    bucket                       = { when = local.reads_by_policy, json = data.aws_iam_policy_document.bucket.json }
    key                          = { when = var.log_bucket_kms_key_arn != null, json = data.aws_iam_policy_document.key.json }
    topic                        = { when = var.mode == "sns", json = data.aws_iam_policy_document.topic.json }
    notification                 = { when = contains(keys(local.notifications), var.mode), json = lookup(local.notifications, var.mode, "") }
    source_role_trust            = { when = var.source_role != null, json = data.aws_iam_policy_document.source_role_trust.json }
    source_role_permissions      = { when = var.source_role != null, json = data.aws_iam_policy_document.source_role_permissions.json }
    event_rule                   = { when = local.forwarded, json = local.event_rule }
    event_target                 = { when = local.forwarded, json = local.event_target }
    event_role_trust             = { when = local.forwarded, json = data.aws_iam_policy_document.event_role_trust.json }
    event_role_permissions       = { when = local.forwarded, json = data.aws_iam_policy_document.event_role_permissions.json }
    replication_configuration    = { when = var.mode == "replicated", json = local.replication_configuration }
    replication_role_trust       = { when = var.mode == "replicated", json = data.aws_iam_policy_document.replication_role_trust.json }
    replication_role_permissions = { when = var.mode == "replicated", json = data.aws_iam_policy_document.replication_role_permissions.json }
  }
}
