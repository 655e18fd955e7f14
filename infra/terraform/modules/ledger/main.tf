data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # Names that the services expect; `trailkeep ledger create` makes the same table.
  partition_key  = "pk"
  index          = "unfinished"
  index_key      = "u"
  time_to_expire = "ttl"
}

resource "aws_dynamodb_table" "ledger" {
  name         = coalesce(var.table_name, "${var.name}-ledger")
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = local.partition_key

  attribute {
    name = local.partition_key
    type = "S"
  }

  attribute {
    name = local.index_key
    type = "S"
  }

  # Keys only: a Batch's heartbeats change no key, so the index does not pay for them.
  global_secondary_index {
    name            = local.index
    hash_key        = local.index_key
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = local.time_to_expire
    enabled        = true
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.point_in_time_recovery_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  # The table alone is bounded: an index that is throttled would throttle the table's writes with it, and it holds a handful of items.
  dynamic "on_demand_throughput" {
    for_each = var.max_request_units == null ? [] : [var.max_request_units]
    content {
      max_read_request_units  = on_demand_throughput.value.read
      max_write_request_units = on_demand_throughput.value.write
    }
  }

  dynamic "warm_throughput" {
    for_each = var.warm_throughput == null ? [] : [var.warm_throughput]
    content {
      read_units_per_second  = warm_throughput.value.read_units_per_second
      write_units_per_second = warm_throughput.value.write_units_per_second
    }
  }

  deletion_protection_enabled = var.deletion_protection

  # DynamoDB raises it with use and never lowers it; the provider would make the table anew to bring back what was asked for.
  lifecycle {
    ignore_changes = [warm_throughput]
  }

  tags = merge(var.tags, { Name = coalesce(var.table_name, "${var.name}-ledger") })
}
