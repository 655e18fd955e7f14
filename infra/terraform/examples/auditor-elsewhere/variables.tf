variable "audit_account_id" {
  description = "The account that the archive is made in. Whose credentials are used must be of this one."
  type        = string
  default     = "111122223333"
}

variable "auditor_account_id" {
  description = "The account that the auditor runs in, with other administrators than the archive's."
  type        = string
  default     = "222233334444"
}

variable "management_account_id" {
  description = "The account that manages the organization, and owns its trail."
  type        = string
  default     = "999999999999"
}

variable "region" {
  description = "Region of the archive and of the auditor, and home of the trail."
  type        = string
  default     = "us-east-1"
}

variable "organization_id" {
  description = "The organization, as `aws organizations describe-organization --query Organization.Id` tells it."
  type        = string
  default     = "o-exampleorg1"
}

variable "deployer_role_name" {
  description = "Role that this is applied with, of the same name in all three accounts. Credentials of the one in the audit account are given; the others are assumed from there."
  type        = string
  default     = "terraform"
}

variable "external_id" {
  description = "What the auditor gives when it takes on its role in the audit account. No secret: it keeps a service that acts for others from being talked into using the role."
  type        = string
  default     = "trailkeep-6f1e"
}

variable "checker_role_arn" {
  description = "Role that may fetch the public key and check signatures with it, in any account."
  type        = string
  default     = "arn:aws:iam::111122223333:role/operator"
}

variable "image" {
  description = "The collector's image by digest, REPOSITORY@sha256:…; null on the first apply, which makes the repository."
  type        = string
  default     = null
}

variable "auditor_image" {
  description = "The auditor's image by digest, from the repository in its own account; null on the first apply."
  type        = string
  default     = null
}

variable "collector_options" {
  description = "Further variables of trailkeep-collector --help, in lower case and without TRAILKEEP_."
  type        = map(string)
  default     = {}
}

variable "emails" {
  description = "Who is told of findings and of the auditor's alarms."
  type        = list(string)
  default     = ["security@example.com"]
}

variable "network" {
  description = "A VPC of the audit account and two private subnets of it in different zones, with a way to AWS."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = {
    vpc_id     = "vpc-0a1b2c3d4e5f60718"
    subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728"]
  }
}

variable "auditor_network" {
  description = "The same of the auditor's account. It asks CloudTrail in each Region and Organizations in one, where no endpoint of a VPC leads: a NAT gateway."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = {
    vpc_id     = "vpc-0c1d2e3f405162738"
    subnet_ids = ["subnet-0c1d2e3f405162738", "subnet-0d1e2f30415263748"]
  }
}
