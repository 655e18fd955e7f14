# Names are resolved by the VPC's own resolver, which security groups do not filter.

locals {
  given = concat(var.network.egress_cidrs, var.network.egress_prefix_list_ids, var.network.egress_security_group_ids)
  cidrs = length(local.given) == 0 ? ["0.0.0.0/0"] : var.network.egress_cidrs

  # By position: ids may be known only when they are made.
  egress = merge(
    { for n, cidr in local.cidrs : "cidr-${n}" => { cidr = cidr } },
    { for n, id in var.network.egress_prefix_list_ids : "prefix-list-${n}" => { prefix_list = id } },
    { for n, id in var.network.egress_security_group_ids : "security-group-${n}" => { security_group = id } },
  )
  ingress = merge(
    { for n, cidr in var.scrape_from.cidrs : "cidr-${n}" => { cidr = cidr } },
    { for n, id in var.scrape_from.security_group_ids : "security-group-${n}" => { security_group = id } },
  )
}

resource "aws_security_group" "this" {
  name                   = local.full_name
  description            = "Tasks of ${local.full_name}: to AWS by TLS, and from nobody but who reads metrics"
  vpc_id                 = var.network.vpc_id
  revoke_rules_on_delete = true
  tags                   = merge(var.tags, { Name = local.full_name })
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.egress

  security_group_id            = aws_security_group.this.id
  description                  = "TLS to AWS"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  cidr_ipv4                    = strcontains(try(each.value.cidr, ":"), ":") ? null : each.value.cidr
  cidr_ipv6                    = strcontains(try(each.value.cidr, ""), ":") ? each.value.cidr : null
  prefix_list_id               = try(each.value.prefix_list, null)
  referenced_security_group_id = try(each.value.security_group, null)
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "scrape" {
  for_each = local.ingress

  security_group_id            = aws_security_group.this.id
  description                  = "metrics and health"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  cidr_ipv4                    = strcontains(try(each.value.cidr, ":"), ":") ? null : each.value.cidr
  cidr_ipv6                    = strcontains(try(each.value.cidr, ""), ":") ? each.value.cidr : null
  referenced_security_group_id = try(each.value.security_group, null)
  tags                         = var.tags
}
