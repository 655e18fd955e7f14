output "trail_arn" {
  description = "ARN of the trail, the same as the audit account's policies name; with create_trail = false that of the trail that is there, as it was given."
  value       = var.create_trail ? module.org_trail[0].trail_arn : var.trail_arn

  precondition {
    condition     = !var.create_trail || try(module.org_trail[0].trail_arn, "") == var.trail_arn
    error_message = "The trail would be ${try(module.org_trail[0].trail_arn, "another")}, and the audit account lets ${var.trail_arn} write: apply this in that Region (AWS_REGION), or correct the home Region in the audit account first."
  }
}

output "home_region" {
  description = "Region that the trail can be changed from."
  value       = split(":", var.trail_arn)[3]
}

output "delegated_services" {
  description = "Services that the audit account administers for the organization."
  value       = module.org_admin.delegated_services
}

output "policy_id" {
  description = "Id of the service control policy; null without protect."
  value       = module.org_admin.policy_id
}

output "organization_read_policy_json" {
  description = "Resource policy that lets organization_readers read the organization; null without them."
  value       = module.org_admin.organization_read_policy_json
}

output "auditor_role_arn" {
  description = "Role that the auditor reads the organization with; null without auditor."
  value       = module.org_admin.auditor_role_arn
}

output "selectors" {
  description = "What the trail records, exclusions added; null where it is made elsewhere."
  value       = one(module.org_trail[*].selectors)
}
