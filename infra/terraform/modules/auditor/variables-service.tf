# What `service` wants: where, how large and how many.

variable "network" {
  description = "Where tasks run, and whom they may connect to on port 443; see `service`."
  type = object({
    vpc_id                    = string
    subnet_ids                = list(string)
    security_group_ids        = optional(list(string), [])
    egress_cidrs              = optional(list(string), [])
    egress_prefix_list_ids    = optional(list(string), [])
    egress_security_group_ids = optional(list(string), [])
  })
  nullable = false
}

variable "standby" {
  description = "Runs a second task, which takes over when the first one's lease has stood still for a minute. Without it ECS starts another one in some minutes, and a round is late."
  type        = bool
  default     = false
  nullable    = false
}

variable "memory" {
  description = "Memory of a task in MiB: an hour of 1,000 accounts in 17 Regions stays below 1 GB."
  type        = number
  default     = 2048
  nullable    = false
}

variable "image" {
  description = "Image of the service, pinned by digest: REPOSITORY@sha256:…; null makes everything but the tasks, so that the repository is there for a first push."
  type        = string
  default     = null
}

variable "cluster" {
  description = "Name of the ECS cluster to run on; null makes one. One that is given needs Container Insights, which scaling counts the tasks by, and the capacity providers FARGATE and, with spot_share, FARGATE_SPOT."
  type        = string
  default     = null
}

variable "scrape_from" {
  description = "Who may read /metrics, /live and /ready on the service's port: address ranges and security groups of Prometheus. Nobody by default."
  type = object({
    cidrs              = optional(list(string), [])
    security_group_ids = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "cpu" {
  description = "CPU units of a task; 1,024 are one vCPU."
  type        = number
  default     = 1024
  nullable    = false
}

variable "cpu_architecture" {
  description = "ARM64 (a fifth cheaper) or X86_64; the image must be of it."
  type        = string
  default     = "ARM64"
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "repository" {
  description = "The ECR repository NAME/SERVICE: its KMS key (null: the account's aws/ecr) and the days after which images without a tag go. null makes none."
  type = object({
    kms_key_arn   = optional(string)
    untagged_days = optional(number, 14)
  })
  default = {}
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the roles; null: none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of the roles."
  type        = string
  default     = "/trailkeep/"
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource; tasks have them, too."
  type        = map(string)
  default     = {}
  nullable    = false
}
