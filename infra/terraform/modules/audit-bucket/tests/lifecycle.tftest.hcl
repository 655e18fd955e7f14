variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "governance"
  object_lock_days    = 1
  default_kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "originals_go_to_glacier_ir_at_30_days_and_to_deep_archive_at_120" {
  command = plan

  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : alltrue([
      rule.filter[0].prefix == "raw/class=standard/",
      rule.expiration[0].days == 2557,
      { for t in rule.transition : t.storage_class => t.days } == { GLACIER_IR = 30, DEEP_ARCHIVE = 120 },
    ]) if rule.id == "raw-standard"])
    error_message = "raw"
  }

  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule if rule.id == "raw-standard"]) == 1
    error_message = "the class has a rule"
  }
}

run "proofs_and_events_never_go_deeper_than_glacier_ir" {
  command = plan

  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      { for t in rule.transition : t.storage_class => t.days } == { STANDARD_IA = 30, GLACIER_IR = 90 }
      if contains(["digests", "sources", "index", "events-management", "events-data", "events-insight", "events-network", "events-aggregated"], rule.id)
    ])
    error_message = "digests, sources, index, events"
  }

  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule if contains(["digests", "sources", "index", "events-management", "events-data", "events-insight", "events-network", "events-aggregated"], rule.id)]) == 8
    error_message = "each has its rule"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : alltrue([for t in rule.transition : t.storage_class != "DEEP_ARCHIVE" || startswith(rule.filter[0].prefix, "raw/")])])
    error_message = "only originals wait for a restore"
  }
}

run "each_class_and_category_has_its_own_years" {
  command = plan

  variables {
    raw_classes           = { standard = {}, pci = { retention_days = 400 }, pci-7y = { retention_days = 3650 } }
    events_retention_days = { data = 400 }
  }

  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.filter[0].prefix => rule.expiration[0].days if try(startswith(rule.filter[0].prefix, "raw/") || startswith(rule.filter[0].prefix, "events/"), false) } == {
      "raw/class=standard/"         = 2557
      "raw/class=pci/"              = 400
      "raw/class=pci-7y/"           = 3650
      "events/category=management/" = 2557
      "events/category=data/"       = 400
      "events/category=insight/"    = 2557
      "events/category=network/"    = 2557
      "events/category=aggregated/" = 2557
    }
    error_message = "expiry"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days == 3650 if contains(["digests", "sources", "acknowledged", "findings", "outcomes"], rule.id)])
    error_message = "proofs are kept as long as the longest class"
  }

  assert {
    condition     = toset([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id if length(rule.expiration) == 0]) == toset(["accounts", "attest", "keys", "staging", "lease"])
    error_message = "attestations, keys and accounts stay when data goes"
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => length(rule.transition) if contains(["accounts", "acknowledged", "attest", "findings", "keys", "outcomes"], rule.id) } == { accounts = 0, acknowledged = 0, attest = 0, findings = 0, keys = 0, outcomes = 2 }
    error_message = "only outcomes are large enough for a cheaper class"
  }
}

run "quarantine_expires_after_400_days" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days == 400 && length(rule.transition) == 0 if rule.id == "quarantine"])
    error_message = "quarantine"
  }
}

run "staging_and_lease_are_never_expired_and_their_old_versions_go_after_a_day" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.expiration) == 0 && rule.noncurrent_version_expiration[0].noncurrent_days == 1 if contains(["staging", "lease"], rule.id)])
    error_message = "a manifest is needed until its Batch is published"
  }
}

run "old_versions_expire_everywhere_but_of_archive_json" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.noncurrent_version_expiration) == 1 && endswith(rule.filter[0].prefix, "/") if rule.id != "sweep"])
    error_message = "each prefix class"
  }

  assert {
    condition     = !anytrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : startswith("archive.json", rule.filter[0].prefix) if rule.id != "sweep"])
    error_message = "archive.json is untouched"
  }
}

run "uploads_are_swept_after_30_days_and_lone_delete_markers_at_once" {
  command = plan

  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : alltrue([
      rule.abort_incomplete_multipart_upload[0].days_after_initiation == 30,
      rule.expiration[0].expired_object_delete_marker,
      length(rule.noncurrent_version_expiration) == 0,
    ]) if rule.id == "sweep"])
    error_message = "sweep"
  }
}

run "small_objects_stay_in_standard" {
  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.transition_default_minimum_object_size == "all_storage_classes_128K"
    error_message = "below 128 KB a colder class costs more"
  }
}

run "a_tier_of_0_days_is_left_out" {
  command = plan

  variables {
    raw_classes = { short = { retention_days = 90 } }
    tiers       = { raw = { glacier_ir_days = 0, deep_archive_days = 0 }, proofs = { glacier_ir_days = 0, standard_ia_days = 30 } }
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.transition) == 0 if rule.id == "raw-short"])
    error_message = "raw"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [for t in rule.transition : t.storage_class] == ["STANDARD_IA"] if rule.id == "digests"])
    error_message = "digests"
  }
}

run "prefixes_of_other_tools_expire_too" {
  command = plan

  variables {
    other_prefixes = { "tools/" = 400 }
  }

  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : try(rule.filter[0].prefix == "tools/" && rule.expiration[0].days == 400, false)])
    error_message = "accounts/"
  }
}
