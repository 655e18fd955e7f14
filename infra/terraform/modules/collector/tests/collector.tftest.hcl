provider "aws" {
  region = "eu-central-1"
}

variables {
  image            = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  queue            = { queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep", queue_arn = "arn:aws:sqs:eu-central-1:111122223333:trailkeep", queue_name = "trailkeep" }
  archive          = { bucket_name = "audit" }
  ledger           = { table_name = "trailkeep", table_arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/trailkeep", index_arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/trailkeep/index/unfinished", ledger_url = "dynamodb://trailkeep" }
  topic_arn        = "arn:aws:sns:eu-central-1:111122223333:trailkeep-landed"
  sources          = { buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:eu-central-1:444455556666:key/10000000-0000-0000-0000-000000000000" }] }
  organization_ids = ["o-exampleorg1"]
  kms_key_arns = {
    raw               = "arn:aws:kms:eu-central-1:111122223333:key/raw"
    events-management = "arn:aws:kms:eu-central-1:111122223333:key/management"
    events-data       = "arn:aws:kms:eu-central-1:111122223333:key/data"
    queue             = "arn:aws:kms:eu-central-1:111122223333:key/queue"
    table             = "arn:aws:kms:eu-central-1:111122223333:key/table"
    logs              = "arn:aws:kms:eu-central-1:111122223333:key/logs"
    trail             = "arn:aws:kms:eu-central-1:111122223333:key/trail"
  }
  object_lock_mode = "governance"
  object_lock_days = 2557
  network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"] }
}

run "the_environment_says_where_everything_is" {
  command = plan

  assert {
    condition = output.environment == tomap({
      TRAILKEEP_ARCHIVE          = "s3://audit"
      TRAILKEEP_AWS_REGION       = "eu-central-1"
      TRAILKEEP_BUCKETS          = "org-logs"
      TRAILKEEP_CLASS_LABEL      = "standard"
      TRAILKEEP_DRAIN            = "100s"
      TRAILKEEP_KMS_KEY_ID       = "arn:aws:kms:eu-central-1:111122223333:key/raw"
      TRAILKEEP_KMS_KEYS         = "events/category=data/=arn:aws:kms:eu-central-1:111122223333:key/data,events/category=management/=arn:aws:kms:eu-central-1:111122223333:key/management"
      TRAILKEEP_LEDGER           = "dynamodb://trailkeep"
      TRAILKEEP_MAX_MESSAGES     = "20000"
      TRAILKEEP_OBJECT_LOCK_DAYS = "2557"
      TRAILKEEP_OBJECT_LOCK_MODE = "governance"
      TRAILKEEP_ORGANIZATIONS    = "o-exampleorg1"
      TRAILKEEP_QUEUE            = "https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep"
      TRAILKEEP_TOPIC_ARN        = "arn:aws:sns:eu-central-1:111122223333:trailkeep-landed"
    })
    error_message = "The environment must name every place and every key, and nothing that was not given."
  }
  assert {
    condition     = output.service_name == "trailkeep-collector" && output.task_role_name == "trailkeep-collector"
    error_message = "The role's name is what key and bucket policies are built with."
  }
}

run "the_role_may_what_the_program_calls_and_nothing_else" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.task_policy_json).Statement : statement.Sid => join(" ", sort(flatten([statement.Action]))) } == {
      Queue          = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage"
      QueueKey       = "kms:Decrypt"
      LogObjects     = "s3:GetObject s3:GetObjectVersion"
      LogBuckets     = "s3:ListBucket"
      LogKeys        = "kms:Decrypt"
      ArchiveBucket  = "s3:ListBucket"
      ArchiveObjects = "s3:GetObject s3:PutObject"
      ArchiveUploads = "s3:AbortMultipartUpload"
      ArchiveLocks   = "s3:PutObjectRetention"
      ArchiveStaging = "s3:DeleteObject"
      ArchiveKeys    = "kms:Decrypt kms:GenerateDataKey"
      Ledger         = "dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PartiQLInsert dynamodb:PutItem dynamodb:UpdateItem"
      LedgerIndex    = "dynamodb:Query"
      LedgerKey      = "kms:Decrypt"
      LedgerKeyState = "kms:DescribeKey"
      Topic          = "sns:Publish"
      TopicKey       = "kms:Decrypt kms:GenerateDataKey"
    }
    error_message = "An action that the program does not call, or one too few."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(output.task_policy_json).Statement : !contains(flatten([statement.Resource]), "*") && statement.Effect == "Allow"])
    error_message = "Every statement names its resources."
  }
  assert {
    condition     = !strcontains(output.task_policy_json, "attest") && !strcontains(output.task_policy_json, "Bypass") && !strcontains(output.task_policy_json, "kms:*")
    error_message = "Who lands must not vouch for what landed, nor get round a lock."
  }
}

