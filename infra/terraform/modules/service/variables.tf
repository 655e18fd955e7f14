variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: give 3 to 32 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "service" {
  description = "Which service this is, as collector. Names are made of it: role NAME-SERVICE, log group /NAME/SERVICE, repository NAME/SERVICE."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.service))
    error_message = "service: give 3 to 20 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "image" {
  description = "Image of the service, pinned by digest: REPOSITORY@sha256:…; null makes everything but the tasks, so that the repository is there for a first push."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex("^[^\\s@]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: pin it by digest, as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/trailkeep/collector@sha256:<64 hexadecimal digits>; a tag can be moved to another image."
  }
}

variable "environment" {
  description = "Environment variables of the container. No secrets: everybody who may describe the task definition reads them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.environment : can(regex("^[A-Z][A-Z0-9_]*$", key)) && value != null])
    error_message = "environment: names are upper-case letters, digits and underscores, and each has a value; leave out what is null."
  }
}

variable "task_policy_json" {
  description = "What the service may do: the policy of its task role, as JSON."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.task_policy_json).Statement)
    error_message = "task_policy_json: give a policy document, as data.aws_iam_policy_document renders it."
  }
}

variable "cluster" {
  description = "Name of the ECS cluster to run on; null makes one. One that is given needs Container Insights, which scaling counts the tasks by, and the capacity providers FARGATE and, with spot_share, FARGATE_SPOT."
  type        = string
  default     = null

  validation {
    condition     = var.cluster == null || can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$", var.cluster))
    error_message = "cluster: give the cluster's name, not its ARN."
  }
}

variable "network" {
  description = "Where tasks run: a VPC and private subnets of it, in two zones at least; further security groups; and whom tasks may connect to on port 443: address ranges, prefix lists (as those of the S3 and DynamoDB gateways), security groups (as that of interface endpoints). Where none of the three is given: everywhere, as a NAT gateway needs."
  type = object({
    vpc_id                    = string
    subnet_ids                = list(string)
    security_group_ids        = optional(list(string), [])
    egress_cidrs              = optional(list(string), [])
    egress_prefix_list_ids    = optional(list(string), [])
    egress_security_group_ids = optional(list(string), [])
  })
  nullable = false

  validation {
    condition     = length(var.network.subnet_ids) > 0
    error_message = "network: give private subnets in subnet_ids, in two zones at least; they need a way to AWS, by a NAT gateway or by VPC endpoints."
  }
  validation {
    condition = can(regex("^vpc-[0-9a-f]+$", var.network.vpc_id)) && alltrue(flatten([for prefix, ids in {
      subnet = var.network.subnet_ids, sg = concat(var.network.security_group_ids, var.network.egress_security_group_ids), pl = var.network.egress_prefix_list_ids
    } : [for id in ids : can(regex("^${prefix}-[0-9a-f]+$", id))]]))
    error_message = "network: give ids: vpc-… in vpc_id, subnet-… in subnet_ids, sg-… in the lists of security groups, pl-… in egress_prefix_list_ids."
  }
  validation {
    condition = alltrue([for ids in [var.network.subnet_ids, var.network.security_group_ids, var.network.egress_cidrs, var.network.egress_prefix_list_ids, var.network.egress_security_group_ids] :
    length(distinct(ids)) == length(ids)])
    error_message = "network: a list has the same entry twice; AWS refuses a second rule like the first. Name each once."
  }
  # EC2 keeps a range by its network address: written otherwise, each plan would show a change.
  validation {
    condition     = alltrue([for cidr in var.network.egress_cidrs : try(cidrsubnet(cidr, 0, 0) == cidr, false)])
    error_message = "network: egress_cidrs are address ranges by their network address, as 10.0.0.0/16 (not 10.0.0.1/16) or 2001:db8::/56."
  }
  validation {
    condition     = length(var.network.security_group_ids) <= 4
    error_message = "network: an interface has five security groups at most, of which one is this module's: give at most four in security_group_ids."
  }
}

variable "scrape_from" {
  description = "Who may read /metrics, /live and /ready on the service's port: address ranges and security groups of Prometheus. Nobody by default."
  type = object({
    cidrs              = optional(list(string), [])
    security_group_ids = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cidr in var.scrape_from.cidrs : try(cidrsubnet(cidr, 0, 0) == cidr && !endswith(cidr, "/0"), false)])
    error_message = "scrape_from: cidrs are address ranges of your own by their network address, as 10.0.3.0/24; the port has no authentication, so never everywhere (/0)."
  }
  validation {
    condition     = alltrue([for ids in [var.scrape_from.cidrs, var.scrape_from.security_group_ids] : length(distinct(ids)) == length(ids)]) && alltrue([for id in var.scrape_from.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "scrape_from: security_group_ids are ids, as sg-0a1b2c3d, and nothing is named twice."
  }
}

variable "cpu" {
  description = "CPU units of a task; 1,024 are one vCPU."
  type        = number
  default     = 1024
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu: Fargate knows 256, 512, 1024, 2048, 4096, 8192 and 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB, one that Fargate has for its cpu."
  type        = number
  default     = 2048
  nullable    = false

  # Source: ECS Developer Guide, "Task CPU and memory" of Fargate.
  validation {
    condition = contains(lookup({
      "256"   = [512, 1024, 2048]
      "512"   = range(1024, 4097, 1024)
      "1024"  = range(2048, 8193, 1024)
      "2048"  = range(4096, 16385, 1024)
      "4096"  = range(8192, 30721, 1024)
      "8192"  = range(16384, 61441, 4096)
      "16384" = range(32768, 122881, 8192)
    }, tostring(var.cpu), []), var.memory)
    error_message = "memory: Fargate has no task of ${var.cpu} CPU units and ${var.memory} MiB. For 256 it has 512, 1024, 2048; for 512 1024 to 4096; for 1024 2048 to 8192; for 2048 4096 to 16384; for 4096 8192 to 30720 in steps of 1024; for 8192 16384 to 61440 in steps of 4096; for 16384 32768 to 122880 in steps of 8192."
  }
}

variable "cpu_architecture" {
  description = "ARM64 (a fifth cheaper) or X86_64; the image must be of it."
  type        = string
  default     = "ARM64"
  nullable    = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture: give ARM64 or X86_64."
  }
}

