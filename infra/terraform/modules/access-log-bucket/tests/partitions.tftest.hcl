provider "aws" {
  region = "cn-north-1"
}

run "arns_are_those_of_the_partition_and_services_keep_their_names" {
  command = plan

  variables {
    bucket_name         = "example-access-logs"
    source_bucket_names = ["example-audit"]
  }

  assert {
    condition     = length(regexall("arn:aws:", aws_s3_bucket_policy.this.policy)) == 0 && strcontains(aws_s3_bucket_policy.this.policy, "\"logging.s3.amazonaws.com\"")
    error_message = aws_s3_bucket_policy.this.policy
  }
}
