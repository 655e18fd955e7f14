output "queue_url" {
  description = "Where the subscriber fetches announcements."
  value       = aws_sqs_queue.this.url
}

output "queue_arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "queue_name" {
  description = "Name of the queue, for alarms."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_queue_arn" {
  description = "ARN of the queue of dead letters."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_queue_name" {
  description = "Name of the queue of dead letters, for alarms."
  value       = aws_sqs_queue.dead_letters.name
}

output "role_arn" {
  description = "Role that the subscriber takes. The keys module wants it among the readers of events-CATEGORY, for each category, and of queue."
  value       = aws_iam_role.this.arn
}
