provider "aws" {
  region = "us-gov-west-1"
}

run "govcloud_has_its_own_arns" {
  command = plan
  variables {
    service          = "collector"
    image            = "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    task_policy_json = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
    network          = { vpc_id = "vpc-0a1b2c3d", subnet_ids = ["subnet-0a1b2c3d"] }
    log_kms_key_arn  = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = !strcontains(join("", [data.aws_iam_policy_document.trust.json, data.aws_iam_policy_document.execution.json]), "arn:aws:")
    error_message = "ARNs of another partition."
  }
  assert {
    condition     = one([for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Resource if statement.Sid == "PullImage"]) == "arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/trailkeep/collector"
    error_message = "The repository's ARN is of this partition."
  }
  assert {
    condition     = one(flatten([for statement in jsondecode(data.aws_iam_policy_document.trust.json).Statement : statement.Principal.Service])) == "ecs-tasks.amazonaws.com"
    error_message = "Service principals end in amazonaws.com everywhere."
  }
}
