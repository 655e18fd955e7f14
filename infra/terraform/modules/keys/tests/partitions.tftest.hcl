provider "aws" {
  region = "us-gov-west-1"
}

provider "aws" {
  alias  = "china"
  region = "cn-north-1"
}

variables {
  archive_bucket_name = "audit-archive"
}

run "in_govcloud_everything_is_of_its_partition" {
  command = plan

  variables {
    log_bucket_name = "org-logs"
    trail_arns      = ["arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/org"]
    users           = { raw = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-collector"], queue = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-collector"] }
    readers         = { raw = ["arn:aws-us-gov:iam::444455556666:role/siem"] }
  }

  assert {
    condition     = alltrue([for key in values(aws_kms_key.class) : length(regexall("arn:aws:", key.policy)) == 0])
    error_message = "an ARN of another partition"
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s.Sid => s }.UsersByS3.Condition.StringEquals["kms:ViaService"] == "s3.us-gov-west-1.amazonaws.com"
    error_message = aws_kms_key.class["raw"].policy
  }
}

run "in_china_services_are_known_by_both_names" {
  command = plan

  providers = {
    aws = aws.china
  }

  variables {
    users = { raw = ["arn:aws-cn:iam::111122223333:role/trailkeep/trailkeep-collector"] }
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["raw"].policy).Statement : s.Sid => s }.UsersByS3.Condition.StringEquals["kms:ViaService"] == ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    error_message = aws_kms_key.class["raw"].policy
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.class["logs"].policy).Statement : s.Sid => s }.LogGroups.Principal.Service == "logs.cn-north-1.amazonaws.com.cn"
    error_message = aws_kms_key.class["logs"].policy
  }
}
