# Who may do what with a key, as tables: `uses` for users, `reads` for readers, `services` for AWS's services. Each entry becomes a statement of the class's policy.
#
# Principals of this account are named by `aws:PrincipalArn` below the account, not as principals: a role that is deleted and made anew keeps its rights, the last administrator among them, and a role need not exist yet.

locals {
  account_root   = "arn:${local.partition}:iam::${local.account}:root"
  administrators = length(var.administrator_role_arns) > 0 ? var.administrator_role_arns : [local.account_root]

  # KMS names services below amazonaws.com; in China and in newer partitions services' own names end otherwise, and which of the two a request has is not documented.
  via = {
    for service in ["s3", "sqs", "sns", "dynamodb"] : service => {
      test = "StringEquals", variable = "kms:ViaService", values = [for suffix in distinct(["amazonaws.com", data.aws_partition.current.dns_suffix]) : "${service}.${local.region}.${suffix}"]
    }
  }

  buckets = merge(
    { for class in keys(local.encrypts) : class => var.archive_bucket_name if class == "raw" || startswith(class, "events-") },
    { for class, bucket in { trail = var.log_bucket_name, results = var.results_bucket_name } : class => bucket if bucket != null },
  )

  # With an S3 Bucket Key the bucket is the encryption context, without one the object.
  bucket_context = {
    for class, bucket in local.buckets : class => [{
      test = "StringLike", variable = "kms:EncryptionContext:aws:s3:arn", values = ["arn:${local.partition}:s3:::${bucket}", "arn:${local.partition}:s3:::${bucket}/*"]
    }]
  }
  s3_conditions = { for class in distinct(concat(keys(local.buckets), ["results"])) : class => concat([local.via.s3], lookup(local.bucket_context, class, [])) }

  own_queues = [for name in [var.name, "${var.name}-*"] : "arn:${local.partition}:sqs:${local.region}:${local.account}:${name}"]
  own_topics = [for name in [var.name, "${var.name}-*"] : "arn:${local.partition}:sns:${local.region}:${local.account}:${name}"]
  own_tables = [var.name, "${var.name}-*"]

  for_our_queues = { test = "ArnLike", variable = "kms:EncryptionContext:aws:sqs:arn", values = local.own_queues }
  for_our_topics = { test = "ArnLike", variable = "kms:EncryptionContext:aws:sns:topicArn", values = local.own_topics }
  for_our_tables = { test = "StringLike", variable = "kms:EncryptionContext:aws:dynamodb:tableName", values = local.own_tables }
  for_raw_text   = { test = "StringEquals", variable = "kms:MessageType", values = ["RAW"] }
  for_sha_256 = {
    test = "StringEquals", variable = "kms:SigningAlgorithm", values = [startswith(var.attest_key_spec, "ECC") ? "ECDSA_SHA_256" : "RSASSA_PKCS1_V1_5_SHA_256"]
  }

  uses = merge(
    { for class, conditions in local.s3_conditions : class => [{ sid = "UsersByS3", actions = ["kms:GenerateDataKey", "kms:Decrypt"], conditions = conditions }] if class != "trail" },
    { for class, conditions in local.s3_conditions : class => [{ sid = "UsersDecryptByS3", actions = ["kms:Decrypt"], conditions = conditions }] if class == "trail" },
    {
      queue = [
        { sid = "UsersBySqs", actions = ["kms:GenerateDataKey", "kms:Decrypt"], conditions = [local.via.sqs, local.for_our_queues] },
        { sid = "UsersBySns", actions = ["kms:GenerateDataKey", "kms:Decrypt"], conditions = [local.via.sns, local.for_our_topics] },
      ]
      table = [
        { sid = "UsersDecryptByDynamoDb", actions = ["kms:Decrypt"], conditions = [local.via.dynamodb, local.for_our_tables] },
        # Has no encryption context.
        { sid = "UsersDescribeByDynamoDb", actions = ["kms:DescribeKey"], conditions = [local.via.dynamodb] },
      ]
      logs = []
      attest = [
        { sid = "UsersSign", actions = ["kms:Sign", "kms:Verify"], conditions = [local.for_raw_text, local.for_sha_256] },
        { sid = "UsersGetPublicKey", actions = ["kms:GetPublicKey"], conditions = [] },
      ]
    },
  )

  reads = merge(
    { for class, conditions in local.s3_conditions : class => [{ sid = "DecryptByS3", actions = ["kms:Decrypt"], conditions = conditions }] },
    {
      queue = [{ sid = "DecryptBySqs", actions = ["kms:Decrypt"], conditions = [local.via.sqs, local.for_our_queues] }]
      table = []
      logs  = []
      attest = [
        { sid = "Verify", actions = ["kms:Verify"], conditions = [local.for_raw_text, local.for_sha_256] },
        { sid = "GetPublicKey", actions = ["kms:GetPublicKey"], conditions = [] },
      ]
    },
  )
  named_readers   = { for class in keys(local.encrypts) : class => [for arn in lookup(var.readers, class, []) : arn if !endswith(arn, ":root")] }
  reader_accounts = { for class in keys(local.encrypts) : class => [for arn in lookup(var.readers, class, []) : arn if endswith(arn, ":root")] }

  of_our_organization = [for id in compact([var.organization_id]) : { test = "StringEquals", variable = "aws:PrincipalOrgID", values = [id] }]

  # Statements of everybody who is not an administrator: whom, what, and on which conditions.
  people = {
    for class in keys(local.encrypts) : class => concat(
      [for use in local.uses[class] : {
        sid        = use.sid, actions = use.actions
        principals = [local.account_root]
        conditions = concat([{ test = "ArnLike", variable = "aws:PrincipalArn", values = lookup(var.users, class, []) }], use.conditions)
      } if length(lookup(var.users, class, [])) > 0],
      [for use in local.reads[class] : {
        sid        = "Readers${use.sid}", actions = use.actions
        principals = distinct([for arn in local.named_readers[class] : "arn:${local.partition}:iam::${split(":", arn)[4]}:root"])
        conditions = concat([{ test = "ArnLike", variable = "aws:PrincipalArn", values = local.named_readers[class] }], local.of_our_organization, use.conditions)
      } if length(local.named_readers[class]) > 0],
      [for use in local.reads[class] : {
        sid        = "ReaderAccounts${use.sid}", actions = use.actions
        principals = local.reader_accounts[class]
        conditions = concat(local.of_our_organization, use.conditions)
      } if length(local.reader_accounts[class]) > 0],
      [for roles in [lookup(var.replicators, class, [])] : {
        sid        = "ReplicatorsEncryptByS3", actions = ["kms:Encrypt", "kms:GenerateDataKey"]
        principals = distinct([for arn in roles : "arn:${local.partition}:iam::${split(":", arn)[4]}:root"])
        conditions = concat([{ test = "ArnLike", variable = "aws:PrincipalArn", values = roles }], local.of_our_organization, local.s3_conditions[class])
      } if length(roles) > 0],
      # Whoever applies makes the table. The grant is DynamoDB's own: it lets no person decrypt.
      [for use in class == "table" ? ["table"] : [] : {
        sid        = "AdministratorsLetDynamoDbUseIt", actions = ["kms:CreateGrant"]
        principals = [local.account_root]
        conditions = concat(local.if_administrator, [local.via.dynamodb, { test = "Bool", variable = "kms:GrantIsForAWSResource", values = ["true"] }])
      }],
    )
  }
  if_administrator = [for arns in [var.administrator_role_arns] : { test = "ArnLike", variable = "aws:PrincipalArn", values = arns } if length(arns) > 0]

  for_this_account = { test = "StringEquals", variable = "aws:SourceAccount", values = [local.account] }
  by_our_trails    = { test = "StringEquals", variable = "aws:SourceArn", values = var.trail_arns }

  services = merge(
    { for class in keys(local.encrypts) : class => [] },
    {
      queue = local.announcing_services
      logs = [{
        # In China this service alone has the longer name.
        sid        = "LogGroups", service = "logs.${local.region}.${local.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"}"
        actions    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
        conditions = [{ test = "ArnLike", variable = "kms:EncryptionContext:aws:logs:arn", values = local.own_log_groups }]
      }]
    },
    # Without a trail nothing of CloudTrail's is let in: the objects then come by replication.
    { for class in keys(local.encrypts) : class => local.trail_services if class == "trail" && length(var.trail_arns) > 0 },
  )

  own_log_groups = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${var.name}/*"]

  # Which context S3 gives KMS where the bucket has a Bucket Key is not documented for CloudTrail: its own, as without one, or the bucket's. Both are our trail, and the second is our bucket.
  trail_services = concat(
    [for context in [
      # CloudTrail names the trail by the Region that it writes from, so the Region is open.
      { sid = "TrailsEncrypt", test = "StringLike", variable = "kms:EncryptionContext:aws:cloudtrail:arn", values = distinct([for arn in var.trail_arns : "arn:${local.partition}:cloudtrail:*:${split(":", arn)[4]}:trail/*"]) },
      { sid = "TrailsEncryptByBucketKey", test = "StringEquals", variable = "kms:EncryptionContext:aws:s3:arn", values = [for bucket in compact([var.log_bucket_name]) : "arn:${local.partition}:s3:::${bucket}"] },
      ] : {
      sid        = context.sid, service = "cloudtrail.amazonaws.com", actions = ["kms:GenerateDataKey*", "kms:Decrypt"]
      conditions = [local.by_our_trails, { test = context.test, variable = context.variable, values = context.values }]
    }],
    # Has no encryption context.
    [{ sid = "TrailsDescribe", service = "cloudtrail.amazonaws.com", actions = ["kms:DescribeKey"], conditions = [local.by_our_trails] }],
  )

  encrypt_messages = ["kms:GenerateDataKey*", "kms:Decrypt"]
  announcing_services = concat(
    # A bucket's ARN names no account, so the account is asked for as well; the ARNs of topics and trails name theirs.
    [for bucket in compact([var.log_bucket_name]) : {
      sid        = "LogBucketAnnounces", service = "s3.amazonaws.com", actions = local.encrypt_messages
      conditions = [local.for_this_account, { test = "ArnEquals", variable = "aws:SourceArn", values = ["arn:${local.partition}:s3:::${bucket}"] }]
    }],
    [for accounts in [var.source_account_ids] : {
      sid        = "SourcesBucketsAnnounce", service = "s3.amazonaws.com", actions = local.encrypt_messages
      conditions = [{ test = "StringEquals", variable = "aws:SourceAccount", values = accounts }, { test = "ArnLike", variable = "aws:SourceArn", values = ["arn:${local.partition}:s3:::*"] }]
    } if length(accounts) > 0],
    [{
      sid = "TopicsDeliverToQueues", service = "sns.amazonaws.com", actions = local.encrypt_messages
      conditions = [{
        test   = "ArnLike", variable = "aws:SourceArn"
        values = concat(local.own_topics, [for id in var.source_account_ids : "arn:${local.partition}:sns:*:${id}:*"])
      }]
    }],
    [
      {
        sid = "RulesSendToQueues", service = "events.amazonaws.com", actions = local.encrypt_messages
        # A rule of another bus has the bus in its ARN.
        conditions = [local.for_this_account, {
          test = "ArnLike", variable = "aws:SourceArn", values = [for rule in ["${var.name}-*", "*/${var.name}-*"] : "arn:${local.partition}:events:${local.region}:${local.account}:rule/${rule}"]
        }]
      },
      # To an encrypted topic EventBridge sends neither aws:SourceArn nor aws:SourceAccount (SNS Developer Guide, "Managing encryption keys"): the topic is what can be asked for, and the topic's policy asks for the rule.
      { sid = "RulesPublishToTopics", service = "events.amazonaws.com", actions = local.encrypt_messages, conditions = [local.for_our_topics] },
      {
        sid        = "AlarmsPublish", service = "cloudwatch.amazonaws.com", actions = local.encrypt_messages
        conditions = [local.for_this_account, { test = "ArnLike", variable = "aws:SourceArn", values = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*"] }]
      },
    ],
    [for arns in [var.trail_arns] : {
      sid        = "TrailsAnnounce", service = "cloudtrail.amazonaws.com", actions = local.encrypt_messages
      conditions = [local.by_our_trails, local.for_our_topics]
    } if length(arns) > 0],
  )
}

data "aws_iam_policy_document" "class" {
  for_each = local.encrypts

  # To manage is spelled out: `kms:Create*` would have CreateGrant, by which an administrator could let himself decrypt.
  statement {
    sid = "AdministratorsManage"
    actions = concat([
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants",
      "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ], each.key == "attest" ? ["kms:GetPublicKey"] : ["kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:ListKeyRotations", "kms:RotateKeyOnDemand"])
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }

    dynamic "condition" {
      for_each = local.if_administrator
      content {
        test     = condition.value.test
        variable = condition.value.variable
        values   = condition.value.values
      }
    }
  }

  dynamic "statement" {
    for_each = local.people[each.key]
    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value.principals
      }

      dynamic "condition" {
        for_each = statement.value.conditions
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }

  dynamic "statement" {
    for_each = local.services[each.key]
    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }

      dynamic "condition" {
        for_each = statement.value.conditions
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}
