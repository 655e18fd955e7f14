# What is recorded. The trail must not record its own landing: each object that CloudTrail or the collector writes would become an event in the next
# object.

variables {
  trail_name            = "organization"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  log_bucket_name       = "trailkeep-log"
  kms_key_arn           = "arn:aws:kms:us-east-1:111122223333:key/0000aaaa-1111-bbbb-2222-cccc3333dddd"
  excluded_bucket_arns  = ["arn:aws:s3:::trailkeep-audit", "arn:aws:s3:::trailkeep-log", "arn:aws:s3:::trailkeep-access-log"]
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "999999999999" }
}

run "by_default_every_management_event_is_recorded_and_nothing_else" {
  command = plan

  assert {
    condition     = length(aws_cloudtrail.organization.advanced_event_selector) == 1
    error_message = "one selector"
  }

  assert {
    condition     = [for f in aws_cloudtrail.organization.advanced_event_selector[0].field_selector : "${f.field}=${join(",", f.equals)}"] == ["eventCategory=Management"]
    error_message = "no field but the category: read and write, KMS and the RDS Data API"
  }
}

run "with_data_events_of_all_buckets_the_trail_does_not_record_its_own_landing" {
  command = plan

  variables {
    event_selectors = { data = [
      { name = "All objects", resource_type = "AWS::S3::Object" },
      { name = "All writes", resource_type = "AWS::S3::Object", read_write = "WriteOnly" },
      { name = "By people", resource_type = "AWS::S3::Object", fields = [{ field = "userIdentity.arn", not_starts_with = ["arn:aws:sts::111122223333:assumed-role/trailkeep"] }] },
      { name = "But for one", resource_type = "AWS::S3::Object", fields = [{ field = "resources.ARN", not_starts_with = ["arn:aws:s3:::scratch/"], not_ends_with = [".tmp"] }] },
    ] }
  }

  # As CloudTrail would judge it: a field with NotStartsWith rejects a value that begins with any of its prefixes.
  assert {
    condition = alltrue(flatten([for s in aws_cloudtrail.organization.advanced_event_selector : [for object in [
      "arn:aws:s3:::trailkeep-audit/raw/o-exampleorg1/object.json.gz",
      "arn:aws:s3:::trailkeep-log/AWSLogs/o-exampleorg1/999999999999/CloudTrail/us-east-1/object.json.gz",
      "arn:aws:s3:::trailkeep-access-log/trailkeep-audit/2026-01-01",
      ] : anytrue(flatten([for f in s.field_selector : [for prefix in f.not_starts_with : startswith(object, prefix)] if f.field == "resources.ARN"]))]
    if s.name != "Management events"]))
    error_message = "each selector of S3 data events rejects what lands in each bucket of the archive"
  }

  assert {
    condition = alltrue(flatten([for s in aws_cloudtrail.organization.advanced_event_selector : [for bucket in var.excluded_bucket_arns :
      anytrue([for f in s.field_selector : contains(f.not_starts_with, "${bucket}/") if f.field == "resources.ARN"])]
    if s.name != "Management events"]))
    error_message = "by resources.ARN NotStartsWith and the bucket's ARN with a slash"
  }

  assert {
    condition = alltrue([for s in aws_cloudtrail.organization.advanced_event_selector :
      !anytrue(flatten([for f in s.field_selector : [for prefix in coalesce(f.not_starts_with, []) : startswith("arn:aws:s3:::trailkeep-audit-of-another-team/object", prefix)] if f.field == "resources.ARN"]))
    ])
    error_message = "a bucket whose name begins alike is recorded"
  }

  assert {
    condition     = length(aws_cloudtrail.organization.advanced_event_selector) == 5
    error_message = "one selector each, and management events"
  }

  assert {
    condition = alltrue(flatten([for f in aws_cloudtrail.organization.advanced_event_selector[4].field_selector :
    [contains(f.not_starts_with, "arn:aws:s3:::scratch/"), f.not_ends_with == tolist([".tmp"]), length(f.not_starts_with) == 4] if f.field == "resources.ARN"]))
    error_message = "what the selector leaves out itself stays, in the one entry that the field may have"
  }

  assert {
    condition     = contains([for f in aws_cloudtrail.organization.advanced_event_selector[2].field_selector : "${f.field}=${join(",", coalesce(f.equals, []))}"], "readOnly=false")
    error_message = "WriteOnly is readOnly false"
  }
}

