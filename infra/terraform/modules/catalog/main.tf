data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.region
  partition  = data.aws_partition.current.partition

  database = replace(var.name, "-", "_")
  root     = var.archive_prefix == "" ? "" : "${var.archive_prefix}/"
  archive  = "s3://${var.archive_bucket_name}/${local.root}"

  categories = ["aggregated", "data", "insight", "management", "network"]

  # What is asked, and how Athena computes which keys there are: nothing crawls, nothing registers partitions, a file can be asked for as soon as it lies there.
  tables = {
    events = {
      description = "One row for each Record as it landed, OCSF 1.8.0 with Security Lake's names. A Record that CloudTrail delivered twice can be here twice: `cloudtrail` has each once."
      partitions = {
        category = "management, data, insight, network or aggregated"
        eventday = "UTC day of the event, YYYYMMDD"
      }
      projection = {
        "projection.category.type"          = "enum"
        "projection.category.values"        = join(",", local.categories)
        "projection.eventday.type"          = "date"
        "projection.eventday.format"        = "yyyyMMdd"
        "projection.eventday.range"         = "${var.since},NOW"
        "projection.eventday.interval"      = "1"
        "projection.eventday.interval.unit" = "DAYS"
        "storage.location.template"         = "${local.archive}events/category=$${category}/eventday=$${eventday}"
      }
    }
    sources = {
      description = "One row for each object that landed, and each Digest: hashes, sizes, Records in and out, where its bytes lie."
      partitions = {
        day = "UTC day on which it landed, YYYYMMDD"
      }
      projection = {
        "projection.day.type"          = "date"
        "projection.day.format"        = "yyyyMMdd"
        "projection.day.range"         = "${var.since},NOW"
        "projection.day.interval"      = "1"
        "projection.day.interval.unit" = "DAYS"
        "storage.location.template"    = "${local.archive}sources/day=$${day}"
      }
    }
    # Each file has the whole history, so that there is nothing to compute: the newest counts, which `current_accounts` and `audited_events` take.
    accounts = {
      description = "The organization's accounts and their history. Every file that was written is in it, and each has all: ask `current_accounts`, or for the newest \"$path\"."
      partitions  = {}
      projection  = {}
    }
    findings = {
      description = "One row for each change of what the auditor found. `open_findings` has what is not settled."
      partitions  = { day = "UTC day of the change, YYYYMMDD" }
      projection = {
        "projection.day.type"          = "date"
        "projection.day.format"        = "yyyyMMdd"
        "projection.day.range"         = "${var.since},NOW"
        "projection.day.interval"      = "1"
        "projection.day.interval.unit" = "DAYS"
        "storage.location.template"    = "${local.archive}findings/day=$${day}"
      }
    }
    outcomes = {
      description = "What came of each source: the leaves of each attestation, superseded ones too, and of attempts that were never attested. `attestations` tells which count, as `audited_events` does."
      partitions  = { day = "UTC day of delivery, YYYYMMDD" }
      projection = {
        "projection.day.type"          = "date"
        "projection.day.format"        = "yyyyMMdd"
        "projection.day.range"         = "${var.since},NOW"
        "projection.day.interval"      = "1"
        "projection.day.interval.unit" = "DAYS"
        "storage.location.template"    = "${local.archive}outcomes/day=$${day}"
      }
    }
    # What is below numbers/ beside the days is the same again: no day's folder has it.
    attestations = {
      description = "Attestations, superseded ones too: of a day the greatest \"$path\" counts. No signature is checked here: `trailkeep attest verify` does."
      partitions  = { day = "UTC day of delivery, YYYYMMDD" }
      location    = "attest"
      json        = true
      projection = {
        "projection.day.type"          = "date"
        "projection.day.format"        = "yyyyMMdd"
        "projection.day.range"         = "${var.since},NOW"
        "projection.day.interval"      = "1"
        "projection.day.interval.unit" = "DAYS"
        "storage.location.template"    = "${local.archive}attest/day=$${day}"
      }
    }
  }
}

resource "aws_glue_catalog_database" "this" {
  name        = local.database
  description = "The archive in s3://${var.archive_bucket_name}."
  tags        = var.tags
}

resource "aws_glue_catalog_table" "table" {
  for_each = local.tables

  database_name = aws_glue_catalog_database.this.name
  name          = each.key
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(each.value.projection, {
    EXTERNAL       = "TRUE"
    classification = try(each.value.json, false) ? "json" : "parquet"
  }, length(each.value.partitions) == 0 ? {} : { "projection.enabled" = "true" })

  dynamic "partition_keys" {
    # A map is walked in the order of its names, which is that of the keys in the path, too.
    for_each = each.value.partitions
    content {
      name    = partition_keys.key
      type    = "string"
      comment = partition_keys.value
    }
  }

  storage_descriptor {
    location      = "${local.archive}${try(each.value.location, each.key)}/"
    input_format  = try(each.value.json, false) ? "org.apache.hadoop.mapred.TextInputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = try(each.value.json, false) ? "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = try(each.value.json, false) ? "org.openx.data.jsonserde.JsonSerDe" : "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns[each.key]
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name        = var.name
  description = "Questions to the archive in ${var.archive_bucket_name}."
  # What it holds is saved questions, which are in this module, and their history.
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    requester_pays_enabled             = false
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_cutoff

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.results.bucket}/results/"
      expected_bucket_owner = local.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.results_kms_key_arn
      }
    }
  }
}

locals {
  questions = { for file in fileset("${path.module}/queries", "*.sql") : trimsuffix(file, ".sql") => file("${path.module}/queries/${file}") }
}

resource "aws_athena_named_query" "this" {
  for_each = local.questions

  name        = regex("(?m)^-- name: (.+)$", each.value)[0]
  description = regex("(?m)^-- description: (.+)$", each.value)[0]
  workgroup   = aws_athena_workgroup.this.name
  database    = aws_glue_catalog_database.this.name
  query       = each.value

  # Views are looked up when a question is asked, not when it is saved; this order only keeps a half-made catalog from offering it.
  depends_on = [aws_glue_catalog_table.view]
}
