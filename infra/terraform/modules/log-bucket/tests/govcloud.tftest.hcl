provider "aws" {
  region = "us-gov-west-1"
}

variables {
  bucket_name           = "org-logs"
  kms_key_arn           = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  organization_id       = "o-exampleorg1"
  management_account_id = "999999999999"
  trail_arns            = ["arn:aws-us-gov:cloudtrail:us-gov-west-1:999999999999:trail/organization"]
  reader_role_arns      = ["arn:aws-us-gov:iam::444455556666:role/trailkeep/trailkeep-collector"]
}

run "no_arn_of_another_partition_is_written" {
  command = plan
  assert {
    condition     = output.bucket_arn == "arn:aws-us-gov:s3:::org-logs" && !strcontains(data.aws_iam_policy_document.bucket.json, "arn:aws:")
    error_message = "ARNs follow the partition."
  }
}
