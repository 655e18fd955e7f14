variables {
  kms_key_arn         = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  publisher_role_arns = ["arn:aws:iam::111122223333:role/trailkeep/trailkeep-collector"]
}

run "a_name_with_an_underscore_is_refused" {
  command = plan

  variables {
    name = "trail_keep"
  }

  expect_failures = [var.name]
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/aws/sns"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_key_of_another_region_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }

  expect_failures = [var.kms_key_arn]
}

run "nobody_as_a_publisher_is_refused" {
  command = plan

  variables {
    publisher_role_arns = []
  }

  expect_failures = [var.publisher_role_arns]
}

run "a_wildcard_publisher_is_refused" {
  command = plan

  variables {
    publisher_role_arns = ["arn:aws:iam::111122223333:role/*"]
  }

  expect_failures = [var.publisher_role_arns]
}

run "a_publisher_of_another_account_is_refused" {
  command = plan

  variables {
    publisher_role_arns = ["arn:aws:iam::444455556666:role/collector"]
  }

  expect_failures = [var.publisher_role_arns]
}

run "a_subscriber_that_is_no_account_is_refused" {
  command = plan

  variables {
    subscriber_account_ids = ["*"]
  }

  expect_failures = [var.subscriber_account_ids]
}

run "an_organization_that_is_none_is_refused" {
  command = plan

  variables {
    organization_id = "ou-abcd-12345678"
  }

  expect_failures = [var.organization_id]
}

run "a_publisher_of_another_partition" {
  command = plan

  variables {
    publisher_role_arns = ["arn:aws-cn:iam::111122223333:role/collector"]
  }

  expect_failures = [var.publisher_role_arns]
}
