run "the_audit_account_makes_the_management_accounts_trail" {
  command = plan

  assert {
    condition     = output.trail_arn == "arn:aws:cloudtrail:us-east-1:999999999999:trail/trailkeep"
    error_message = "a trail's ARN has the management account, whoever made it: ${output.trail_arn}"
  }

  assert {
    condition     = output.trail_arn == module.audit_account.trail_arn
    error_message = "the bucket's and the key's policies name the trail that is made"
  }

  assert {
    condition     = output.delegated_services == tolist(["cloudtrail.amazonaws.com"]) && module.management_account.selectors == null
    error_message = "the management account delegates and makes no trail of its own"
  }

  assert {
    condition     = length(setintersection(module.org_trail.excluded_bucket_arns, module.audit_account.excluded_bucket_arns)) == 4
    error_message = "the trail leaves the archive's buckets out"
  }
}
