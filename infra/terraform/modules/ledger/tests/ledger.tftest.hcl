variables {
  kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "the_table_is_what_the_services_expect" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.ledger.hash_key == "pk" && aws_dynamodb_table.ledger.range_key == null && { for a in aws_dynamodb_table.ledger.attribute : a.name => a.type } == { pk = "S", u = "S" }
    error_message = "the table has other keys"
  }

  assert {
    condition = length(aws_dynamodb_table.ledger.global_secondary_index) == 1 && alltrue([
      for index in aws_dynamodb_table.ledger.global_secondary_index : index.name == "unfinished" && index.hash_key == "u" && index.range_key == null && index.projection_type == "KEYS_ONLY"
    ])
    error_message = "the index is another one"
  }

  assert {
    condition     = aws_dynamodb_table.ledger.ttl[0].enabled && aws_dynamodb_table.ledger.ttl[0].attribute_name == "ttl"
    error_message = "items do not expire"
  }

  assert {
    condition     = output.ledger_url == "dynamodb://trailkeep-ledger" && output.table_name == "trailkeep-ledger"
    error_message = output.ledger_url
  }
}

run "the_table_is_protected" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.ledger.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "the table can be deleted, or is not on demand"
  }

  assert {
    condition     = aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.point_in_time_recovery[0].recovery_period_in_days == 35
    error_message = "the table cannot be restored"
  }

  assert {
    condition     = aws_dynamodb_table.ledger.server_side_encryption[0].enabled && aws_dynamodb_table.ledger.server_side_encryption[0].kms_key_arn == var.kms_key_arn
    error_message = "the table is not encrypted with the customer's key"
  }

  assert {
    condition     = length(aws_dynamodb_table.ledger.on_demand_throughput) == 0 && length(aws_dynamodb_table.ledger.warm_throughput) == 0
    error_message = "the table is bounded or warmed though nobody asked"
  }
}

run "the_index_is_named_below_the_table" {
  command = apply

  assert {
    condition     = output.table_arn == "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep-ledger" && output.index_arn == "${output.table_arn}/index/unfinished"
    error_message = output.index_arn
  }
}

run "cost_can_be_bounded" {
  command = plan

  variables {
    max_request_units = { read = 20000, write = 10000 }
  }

  assert {
    condition     = aws_dynamodb_table.ledger.on_demand_throughput[0].max_read_request_units == 20000 && aws_dynamodb_table.ledger.on_demand_throughput[0].max_write_request_units == 10000
    error_message = "the table is not bounded"
  }
}

run "protection_can_be_taken_off_to_destroy" {
  command = plan

  variables {
    deletion_protection = false
    table_name          = "trailkeep-restored"
  }

  assert {
    condition     = !aws_dynamodb_table.ledger.deletion_protection_enabled && aws_dynamodb_table.ledger.name == "trailkeep-restored"
    error_message = "the table cannot be destroyed, or has another name"
  }
}