run "objects_are_reached_by_prefix_and_owner" {
  command = plan

  assert {
    condition = alltrue([for statement in jsondecode(output.task_policy_json).Statement :
      try(statement.Condition.StringEquals["s3:ResourceAccount"], null) == (startswith(statement.Sid, "Log") ? "444455556666" : "111122223333")
      if startswith(flatten([statement.Action])[0], "s3:")
    ])
    error_message = "A bucket that is another owner's must not be used, even under its old name."
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(output.task_policy_json).Statement : statement.Resource if statement.Sid == "ArchiveLocks"])) == toset(["arn:aws:s3:::audit/raw/*", "arn:aws:s3:::audit/digests/*", "arn:aws:s3:::audit/sources/*"])
    error_message = "Locks are set where the archive is locked, and nowhere else."
  }
  assert {
    condition     = flatten([for statement in jsondecode(output.task_policy_json).Statement : statement.Resource if statement.Sid == "ArchiveStaging"]) == ["arn:aws:s3:::audit/staging/*"]
    error_message = "Only staging/ is deleted from."
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(output.task_policy_json).Statement : statement.Resource if statement.Sid == "ArchiveObjects"])) == toset([for prefix in ["archive.json", "digests/*", "events/*", "index/*", "quarantine/*", "raw/*", "sources/*", "staging/*"] :
      "arn:aws:s3:::audit/${prefix}"
    ])
    error_message = "What the collector writes, by prefix."
  }
}

run "keys_are_used_by_way_of_their_service_and_for_their_thing" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.task_policy_json).Statement : statement.Sid => statement.Condition.StringEquals if startswith(flatten([statement.Action])[0], "kms:") } == {
      QueueKey       = { "kms:ViaService" = "sqs.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:sqs:arn" = "arn:aws:sqs:eu-central-1:111122223333:trailkeep" }
      LogKeys        = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" }
      ArchiveKeys    = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn" = "arn:aws:s3:::audit" }
      LedgerKey      = { "kms:ViaService" = "dynamodb.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:dynamodb:tableName" = "trailkeep" }
      LedgerKeyState = { "kms:ViaService" = "dynamodb.eu-central-1.amazonaws.com" }
      TopicKey       = { "kms:ViaService" = "sns.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-central-1:111122223333:trailkeep-landed" }
    }
    error_message = "No key may be used directly."
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(output.task_policy_json).Statement : statement.Resource if statement.Sid == "ArchiveKeys"])) == toset([for key in ["raw", "management", "data"] : "arn:aws:kms:eu-central-1:111122223333:key/${key}"])
    error_message = "The classes' keys, and not those of logs, table or trail."
  }
}

run "another_account_s_role_reads_instead" {
  command = plan
  variables {
    sources = {
      buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/10000000-0000-0000-0000-000000000000" }]
      role    = { arn = "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader", external_id = "trailkeep-1" }
      region  = "eu-west-1"
    }
  }

  assert {
    condition     = [for statement in jsondecode(output.task_policy_json).Statement : "${statement.Action} ${statement.Resource}" if statement.Sid == "SourceRole"] == ["sts:AssumeRole arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader"]
    error_message = "The collector takes on that role and no other."
  }
  assert {
    condition     = length([for statement in jsondecode(output.task_policy_json).Statement : statement.Sid if contains(["LogObjects", "LogBuckets", "LogKeys"], statement.Sid)]) == 0
    error_message = "What the other role reads, this one need not."
  }
  assert {
    condition     = output.environment["TRAILKEEP_SOURCE_ROLE_ARN"] == "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader" && output.environment["TRAILKEEP_SOURCE_EXTERNAL_ID"] == "trailkeep-1" && output.environment["TRAILKEEP_SOURCE_REGION"] == "eu-west-1"
    error_message = "The program must be told of the role."
  }
}

