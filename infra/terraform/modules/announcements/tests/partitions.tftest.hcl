provider "aws" {
  region = "us-gov-west-1"
}

run "in_govcloud_everything_is_of_its_partition" {
  command = plan

  variables {
    kms_key_arn            = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    publisher_role_arns    = ["arn:aws-us-gov:iam::111122223333:role/trailkeep/trailkeep-collector"]
    subscriber_account_ids = ["444455556666"]
  }

  assert {
    condition     = length(regexall("arn:aws:", aws_sns_topic_policy.landed.policy)) == 0
    error_message = aws_sns_topic_policy.landed.policy
  }
}
