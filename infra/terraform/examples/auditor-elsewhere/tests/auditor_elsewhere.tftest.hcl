run "each_side_names_the_other_and_nobody_else" {
  command = apply

  assert {
    condition     = output.auditor_role_arn == "arn:aws:iam::222233334444:role/trailkeep/trailkeep-auditor" && output.access_role_arn == "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor"
    error_message = "A task role there, a role here."
  }

  assert {
    condition     = toset([for sid in ["ArchiveRole", "OrganizationRole"] : one([for statement in jsondecode(module.auditor.task_policy_json).Statement : statement.Resource if statement.Sid == sid])]) == toset([output.access_role_arn, output.organization_role_arn])
    error_message = module.auditor.task_policy_json
  }

  assert {
    condition     = output.auditor_environment["TRAILKEEP_ROLE_ARN"] == output.access_role_arn && output.auditor_environment["TRAILKEEP_SOURCE_ROLE_ARN"] == output.access_role_arn && output.auditor_environment["TRAILKEEP_EXTERNAL_ID"] == output.auditor_environment["TRAILKEEP_SOURCE_EXTERNAL_ID"]
    error_message = "The log bucket is looked into with the role that its policy names."
  }
}

run "the_keys_of_its_account_are_its_own" {
  command = apply

  assert {
    condition     = alltrue([for arn in [output.attest_key_arn, module.auditor_keys.key_arns["queue"], module.auditor_keys.key_arns["logs"]] : split(":", arn)[4] == "222233334444"]) && split(":", output.auditor_environment["TRAILKEEP_KMS_KEY_ID"])[4] == "111122223333"
    error_message = "What it signs with is there; what encrypts the archive is here."
  }

  assert {
    condition     = length(module.audit_account.key_map["attest"].users) == 0 && module.auditor_keys.key_map["attest"].users == tolist([output.auditor_role_arn])
    error_message = "Nobody signs but the auditor."
  }
}

run "its_alarms_are_there_and_the_collector_s_are_not" {
  command = apply

  assert {
    condition     = toset(keys(module.auditor_alarms.alarm_arns)) == toset(["attestation-late", "auditor-silent", "gap-found", "not-healed", "roster-stale", "round-failed", "verification-failed"])
    error_message = jsonencode(keys(module.auditor_alarms.alarm_arns))
  }
}
