output "security_group_id" {
  description = "Security group of the interface endpoints, for `egress_security_group_ids` of services; null without any."
  value       = one(aws_security_group.this[*].id)

  # Whoever lets tasks out to this group starts them when there is something to reach: a first deployment that finds nothing has nothing to roll back to.
  depends_on = [aws_vpc_endpoint.interface]
}

output "endpoint_ids" {
  description = "Endpoint ids by service."
  value       = { for service, endpoint in merge(aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface) : service => endpoint.id }
}

output "prefix_list_ids" {
  description = "Prefix lists of the gateways by service, for `egress_prefix_list_ids` of services."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.prefix_list_id }
}

output "policies" {
  description = "Endpoint policies by service, as rendered."
  value       = { for service, document in data.aws_iam_policy_document.perimeter : service => document.json }
}
