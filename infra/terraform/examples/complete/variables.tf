# Defaults are invented, so that this plans as it stands: replace each of them.

variable "region" {
  description = "Region of the archive, and home of the trail."
  type        = string
  default     = "eu-central-1"
}

variable "audit_account_id" {
  description = "Account of the archive."
  type        = string
  default     = "111122223333"
}

variable "organization" {
  description = "The organization and the account that manages it."
  type        = object({ id = string, management_account_id = string })
  default     = { id = "o-exampleorg1", management_account_id = "999999999999" }
}

variable "replica" {
  description = "Account and Region of the second copy."
  type        = object({ account_id = string, region = string })
  default     = { account_id = "777788889999", region = "eu-west-1" }
}

variable "deployer_role_name" {
  description = "Role that this is applied with, of the same name in all three accounts. Credentials of the one in the audit account are given; the other two are assumed from there."
  type        = string
  default     = "terraform"
}

variable "image" {
  description = "The collector's image by digest; null on the first apply, which makes the repository."
  type        = string
  default     = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/collector@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}

variable "auditor_image" {
  description = "The auditor's image by digest; null on the first apply, which makes the repository."
  type        = string
  default     = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/auditor@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}

variable "network" {
  description = "A VPC and private subnets of it in different zones."
  type        = object({ vpc_id = string, subnet_ids = list(string) })
  default = {
    vpc_id     = "vpc-0a1b2c3d4e5f60718"
    subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728", "subnet-0c1d2e3f405162738"]
  }
}

variable "route_table_ids" {
  description = "Route tables of these subnets."
  type        = list(string)
  default     = ["rtb-0a1b2c3d4e5f60718"]
}

variable "alarm_emails" {
  description = "Who is told of alarms. Each confirms by the link in the first mail."
  type        = list(string)
  default     = ["security-on-call@example.com"]
}

variable "break_glass_role_arn" {
  description = "Role of the audit account that may delete what is kept. To assume it raises an alarm."
  type        = string
  default     = "arn:aws:iam::111122223333:role/break-glass"
}

variable "legal_hold_role_arn" {
  description = "Role of the audit account that places and lifts legal holds."
  type        = string
  default     = "arn:aws:iam::111122223333:role/legal"
}

variable "operator_role_arn" {
  description = "Role of the audit account that looks after queues and ledger with the command line."
  type        = string
  default     = "arn:aws:iam::111122223333:role/operator"
}

variable "security_role_arn" {
  description = "Role of the audit account whose people say which findings are known, and why; output acknowledger_policy_json is what it needs."
  type        = string
  default     = "arn:aws:iam::111122223333:role/security"
}

variable "analyst_role_arn" {
  description = "Role of the audit account that asks by Athena."
  type        = string
  default     = "arn:aws:iam::111122223333:role/analyst"
}

variable "restore_role_arn" {
  description = "Role of the replica's account that reads the copy when the original is lost."
  type        = string
  default     = "arn:aws:iam::777788889999:role/restore"
}

variable "readers" {
  description = "Member accounts that read parts of the archive themselves."
  type        = list(object({ principal_arns = list(string), prefixes = list(string) }))
  default = [
    { principal_arns = ["arn:aws:iam::444455556666:role/payments-audit"], prefixes = ["raw/class=payments/"] },
    { principal_arns = ["arn:aws:iam::555566667777:role/detection"], prefixes = ["events/category=management/", "events/category=insight/"] },
  ]
}

variable "subscribers" {
  description = "Who is told of what landed: a SIEM whose vendor has an account outside of the organization, and a team within it."
  type = map(object({
    principal_arns = list(string)
    external_id    = optional(string)
    categories     = list(string)
    accounts       = optional(list(string), [])
    regions        = optional(list(string), [])
  }))
  default = {
    siem = { principal_arns = ["arn:aws:iam::222233334444:role/ingest"], external_id = "trailkeep-6f1e", categories = ["management", "insight"] }
    data = { principal_arns = ["arn:aws:iam::111122223333:role/data-protection"], categories = ["data"], accounts = ["444455556666"] }
  }
}

variable "protected_target_ids" {
  description = "Root, units or accounts that the policy which protects trail, buckets and keys is attached to. Empty until the audit account has settled."
  type        = set(string)
  default     = ["r-exam"]
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = { system = "trailkeep", owner = "security" }
}
