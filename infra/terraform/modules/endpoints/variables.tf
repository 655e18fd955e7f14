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

variable "vpc_id" {
  description = "The VPC that the endpoints are for. It needs DNS support and DNS host names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id: give the id of a VPC, as vpc-0a1b2c3d."
  }
}

variable "services" {
  description = "Services with an endpoint; leave out those that the VPC has one for. By default what the collector's tasks call. sts: with a role to read the log buckets with; kms: for who signs; monitoring: for who sends metrics to CloudWatch."
  type        = set(string)
  default     = ["dynamodb", "ecr.api", "ecr.dkr", "logs", "s3", "sns", "sqs"]
  nullable    = false

  validation {
    condition     = length(var.services) > 0 && length(setsubtract(var.services, keys(local.perimeters))) == 0
    error_message = "services: there is no policy for ${join(", ", [for service in setsubtract(var.services, keys(local.perimeters)) : coalesce(service, "null")])}: give some of ${join(", ", keys(local.perimeters))}."
  }
}

variable "service_names" {
  description = "Full names of endpoint services that are not com.amazonaws.REGION.SERVICE, by service, as in China: { sts = \"cn.com.amazonaws.cn-north-1.sts\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.service_names) : can(regex("^[a-z0-9.-]+$", name))])
    error_message = "service_names: give the whole name of each, as cn.com.amazonaws.cn-north-1.sts."
  }
  validation {
    condition     = length(setsubtract(keys(var.service_names), var.services)) == 0
    error_message = "service_names: ${join(", ", setsubtract(keys(var.service_names), var.services))} is not among services."
  }
}

variable "subnet_ids" {
  description = "Subnets of the interface endpoints, one in each zone that tasks run in; each costs by the hour."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0 || length(setsubtract(var.services, ["s3", "dynamodb"])) == 0
    error_message = "subnet_ids: give subnets, one in each zone that tasks run in, or leave all but s3 and dynamodb out of services."
  }
  validation {
    condition     = alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids: give ids of subnets, as subnet-0a1b2c3d."
  }
}

variable "route_table_ids" {
  description = "Route tables of the tasks' subnets, for the gateways of S3 and DynamoDB."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.route_table_ids) > 0 || length(setintersection(var.services, ["s3", "dynamodb"])) == 0
    error_message = "route_table_ids: give the route tables of the tasks' subnets, or leave s3 and dynamodb out of services."
  }
  validation {
    condition     = alltrue([for id in var.route_table_ids : can(regex("^rtb-[0-9a-f]+$", id))])
    error_message = "route_table_ids: give ids of route tables, as rtb-0a1b2c3d."
  }
}

variable "security_group_ids" {
  description = "Security groups that may connect to the interface endpoints: those of the services."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "client_cidrs" {
  description = "Address ranges that may connect to the interface endpoints."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : try(cidrsubnet(cidr, 0, 0) == cidr && !endswith(cidr, "/0"), false)])
    error_message = "client_cidrs: give address ranges of the VPC by their network address, as 10.0.0.0/16 (not 10.0.0.1/16); not everywhere (/0)."
  }
  validation {
    condition     = alltrue([for clients in [var.client_cidrs, var.security_group_ids] : length(distinct(clients)) == length(clients)])
    error_message = "client_cidrs or security_group_ids has the same entry twice; EC2 refuses a second rule like the first. Name each once."
  }
  validation {
    condition     = length(var.client_cidrs) + length(var.security_group_ids) > 0 || length(setsubtract(var.services, ["s3", "dynamodb"])) == 0
    error_message = "client_cidrs: nobody may connect to the interface endpoints: give security_group_ids or client_cidrs."
  }
}

variable "organization_id" {
  description = "Organization whose principals and resources may be reached through the endpoints; null: those of this account, and resources of resource_account_ids."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id: an organization is o- and 10 to 32 lower-case letters and digits."
  }
}

variable "resource_account_ids" {
  description = "Further accounts whose resources are reached, as the log-archive account's bucket, key and role; those of the organization are anyway, where one is given."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.resource_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "resource_account_ids: an account is 12 digits."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
