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

variable "max_tasks" {
  description = "Most tasks. Together they keep at most 100,000 of the 120,000 messages in flight that SQS allows, so that more of them get a smaller share each."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_tasks >= var.min_tasks && var.max_tasks <= 1000 && floor(var.max_tasks) == var.max_tasks
    error_message = "max_tasks: give a whole number from min_tasks (${var.min_tasks}) to 1,000."
  }
}

variable "backlog_per_task" {
  description = "Visible messages per running task that scaling aims at: what a task takes in hand at a time."
  type        = number
  default     = 20000
  nullable    = false

  validation {
    condition     = var.backlog_per_task >= 1
    error_message = "backlog_per_task: give a number from 1."
  }
}

variable "memory" {
  description = "Memory of a task in MiB: the collector's bound is 512 MB with its defaults, whatever the load; give twice that."
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

variable "min_tasks" {
  description = "Fewest tasks. Two, which Fargate spreads over the zones of the subnets, outlive a zone."
  type        = number
  default     = 2
  nullable    = false
}

variable "scaling_suspended" {
  description = "Leaves the number of tasks alone, as for a ledger rebuild, when it has to be 0 for a while."
  type        = bool
  default     = false
  nullable    = false
}

variable "spot_share" {
  description = "Percentage of the tasks beyond the first that run on Fargate Spot: up to 70 % cheaper, ended with a warning of two minutes, in which a service drains."
  type        = number
  default     = 0
  nullable    = false
}

variable "stop_timeout_seconds" {
  description = "How long a task may drain after SIGTERM before it is killed."
  type        = number
  default     = 120
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
