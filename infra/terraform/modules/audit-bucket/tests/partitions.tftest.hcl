provider "aws" {
  region = "us-gov-west-1"
}

variables {
  bucket_name         = "example-audit"
  object_lock_mode    = "compliance"
  default_kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/00000000-0000-0000-0000-00000000000a"
  writer_role_arns    = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "arns_are_those_of_the_partition" {
  command = plan

  variables {
    access_log_bucket_name = "example-access-logs"
    readers                = [{ principal_arns = ["arn:aws-us-gov:iam::444455556666:role/siem"], prefixes = ["events/"] }]
    replication = {
      bucket_arn  = "arn:aws-us-gov:s3:::example-replica"
      account_id  = "111122223333"
      region      = "us-gov-east-1"
      kms_key_arn = "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/00000000-0000-0000-0000-00000000000c"
    }
  }

  assert {
    condition     = length(regexall("arn:aws:", join("", [aws_s3_bucket_policy.this.policy, aws_iam_role_policy.replication[0].policy, output.replication_role_arn, aws_s3_bucket_inventory.this[0].destination[0].bucket[0].bucket_arn]))) == 0
    error_message = "an ARN of another partition"
  }

  assert {
    condition     = output.replication_role_arn == "arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-replication"
    error_message = output.replication_role_arn
  }
}
