variable "audit_account_id" {
  description = "The account that the archive is made in. Whose credentials are used must be of this one."
  type        = string
  default     = "111122223333"
}

variable "region" {
  description = "Region of the archive, and home of the trail."
  type        = string
  default     = "us-east-1"
}

variable "organization_id" {
  description = "The organization, as `aws organizations describe-organization --query Organization.Id` tells it."
  type        = string
  default     = "o-exampleorg1"
}

variable "management_account_id" {
  description = "The account that manages the organization, and owns its trail."
  type        = string
  default     = "999999999999"
}

variable "deployer_role_name" {
  description = "Role that this is applied with, of the same name in both accounts. Credentials of the one in the audit account are given; the other is assumed from there."
  type        = string
  default     = "terraform"
}

variable "image" {
  description = "The collector's image by digest, REPOSITORY@sha256:…; null on the first apply, which makes the repository."
  type        = string
  default     = null
}

variable "network" {
  description = "A VPC and two private subnets of it in different zones, with a way to AWS."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = {
    vpc_id     = "vpc-0a1b2c3d4e5f60718"
    subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728"]
  }
}
