output "delegated_services" {
  description = "Services that the audit account administers for the organization."
  value       = sort(concat([for service, _ in aws_cloudtrail_organization_delegated_admin_account.audit : service], [for service, _ in aws_organizations_delegated_administrator.audit : service]))
}

output "policy_id" {
  description = "Id of the service control policy; null without protect."
  value       = one([for policy in aws_organizations_policy.protect : policy.id])
}

output "policy_json" {
  description = "The service control policy as it is attached, without white space; null without protect."
  value       = one([for document in data.aws_iam_policy_document.protect : document.minified_json])
}

output "organization_read_policy_json" {
  description = "Resource policy of the organization that lets organization_readers read it, to be merged into yours where attach is false; null without organization_readers."
  value       = one([for document in data.aws_iam_policy_document.readers : document.json])
}

output "auditor_role_arn" {
  description = "Role that the auditor reads the organization with; null without auditor."
  value       = one([for role in aws_iam_role.auditor : role.arn])
}
