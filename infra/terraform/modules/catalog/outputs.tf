output "database_name" {
  description = "Name of the database."
  value       = aws_glue_catalog_database.this.name
}

output "table_names" {
  description = "Names of the tables and views."
  value       = sort(concat([for table in aws_glue_catalog_table.table : table.name], [for view in aws_glue_catalog_table.view : view.name]))
}

output "workgroup_name" {
  description = "Name of the workgroup in which questions are asked."
  value       = aws_athena_workgroup.this.name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_athena_workgroup.this.arn
}

output "named_query_ids" {
  description = "Ids of the saved questions by file name."
  value       = { for question, saved in aws_athena_named_query.this : question => saved.id }
}

output "results_bucket_name" {
  description = "Name of the bucket of the answers."
  value       = aws_s3_bucket.results.bucket
}

output "results_bucket_arn" {
  description = "ARN of the bucket of the answers."
  value       = aws_s3_bucket.results.arn
}

output "analyst_policy_json" {
  description = "What a person or tool needs to ask, and no more: attach it to the team's role, and name that role to the keys module as a reader of archive_kms_key_arns and a user of `results`."
  value       = data.aws_iam_policy_document.analyst.json
}
