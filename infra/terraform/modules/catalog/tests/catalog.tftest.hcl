variables {
  archive_bucket_name  = "example-audit"
  archive_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000001", "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000002"]
  results_bucket_name  = "example-audit-answers"
  results_kms_key_arn  = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000009"
}

run "athena_computes_where_the_files_are" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.table["events"].parameters["projection.enabled"] == "true" && aws_glue_catalog_table.table["sources"].parameters["projection.enabled"] == "true"
    error_message = "the partitions are not projected"
  }
  assert {
    condition     = aws_glue_catalog_table.table["events"].parameters["storage.location.template"] == "s3://example-audit/events/category=$${category}/eventday=$${eventday}"
    error_message = "events are looked for elsewhere"
  }
  assert {
    condition     = aws_glue_catalog_table.table["sources"].parameters["storage.location.template"] == "s3://example-audit/sources/day=$${day}"
    error_message = "sources are looked for elsewhere"
  }
  assert {
    condition     = aws_glue_catalog_table.table["events"].parameters["projection.category.values"] == "aggregated,data,insight,management,network"
    error_message = "a category is missing"
  }
  assert {
    condition     = aws_glue_catalog_table.table["events"].parameters["projection.eventday.range"] == "20131101,NOW" && aws_glue_catalog_table.table["events"].parameters["projection.eventday.format"] == "yyyyMMdd"
    error_message = "by default some days are invisible"
  }
  assert {
    condition     = join(",", [for key in aws_glue_catalog_table.table["events"].partition_keys : key.name]) == "category,eventday" && join(",", [for key in aws_glue_catalog_table.table["sources"].partition_keys : key.name]) == "day"
    error_message = "the partition keys are others than those of the path"
  }
  assert {
    condition     = aws_glue_catalog_table.table["events"].table_type == "EXTERNAL_TABLE" && aws_glue_catalog_database.this.name == "trailkeep"
    error_message = "the table is none of files that somebody else writes"
  }
  assert {
    condition     = aws_glue_catalog_table.table["attestations"].storage_descriptor[0].location == "s3://example-audit/attest/" && aws_glue_catalog_table.table["attestations"].parameters["storage.location.template"] == "s3://example-audit/attest/day=$${day}" && aws_glue_catalog_table.table["attestations"].storage_descriptor[0].ser_de_info[0].serialization_library == "org.openx.data.jsonserde.JsonSerDe"
    error_message = "attestations are looked for elsewhere, or read as Parquet"
  }
  assert {
    condition     = join(",", output.table_names) == "accounts,attestations,audited_events,cloudtrail,current_accounts,events,findings,open_findings,outcomes,security_lake_v1,sources"
    error_message = "a table or view is missing"
  }
}

run "an_archive_below_a_prefix_is_found" {
  command = plan

  variables {
    name           = "audit-eu"
    archive_prefix = "audit/org"
    since          = "20250131"
  }

  assert {
    condition     = aws_glue_catalog_table.table["events"].storage_descriptor[0].location == "s3://example-audit/audit/org/events/" && aws_glue_catalog_table.table["events"].parameters["storage.location.template"] == "s3://example-audit/audit/org/events/category=$${category}/eventday=$${eventday}"
    error_message = "the prefix is missing in a location"
  }
  assert {
    condition     = aws_glue_catalog_table.table["sources"].parameters["projection.day.range"] == "20250131,NOW"
    error_message = "the first day is not the one that was given"
  }
  assert {
    condition     = aws_glue_catalog_database.this.name == "audit_eu" && jsondecode(base64decode(trimsuffix(trimprefix(aws_glue_catalog_table.view["cloudtrail"].view_original_text, "/* Presto View: "), " */"))).schema == "audit_eu"
    error_message = "the views ask another database"
  }
  assert {
    condition = toset(one([for statement in jsondecode(output.analyst_policy_json).Statement : statement if statement.Sid == "ReadTheArchiveByAthena"]).Resource) == toset([
      "arn:aws:s3:::example-audit/audit/org/accounts/*", "arn:aws:s3:::example-audit/audit/org/attest/*", "arn:aws:s3:::example-audit/audit/org/events/*", "arn:aws:s3:::example-audit/audit/org/findings/*", "arn:aws:s3:::example-audit/audit/org/outcomes/*", "arn:aws:s3:::example-audit/audit/org/sources/*"
    ])
    error_message = "analysts may read beside the archive, or not in it"
  }
}

run "a_view_is_base64_of_json_in_a_comment" {
  command = plan

  assert {
    condition     = alltrue([for view in aws_glue_catalog_table.view : view.table_type == "VIRTUAL_VIEW" && view.view_expanded_text == "/* Presto View */" && view.parameters["presto_view"] == "true"])
    error_message = "Athena would not take it for a view"
  }
  assert {
    condition = alltrue([for view in aws_glue_catalog_table.view : alltrue([
      for text in [jsondecode(base64decode(trimsuffix(trimprefix(view.view_original_text, "/* Presto View: "), " */")))] :
      text.catalog == "awsdatacatalog" && length(text.columns) == length(view.storage_descriptor[0].columns) && startswith(text.originalSql, "SELECT")
    ])])
    error_message = "what a view says of itself is not what Glue says"
  }
}

