data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  region     = data.aws_region.this.region
  gateways   = setintersection(var.services, ["s3", "dynamodb"])
  interfaces = setsubtract(var.services, local.gateways)
  names      = { for service in var.services : service => lookup(var.service_names, service, "com.amazonaws.${local.region}.${service}") }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateways

  vpc_id            = var.vpc_id
  vpc_endpoint_type = "Gateway"
  service_name      = local.names[each.key]
  route_table_ids   = var.route_table_ids
  policy            = data.aws_iam_policy_document.perimeter[each.key].json
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interfaces

  vpc_id            = var.vpc_id
  vpc_endpoint_type = "Interface"
  service_name      = local.names[each.key]
  subnet_ids        = var.subnet_ids
  # So that the services find it without being told.
  private_dns_enabled = true
  security_group_ids  = aws_security_group.this[*].id
  policy              = data.aws_iam_policy_document.perimeter[each.key].json
  tags                = merge(var.tags, { Name = "${var.name}-${replace(each.key, ".", "-")}" })
}

# Endpoints answer and never begin: no egress.
resource "aws_security_group" "this" {
  count = length(local.interfaces) > 0 ? 1 : 0

  name                   = "${var.name}-endpoints"
  description            = "Interface endpoints of ${var.name}: TLS from its services"
  vpc_id                 = var.vpc_id
  revoke_rules_on_delete = true
  tags                   = merge(var.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  # By position: ids may be known only when they are made.
  for_each = length(local.interfaces) == 0 ? {} : merge(
    { for n, cidr in var.client_cidrs : "cidr-${n}" => { cidr = cidr } },
    { for n, id in var.security_group_ids : "security-group-${n}" => { security_group = id } },
  )

  security_group_id            = aws_security_group.this[0].id
  description                  = "TLS from services"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  cidr_ipv4                    = strcontains(try(each.value.cidr, ":"), ":") ? null : each.value.cidr
  cidr_ipv6                    = strcontains(try(each.value.cidr, ""), ":") ? each.value.cidr : null
  referenced_security_group_id = try(each.value.security_group, null)
  tags                         = var.tags
}
