# DynamoDB raises a table's warm throughput with use, and the provider makes a table anew to lower it.

variables {
  kms_key_arn     = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  warm_throughput = { read_units_per_second = 24000, write_units_per_second = 8000 }
}

run "a_new_table_is_warmed" {
  command = apply

  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_dynamodb_table.ledger.warm_throughput[0].read_units_per_second == 24000 && aws_dynamodb_table.ledger.warm_throughput[0].write_units_per_second == 8000
    error_message = "the table is not warmed"
  }
}

run "a_table_that_is_warmer_than_was_asked_for_is_left_alone" {
  command = plan

  variables {
    deletion_protection = false
    warm_throughput     = { read_units_per_second = 12000, write_units_per_second = 4000 }
  }

  assert {
    condition     = aws_dynamodb_table.ledger.warm_throughput[0].read_units_per_second == 24000 && aws_dynamodb_table.ledger.warm_throughput[0].write_units_per_second == 8000
    error_message = "the plan would lower it, for which the table is made anew"
  }
}