run "the_workgroup_enforces_encryption_and_a_cut_off" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    error_message = "a client may choose where answers go"
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 107374182400
    error_message = "a question may read without end"
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].publish_cloudwatch_metrics_enabled && aws_athena_workgroup.this.configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3"
    error_message = "no metrics, or an engine that does not know the views' functions"
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS" && aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == var.results_kms_key_arn
    error_message = "answers are not encrypted with the results key"
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].expected_bucket_owner == "111122223333" && aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location == "s3://example-audit-answers/results/"
    error_message = "answers may go to a bucket of somebody else"
  }
  assert {
    condition     = length(aws_athena_named_query.this) >= 10 && alltrue([for saved in aws_athena_named_query.this : saved.workgroup == "trailkeep" && length(saved.description) > 0])
    error_message = "saved questions are missing, or stand in another workgroup"
  }
}

run "the_results_bucket_is_closed_and_forgets" {
  command = plan

  variables {
    results_retention_days = 7
    access_log_bucket_name = "example-access-logs"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.results.block_public_acls && aws_s3_bucket_public_access_block.results.block_public_policy && aws_s3_bucket_public_access_block.results.ignore_public_acls && aws_s3_bucket_public_access_block.results.restrict_public_buckets
    error_message = "it may be public"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.results.rule).bucket_key_enabled && one(one(aws_s3_bucket_server_side_encryption_configuration.results.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.results_kms_key_arn
    error_message = "the default encryption is not the results key with a bucket key"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.results.rule[0].expiration[0].days == 7 && aws_s3_bucket_lifecycle_configuration.results.rule[0].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "answers stay longer than was said"
  }
  assert {
    condition     = one(aws_s3_bucket_ownership_controls.results.rule).object_ownership == "BucketOwnerEnforced" && aws_s3_bucket.results.force_destroy == false
    error_message = "ACLs count, or destroying the module deletes answers unasked"
  }
  assert {
    condition     = aws_s3_bucket_logging.results[0].target_bucket == "example-access-logs"
    error_message = "no access logs are kept"
  }
  assert {
    condition = alltrue([for sid, test in {
      NoPlainHttp       = { Bool = { "aws:SecureTransport" = "false" } }
      NoOldTls          = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      NoKeyOfTheService = { Null = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "true" }, StringEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
      NoOtherEncryption = { Null = { "s3:x-amz-server-side-encryption" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
      NoOtherKey        = { Null = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = var.results_kms_key_arn } }
      } : anytrue([
        for statement in jsondecode(aws_s3_bucket_policy.results.policy).Statement :
        statement.Sid == sid && statement.Effect == "Deny" && statement.Principal == "*" && jsonencode(statement.Condition) == jsonencode(test)
    ])])
    error_message = "the bucket policy lets plain HTTP, old TLS or another key pass"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.results.policy).Statement : statement.Effect == "Deny"])
    error_message = "the bucket policy allows something, which is for the analysts' own policies"
  }
}

run "analysts_may_ask_and_no_more" {
  command = plan

  assert {
    condition = alltrue([for statement in jsondecode(output.analyst_policy_json).Statement :
      statement.Resource != "*" || statement.Sid == "ListWorkgroupsAndCatalogs"
    ])
    error_message = "a statement is for every resource"
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(output.analyst_policy_json).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]]))
    error_message = "a statement allows actions by a wildcard"
  }
  assert {
    condition = length([for statement in jsondecode(output.analyst_policy_json).Statement : statement
      if can(regex("example-audit[/\"]", jsonencode(statement.Resource))) && statement.Sid != "FindTheBuckets" && try(statement.Condition["ForAnyValue:StringEquals"]["aws:CalledVia"], "") != "athena.amazonaws.com"
    ]) == 0
    error_message = "analysts may read files around Athena and its cut-off"
  }
  assert {
    condition = alltrue([for statement in jsondecode(output.analyst_policy_json).Statement :
      statement.Condition.StringEquals["kms:ViaService"] == "s3.us-east-1.amazonaws.com" && can(statement.Condition.StringLike["kms:EncryptionContext:aws:s3:arn"]) if strcontains(jsonencode(statement.Action), "kms:")
    ])
    error_message = "analysts may use a key for something else than these buckets"
  }
  assert {
    condition     = toset(one([for statement in jsondecode(output.analyst_policy_json).Statement : statement if statement.Sid == "DecryptTheArchive"]).Resource) == toset(var.archive_kms_key_arns)
    error_message = "other keys than the given ones are decrypted with"
  }
  assert {
    condition     = !strcontains(output.analyst_policy_json, "/raw/") && !strcontains(output.analyst_policy_json, "/digests/") && !strcontains(output.analyst_policy_json, "s3:Delete")
    error_message = "analysts may read originals, or delete"
  }
}

run "in_govcloud_every_arn_is_of_its_partition" {
  command = plan

  providers = {
    aws = aws.govcloud
  }

  variables {
    archive_kms_key_arns = ["arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"]
    results_kms_key_arn  = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/00000000-0000-4000-8000-000000000009"
  }

  assert {
    condition     = length(regexall("arn:aws:", "${output.analyst_policy_json}${aws_s3_bucket_policy.results.policy}")) == 0 && strcontains(output.analyst_policy_json, "arn:aws-us-gov:athena:us-gov-west-1:111122223333:workgroup/trailkeep")
    error_message = "an ARN is of the commercial partition"
  }
  assert {
    condition     = strcontains(output.analyst_policy_json, "s3.us-gov-west-1.amazonaws.com")
    error_message = "KMS is called by way of another Region's S3"
  }
}

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "govcloud"
  region = "us-gov-west-1"
}
