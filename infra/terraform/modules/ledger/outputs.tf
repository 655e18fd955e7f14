output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.ledger.name
}

output "table_arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.ledger.arn
}

output "index_arn" {
  description = "ARN of the index of unfinished Batches, which services query."
  value       = "${aws_dynamodb_table.ledger.arn}/index/${local.index}"
}

output "ledger_url" {
  description = "The ledger as the services' option --ledger takes it."
  value       = "dynamodb://${aws_dynamodb_table.ledger.name}"
}
