output "policy_json" {
  description = "What the auditor may do here: for its task role where it runs in this account, and what its role has where it does not."
  value       = data.aws_iam_policy_document.access.json
}

output "acknowledger_policy_json" {
  description = "What the role of somebody who acknowledges findings needs: to read findings/ and to write below acknowledged/. `audit-bucket` and `keys` have to name that role, too."
  value       = data.aws_iam_policy_document.acknowledger.json
}

output "role_arn" {
  description = "The role that an auditor of another account assumes; null without trusted_role."
  value       = one([for role in aws_iam_role.this : role.arn])
}