run "the_log_bucket_is_left_out_even_if_nobody_names_it" {
  command = plan

  variables {
    excluded_bucket_arns = []
    event_selectors      = { data = [{ name = "All objects", resource_type = "AWS::S3::Object" }] }
  }

  assert {
    condition     = output.excluded_bucket_arns == tolist(["arn:aws:s3:::trailkeep-log"])
    error_message = "the log bucket always"
  }
}

run "tables_and_queues_of_the_archive_are_left_out_by_their_arns" {
  command = plan

  variables {
    excluded_resource_arns = { "AWS::DynamoDB::Table" = ["arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep-ledger"] }
    event_selectors = { data = [
      { name = "Tables", resource_type = "AWS::DynamoDB::Table" },
      { name = "Functions", resource_type = "AWS::Lambda::Function" },
    ] }
  }

  assert {
    condition     = one([for f in aws_cloudtrail.organization.advanced_event_selector[1].field_selector : f.not_equals if f.field == "resources.ARN"]) == tolist(["arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep-ledger"])
    error_message = "the ledger"
  }

  assert {
    condition     = toset([for f in aws_cloudtrail.organization.advanced_event_selector[2].field_selector : f.field]) == toset(["eventCategory", "resources.type"])
    error_message = "other types have nothing to leave out"
  }
}

run "network_activity_is_recorded_by_service" {
  command = plan

  variables {
    event_selectors = { network_activity = [
      { name = "Refused by endpoints", event_source = "s3.amazonaws.com", denied_only = true },
      { name = "Secrets", event_source = "secretsmanager.amazonaws.com", fields = [{ field = "vpcEndpointId", equals = ["vpce-0123456789abcdef0"] }] },
    ] }
  }

  assert {
    condition = toset([for f in aws_cloudtrail.organization.advanced_event_selector[1].field_selector : "${f.field}=${join(",", f.equals)}"]) == toset([
    "eventCategory=NetworkActivity", "eventSource=s3.amazonaws.com", "errorCode=VpceAccessDenied"])
    error_message = "refusals only"
  }

  assert {
    condition = toset([for f in aws_cloudtrail.organization.advanced_event_selector[2].field_selector : "${f.field}=${join(",", f.equals)}"]) == toset([
    "eventCategory=NetworkActivity", "eventSource=secretsmanager.amazonaws.com", "vpcEndpointId=vpce-0123456789abcdef0"])
    error_message = "one endpoint's"
  }
}

run "a_second_trail_may_record_data_events_only" {
  command = plan

  variables {
    event_selectors = { management = { record = false }, data = [{ name = "Functions", resource_type = "AWS::Lambda::Function" }] }
  }

  assert {
    condition     = aws_cloudtrail.organization.advanced_event_selector[*].name == tolist(["Functions"])
    error_message = "no management events"
  }
}

run "who_leaves_kms_events_out_is_warned_what_is_lost" {
  command = plan

  variables {
    event_selectors = { management = { read_write = "WriteOnly", exclude_event_sources = ["kms.amazonaws.com", "rdsdata.amazonaws.com"] } }
  }

  assert {
    condition     = one([for f in aws_cloudtrail.organization.advanced_event_selector[0].field_selector : f.not_equals if f.field == "eventSource"]) == tolist(["kms.amazonaws.com", "rdsdata.amazonaws.com"])
    error_message = "both are left out"
  }

  expect_failures = [check.what_management_events_lose]
}

run "a_selector_that_asks_for_a_bucket_of_the_archive_is_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Archive", resource_type = "AWS::S3::Object", fields = [{ field = "resources.ARN", starts_with = ["arn:aws:s3:::trailkeep-audit/raw/"] }] }] }
  }

  expect_failures = [aws_cloudtrail.organization]
}

run "more_values_than_cloudtrail_takes_are_refused" {
  command = plan

  variables {
    event_selectors = { data = [{ name = "Many", resource_type = "AWS::S3::Object", fields = [{ field = "resources.ARN", starts_with = [for i in range(495) : "arn:aws:s3:::bucket-${i}/"] }] }] }
  }

  expect_failures = [aws_cloudtrail.organization]
}
