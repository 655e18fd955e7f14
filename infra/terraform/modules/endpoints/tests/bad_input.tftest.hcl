variables {
  vpc_id             = "vpc-0a1b2c3d"
  subnet_ids         = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]
  route_table_ids    = ["rtb-0a1b2c3d"]
  security_group_ids = ["sg-0a1b2c3d"]
}

run "a_service_without_a_policy_is_refused" {
  command = plan
  variables {
    services = ["s3", "ec2"]
  }
  expect_failures = [var.services]
}

run "no_service_is_none" {
  command = plan
  variables {
    services = []
  }
  expect_failures = [var.services]
}

run "a_name_belongs_to_a_service" {
  command = plan
  variables {
    service_names = { sts = "com.amazonaws.us-east-1.sts" }
  }
  expect_failures = [var.service_names]
}

run "interfaces_need_subnets" {
  command = plan
  variables {
    subnet_ids = []
  }
  expect_failures = [var.subnet_ids]
}

run "gateways_need_route_tables" {
  command = plan
  variables {
    route_table_ids = []
  }
  expect_failures = [var.route_table_ids]
}

run "somebody_must_connect" {
  command = plan
  variables {
    security_group_ids = []
  }
  expect_failures = [var.client_cidrs]
}

run "not_everybody_connects" {
  command = plan
  variables {
    client_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.client_cidrs]
}

run "an_organization_id_that_is_none_is_refused" {
  command = plan
  variables {
    organization_id = "exampleorg1"
  }
  expect_failures = [var.organization_id]
}

run "an_account_is_twelve_digits" {
  command = plan
  variables {
    resource_account_ids = ["4444"]
  }
  expect_failures = [var.resource_account_ids]
}

run "a_vpc_is_an_id" {
  command = plan
  variables {
    vpc_id = "main"
  }
  expect_failures = [var.vpc_id]
}

run "names_are_lower_case" {
  command = plan
  variables {
    name = "Trailkeep"
  }
  expect_failures = [var.name]
}

run "a_client_is_named_once_and_by_its_network_address" {
  command = plan
  variables {
    client_cidrs = ["10.0.0.1/16", "10.1.0.0/16", "10.1.0.0/16"]
  }
  expect_failures = [var.client_cidrs]
}

run "subnets_and_route_tables_are_named_by_id" {
  command = plan
  variables {
    subnet_ids      = ["private-a", null]
    route_table_ids = ["main"]
  }
  expect_failures = [var.subnet_ids, var.route_table_ids]
}

run "a_service_is_not_null" {
  command = plan
  variables {
    services = ["s3", null]
  }
  expect_failures = [var.services]
}

run "a_services_name_is_not_null" {
  command = plan
  variables {
    service_names = { s3 = null }
  }
  expect_failures = [var.service_names]
}