variable "min_tasks" {
  description = "Fewest tasks. Two, which Fargate spreads over the zones of the subnets, outlive a zone."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.min_tasks >= 1 && var.min_tasks <= 1000 && floor(var.min_tasks) == var.min_tasks
    error_message = "min_tasks: give a whole number from 1 to 1,000; to stop a service for a while, set scaling_suspended and then its desired count to 0."
  }
}

variable "max_tasks" {
  description = "Most tasks; null: min_tasks, without scaling."
  type        = number
  default     = null

  validation {
    condition     = var.max_tasks == null || try(var.max_tasks >= var.min_tasks && var.max_tasks <= 1000 && floor(var.max_tasks) == var.max_tasks, false)
    error_message = "max_tasks: give a whole number from min_tasks (${var.min_tasks}) to 1,000."
  }
  validation {
    condition     = var.max_tasks == null || var.queue_name != null || try(var.max_tasks == var.min_tasks, false)
    error_message = "max_tasks: the service scales on the backlog of a queue: give queue_name, or leave max_tasks out."
  }
}

variable "queue_name" {
  description = "Name of the SQS queue whose backlog the number of tasks follows; null: min_tasks, as the service is made; `aws ecs update-service --desired-count` changes it later."
  type        = string
  default     = null

  validation {
    condition     = var.queue_name == null || can(regex("^[A-Za-z0-9_-]{1,80}$", var.queue_name))
    error_message = "queue_name: give the name of a standard queue, neither its URL nor its ARN."
  }
}

variable "backlog_per_task" {
  description = "Visible messages per running task that scaling aims at. Messages in flight are no backlog."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.backlog_per_task >= 1
    error_message = "backlog_per_task: give a number from 1."
  }
}

variable "scaling_suspended" {
  description = "Leaves the number of tasks alone, as for a ledger rebuild, when it has to be 0 for a while."
  type        = bool
  default     = false
  nullable    = false
}

variable "scratch" {
  description = "Whether the container gets a /tmp that it may write to, on the task's own disk of 20 GiB, which is gone with the task: for services that sort more than memory holds. Their image names /tmp as a volume, so that their user may write there."
  type        = bool
  default     = false
  nullable    = false
}

variable "spot_share" {
  description = "Percentage of the tasks beyond the first that run on Fargate Spot: up to 70 % cheaper, ended with a warning of two minutes, in which a service drains."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.spot_share >= 0 && var.spot_share <= 100 && floor(var.spot_share) == var.spot_share
    error_message = "spot_share: give a whole percentage, 0 to 100."
  }
}

variable "stop_timeout_seconds" {
  description = "How long a task may drain after SIGTERM before it is killed."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.stop_timeout_seconds >= 30 && var.stop_timeout_seconds <= 120 && floor(var.stop_timeout_seconds) == var.stop_timeout_seconds
    error_message = "stop_timeout_seconds: give 30 to 120; Fargate allows 120 at most."
  }
}

variable "port" {
  description = "Port of /live, /ready and /metrics."
  type        = number
  default     = 9464
  nullable    = false

  validation {
    condition     = var.port >= 1024 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "port: give 1024 to 65535; the container is not root and may not listen below."
  }
}

variable "log_kms_key_arn" {
  description = "KMS key of the log group; its policy must let CloudWatch Logs use it for /NAME/SERVICE."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn: give the ARN of a key, as arn:aws:kms:eu-central-1:111122223333:key/…; CloudWatch Logs takes no alias."
  }
  validation {
    condition     = try(split(":", var.log_kms_key_arn)[3] == data.aws_region.this.region, true)
    error_message = "log_kms_key_arn: ${var.log_kms_key_arn} is not in ${data.aws_region.this.region}, where the log group is: give a key of this Region."
  }
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: CloudWatch Logs knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "repository" {
  description = "The ECR repository NAME/SERVICE: its KMS key (null: the account's aws/ecr) and the days after which images without a tag go. null makes none."
  type = object({
    kms_key_arn   = optional(string)
    untagged_days = optional(number, 14)
  })
  default = {}

  validation {
    condition     = try(var.repository.untagged_days >= 1 && floor(var.repository.untagged_days) == var.repository.untagged_days, true)
    error_message = "repository: untagged_days is a whole number from 1."
  }
  validation {
    condition     = try(var.repository.kms_key_arn, null) == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", try(var.repository.kms_key_arn, "")))
    error_message = "repository: kms_key_arn is the ARN of a key, as arn:aws:kms:eu-central-1:111122223333:key/…."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the roles; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary: give the ARN of a policy, as arn:aws:iam::111122223333:policy/boundary."
  }
}

variable "role_path" {
  description = "Path of the roles."
  type        = string
  default     = "/trailkeep/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9._+=,@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path: give a path of at most 512 characters that begins and ends with /, as /trailkeep/."
  }
}

variable "tags" {
  description = "Tags of every resource; tasks have them, too."
  type        = map(string)
  default     = {}
  nullable    = false
}
