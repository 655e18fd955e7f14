output "key_arns" {
  description = "Class to ARN of each key that encrypts. The one that signs is attest_key_arn."
  value       = { for class, key in aws_kms_key.class : class => key.arn if class != "attest" }
}

output "key_ids" {
  description = "Class to id of each key, attest among them."
  value       = { for class, key in aws_kms_key.class : class => key.key_id }
}

output "alias_names" {
  description = "Class to alias of each key, attest among them."
  value       = { for class, alias in aws_kms_alias.class : class => alias.name }
}

output "attest_key_arn" {
  description = "ARN of the asymmetric key that signs attestations; null where `classes` leaves it out."
  value       = try(aws_kms_key.class["attest"].arn, null)
}

output "key_map" {
  description = "Class to what its key encrypts, and who may do what with it: administrators manage, users encrypt and decrypt (attest: sign), readers only decrypt (attest: verify), replicators only encrypt, services act for the resources that the policy names."
  value = {
    for class, what in local.encrypts : class => {
      encrypts       = what
      administrators = local.administrators
      users          = lookup(var.users, class, [])
      readers        = lookup(var.readers, class, [])
      replicators    = lookup(var.replicators, class, [])
      services       = distinct([for statement in local.services[class] : statement.service])
    }
  }
}
