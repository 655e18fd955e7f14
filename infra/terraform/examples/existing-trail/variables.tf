variable "audit_account_id" {
  description = "The account that the archive is made in. Whose credentials are used must be of this one."
  type        = string
  default     = "111122223333"
}

variable "region" {
  description = "Region of the archive; that of the log bucket, where it announces to a queue of ours directly."
  type        = string
  default     = "eu-central-1"
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

variable "log_archive_account_id" {
  description = "Account that owns the log bucket."
  type        = string
  default     = "666677778888"
}

variable "log_bucket_name" {
  description = "Bucket that the trail writes to."
  type        = string
  default     = "aws-controltower-logs-666677778888-eu-central-1"
}

variable "log_bucket_kms_key_arn" {
  description = "Key of its objects; null where they have S3's own."
  type        = string
  default     = "arn:aws:kms:eu-central-1:999999999999:key/11111111-2222-3333-4444-555555555555"
}

variable "topic_arn" {
  description = "Topic on which the log bucket, or the trail, announces."
  type        = string
  default     = "arn:aws:sns:eu-central-1:666677778888:log-objects"
}

variable "external_id" {
  description = "What the collector says when it takes the role in the log-archive account."
  type        = string
  default     = "trailkeep-2b7c"
}
