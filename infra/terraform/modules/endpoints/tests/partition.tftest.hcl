provider "aws" {
  region = "us-gov-west-1"
}

run "govcloud_has_its_own_arns" {
  command = plan
  variables {
    vpc_id             = "vpc-0a1b2c3d"
    subnet_ids         = ["subnet-0a1b2c3d"]
    route_table_ids    = ["rtb-0a1b2c3d"]
    security_group_ids = ["sg-0a1b2c3d"]
  }

  assert {
    condition     = !strcontains(join("", values(output.policies)), "arn:aws:") && strcontains(output.policies["s3"], "arn:aws-us-gov:s3:::prod-us-gov-west-1-starport-layer-bucket/*")
    error_message = "ARNs of another partition."
  }
}
