provider "aws" {
  region = "eu-central-1"
}

variables {
  vpc_id             = "vpc-0a1b2c3d"
  subnet_ids         = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]
  route_table_ids    = ["rtb-0a1b2c3d"]
  security_group_ids = ["sg-0a1b2c3d"]
  client_cidrs       = ["10.0.0.0/16"]
  organization_id    = "o-exampleorg1"
}

run "what_the_collector_calls_has_an_endpoint" {
  command = apply

  assert {
    condition = { for service, endpoint in merge(aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface) : service => "${endpoint.vpc_endpoint_type} ${endpoint.service_name}" } == {
      dynamodb  = "Gateway com.amazonaws.eu-central-1.dynamodb"
      s3        = "Gateway com.amazonaws.eu-central-1.s3"
      "ecr.api" = "Interface com.amazonaws.eu-central-1.ecr.api"
      "ecr.dkr" = "Interface com.amazonaws.eu-central-1.ecr.dkr"
      logs      = "Interface com.amazonaws.eu-central-1.logs"
      sns       = "Interface com.amazonaws.eu-central-1.sns"
      sqs       = "Interface com.amazonaws.eu-central-1.sqs"
    }
    error_message = "Each service has its endpoint, S3 and DynamoDB the free kind."
  }
  assert {
    condition     = length(output.endpoint_ids) == 7 && toset(keys(output.prefix_list_ids)) == toset(["dynamodb", "s3"]) && output.security_group_id != null
    error_message = "Outputs name every endpoint."
  }
  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.interface) : endpoint.private_dns_enabled]) && alltrue([for endpoint in values(aws_vpc_endpoint.gateway) : endpoint.route_table_ids == toset(["rtb-0a1b2c3d"])])
    error_message = "Services find their endpoint by its usual name."
  }
}

run "every_endpoint_has_a_perimeter" {
  command = plan

  assert {
    condition = alltrue(flatten([for service, policy in output.policies : [for statement in jsondecode(policy).Statement :
      statement.Condition.StringEquals == { "aws:PrincipalOrgID" = "o-exampleorg1", "aws:ResourceOrgID" = "o-exampleorg1" }
      if startswith(statement.Sid, "Resources")
    ]]))
    error_message = "Principals and resources of the organization, and no others."
  }
  assert {
    condition     = alltrue(flatten([for service, policy in output.policies : [for statement in jsondecode(policy).Statement : can(statement.Condition.StringEquals["aws:PrincipalOrgID"]) || statement.Sid == "LayersOfImages"]]))
    error_message = "A statement without a condition on the principal."
  }
  assert {
    condition     = alltrue(flatten([for service, policy in output.policies : [for statement in jsondecode(policy).Statement : statement.Effect == "Allow" && statement.Action != "*"]]))
    error_message = "A policy names its service."
  }
}

run "image_layers_come_from_the_registry_s_bucket" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(output.policies["s3"]).Statement : "${statement.Action} ${statement.Resource}" if statement.Sid == "LayersOfImages"] == ["s3:GetObject arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"]
    error_message = "Without it no image is pulled through the gateway."
  }
  assert {
    condition     = !strcontains(join("", [for service, policy in output.policies : policy if service != "s3"]), "starport")
    error_message = "It concerns S3 only."
  }
}

run "without_an_organization_the_account_is_the_perimeter" {
  command = plan
  variables {
    organization_id      = null
    resource_account_ids = ["444455556666"]
    services             = ["s3", "sqs"]
  }

  assert {
    condition = [for statement in jsondecode(output.policies["sqs"]).Statement : statement.Condition.StringEquals] == [{
      "aws:PrincipalAccount" = "111122223333"
      "aws:ResourceAccount"  = ["111122223333", "444455556666"]
    }]
    error_message = "This account's principals, its resources and those of the log-archive account."
  }
}

run "accounts_outside_the_organization_are_added_and_not_required" {
  command = plan
  variables {
    resource_account_ids = ["444455556666"]
  }

  assert {
    condition     = toset([for statement in jsondecode(output.policies["s3"]).Statement : statement.Sid]) == toset(["ResourcesOfTheOrganization", "ResourcesOfAccounts", "LayersOfImages"])
    error_message = "One statement for the organization, one for the accounts: either is enough."
  }
}

run "only_services_connect" {
  command = plan

  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_ingress_rule.this) : rule.from_port == 443 && rule.to_port == 443 && rule.ip_protocol == "tcp"]) && length(aws_vpc_security_group_ingress_rule.this) == 2
    error_message = "TLS from the given groups and ranges."
  }
}

run "gateways_alone_need_neither_subnets_nor_groups" {
  command = plan
  variables {
    services           = ["s3", "dynamodb"]
    subnet_ids         = []
    security_group_ids = []
    client_cidrs       = []
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.this) == 0 && length(aws_vpc_endpoint.gateway) == 2
    error_message = "Gateways have no interface."
  }
}

run "a_name_of_another_form_is_taken" {
  command = plan
  variables {
    services      = ["sts"]
    service_names = { sts = "cn.com.amazonaws.cn-north-1.sts" }
  }

  assert {
    condition     = aws_vpc_endpoint.interface["sts"].service_name == "cn.com.amazonaws.cn-north-1.sts"
    error_message = "Names in China differ."
  }
}
