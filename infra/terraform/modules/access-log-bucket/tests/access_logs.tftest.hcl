variables {
  bucket_name         = "example-access-logs"
  source_bucket_names = ["example-audit", "example-org-logs"]
}

run "it_is_what_log_delivery_can_write_to" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled != true
    error_message = "log delivery takes no bucket with Object Lock"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"])
    error_message = "log delivery takes no customer key"
  }
}

run "it_is_versioned_and_nobody_elses" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled",
      aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced",
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "hardening"
  }
}

run "logs_expire_with_all_their_versions" {
  command = plan

  variables {
    retention_days = 100
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule }["expire"].expiration[0].days == 100 && { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule }["expire"].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "expiry"
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule }["sweep"].expiration[0].expired_object_delete_marker && { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule }["sweep"].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "sweep"
  }
}

run "each_source_logs_below_its_own_name_only" {
  command = plan

  assert {
    condition = alltrue([for index, name in var.source_bucket_names : { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["AccessLogs${index}"] == {
      Sid       = "AccessLogs${index}"
      Effect    = "Allow"
      Action    = "s3:PutObject"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Resource  = "arn:aws:s3:::example-access-logs/${name}/*"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::${name}" }, StringEquals = { "aws:SourceAccount" = "111122223333" } }
    }])
    error_message = "logs"
  }

  assert {
    condition = alltrue([for index, name in var.source_bucket_names : { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s }["Inventory${index}"] == {
      Sid       = "Inventory${index}"
      Effect    = "Allow"
      Action    = "s3:PutObject"
      Principal = { Service = "s3.amazonaws.com" }
      Resource  = "arn:aws:s3:::example-access-logs/inventory/${name}/*"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::${name}" }, StringEquals = { "aws:SourceAccount" = "111122223333" } }
    }])
    error_message = "inventories"
  }

  assert {
    condition     = length([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s if s.Effect == "Allow"]) == 4
    error_message = "and nothing else is allowed"
  }
}

run "plain_http_old_tls_and_forged_logs_are_refused" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid => s.Condition if s.Effect == "Deny" } == {
      DenyPlainHttp  = { Bool = { "aws:SecureTransport" = "false" } }
      DenyOldTls     = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      DenyForgedLogs = { Bool = { "aws:PrincipalIsAWSService" = "false" } }
    }
    error_message = "denials"
  }
}

run "a_bucket_that_logs_to_itself_is_refused" {
  command = plan

  variables {
    source_bucket_names = ["example-access-logs"]
  }

  expect_failures = [var.source_bucket_names]
}

run "no_source_is_refused" {
  command = plan

  variables {
    source_bucket_names = []
  }

  expect_failures = [var.source_bucket_names]
}

run "a_source_that_is_an_arn_is_refused" {
  command = plan

  variables {
    source_bucket_names = ["arn:aws:s3:::example-audit"]
  }

  expect_failures = [var.source_bucket_names]
}

run "a_source_named_twice_is_refused" {
  command = plan

  variables {
    source_bucket_names = ["example-audit", "example-audit"]
  }

  expect_failures = [var.source_bucket_names]
}

run "a_bucket_name_with_dots_is_refused" {
  command = plan

  variables {
    bucket_name = "example.access.logs"
  }

  expect_failures = [var.bucket_name]
}

run "retention_of_no_days_is_refused" {
  command = plan

  variables {
    retention_days = 0
  }

  expect_failures = [var.retention_days]
}

run "old_versions_of_no_days_are_refused" {
  command = plan

  variables {
    noncurrent_days = 0
  }

  expect_failures = [var.noncurrent_days]
}

run "more_sources_than_a_policy_holds_are_refused" {
  command = plan

  variables {
    source_bucket_names = [for n in range(40) : "example-bucket-with-quite-a-long-name-${n}"]
  }

  expect_failures = [aws_s3_bucket_policy.this]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    name = "Trailkeep"
  }

  expect_failures = [var.name]
}