run "a_bucket_of_another_region_is_decrypted_there" {
  command = plan
  variables {
    sources = {
      buckets = [{ name = "org-logs", account_id = "444455556666", kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/10000000-0000-0000-0000-000000000000" }]
      region  = "eu-west-1"
    }
  }

  assert {
    condition     = one([for statement in jsondecode(output.task_policy_json).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "LogKeys"]) == "s3.eu-west-1.amazonaws.com"
    error_message = "S3 of the log bucket's Region decrypts."
  }
}

run "a_replica_lands_under_its_origin_and_only_it_is_read" {
  command = plan
  variables {
    sources = { buckets = [{ name = "our-replica", account_id = "111122223333", replicates = "org-logs" }] }
  }

  assert {
    condition     = output.environment["TRAILKEEP_BUCKETS"] == "org-logs" && output.environment["TRAILKEEP_BUCKET_ALIASES"] == "our-replica=org-logs"
    error_message = "The program names the origin as bucket and the replica as alias."
  }
  assert {
    condition     = !strcontains(output.task_policy_json, "org-logs") && !strcontains(output.task_policy_json, "LogKeys")
    error_message = "The origin is not read, and no key is granted where there is none."
  }
}

run "digests_are_announced_where_that_is_asked_for" {
  command = plan
  variables {
    announce_digests = true
  }

  assert {
    condition     = output.environment["TRAILKEEP_ANNOUNCE_DIGESTS"] == "true"
    error_message = "the collector has to be told"
  }
}

run "without_a_topic_and_keys_by_category_less_is_granted" {
  command = plan
  variables {
    topic_arn    = null
    archive      = { bucket_name = "audit", prefix = "org/one" }
    kms_key_arns = { raw = "arn:aws:kms:eu-central-1:111122223333:key/raw", queue = "arn:aws:kms:eu-central-1:111122223333:key/queue", table = "arn:aws:kms:eu-central-1:111122223333:key/table", logs = "arn:aws:kms:eu-central-1:111122223333:key/logs" }
  }

  assert {
    condition     = !strcontains(output.task_policy_json, "sns") && !contains(keys(output.environment), "TRAILKEEP_TOPIC_ARN") && !contains(keys(output.environment), "TRAILKEEP_KMS_KEYS")
    error_message = "What was not given is neither granted nor set."
  }
  assert {
    condition     = output.environment["TRAILKEEP_ARCHIVE"] == "s3://audit/org/one" && flatten([for statement in jsondecode(output.task_policy_json).Statement : statement.Resource if statement.Sid == "ArchiveStaging"]) == ["arn:aws:s3:::audit/org/one/staging/*"]
    error_message = "An archive below a prefix has its permissions below it."
  }
}

run "options_and_telemetry_reach_the_task" {
  command = plan
  variables {
    options              = { low_latency = "true", log = "info,trailkeep_aws=debug", listen = "[::]:9464" }
    otel_environment     = { OTEL_EXPORTER_OTLP_ENDPOINT = "https://otlp.example.com" }
    stop_timeout_seconds = 90
  }

  assert {
    condition     = output.environment["TRAILKEEP_LOW_LATENCY"] == "true" && output.environment["TRAILKEEP_LOG"] == "info,trailkeep_aws=debug" && output.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://otlp.example.com"
    error_message = "Options become variables."
  }
  assert {
    condition     = output.environment["TRAILKEEP_DRAIN"] == "70s"
    error_message = "A drain ends before the task is killed."
  }
}

run "many_tasks_share_the_messages_in_flight" {
  command = plan
  variables {
    max_tasks = 40
  }

  assert {
    condition     = output.environment["TRAILKEEP_MAX_MESSAGES"] == "2500"
    error_message = "40 tasks of 20,000 messages would be more than SQS has in flight."
  }
}
