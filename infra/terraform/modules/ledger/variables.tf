variable "name" {
  description = "Prefix of every name: the table is NAME-ledger unless table_name says otherwise."
  type        = string
  default     = "trailkeep"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 32 lower-case letters, digits and dashes, begin with a letter and not end with a dash: choose another name."
  }
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "table_name" {
  description = "Name of the table: NAME, or one that begins with NAME-, since the key is pinned to such names. Null: NAME-ledger. Another name is another table, and a new table is an empty ledger."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name must have 3 to 255 letters, digits, dashes, dots and underscores: DynamoDB takes no other."
  }

  validation {
    condition     = try(var.table_name == null || var.table_name == var.name || startswith(var.table_name, "${var.name}-"), true)
    error_message = "table_name must be the value of name, or begin with it and a dash: the policy of the key of tables lets no other table be read."
  }
}

variable "kms_key_arn" {
  description = "ARN of the customer key that encrypts the table, its index and its backups: key_arns[\"table\"] of the module keys."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:${data.aws_partition.current.partition}:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:${data.aws_partition.current.partition}:kms:REGION:ACCOUNT:key/ID: an id or an alias does not do."
  }

  validation {
    condition     = try(split(":", var.kms_key_arn)[3] == data.aws_region.current.region, true)
    error_message = "kms_key_arn is a key of another Region than the table: name a key of the Region that is applied to."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. Switch it off, and apply, before destroying."
  type        = bool
  default     = true
  nullable    = false
}

variable "point_in_time_recovery_days" {
  description = "Days back to which the table can be restored, 1 to 35. It costs the same for any number."
  type        = number
  default     = 35
  nullable    = false

  validation {
    condition     = var.point_in_time_recovery_days >= 1 && var.point_in_time_recovery_days <= 35 && floor(var.point_in_time_recovery_days) == var.point_in_time_recovery_days
    error_message = "point_in_time_recovery_days must be a whole number from 1 to 35: DynamoDB takes no other."
  }
}

variable "max_request_units" {
  description = "Most request units a second that the table may take, as a bound of its cost: beyond it requests are refused, and collectors wait. Null: DynamoDB's own quota. A worker that lands 4,000 objects a second writes as many units."
  type = object({
    read  = number
    write = number
  })
  default = null

  validation {
    condition     = var.max_request_units == null || try(var.max_request_units.read >= 100 && var.max_request_units.write >= 100, false)
    error_message = "max_request_units must let 100 units a second be read and written at least: with less a worker cannot keep its Batches alive beside landing."
  }

  validation {
    condition     = var.max_request_units == null || try(alltrue([for units in values(var.max_request_units) : floor(units) == units && units <= 2147483647]), false)
    error_message = "max_request_units must be two whole numbers, 2147483647 at most."
  }
}

variable "warm_throughput" {
  description = "Units a second that the table is ready for at once, for a backfill or a rebuild of many millions of objects: a one-time charge. Looked at when the table is made; later raise it with `aws dynamodb update-table --warm-throughput`, since DynamoDB raises it with use and it cannot be lowered. Null: what DynamoDB gives a new table (12,000 reads and 4,000 writes), growing with use."
  type = object({
    read_units_per_second  = number
    write_units_per_second = number
  })
  default = null

  validation {
    condition     = var.warm_throughput == null || try(var.warm_throughput.read_units_per_second >= 12000 && var.warm_throughput.write_units_per_second >= 4000 && alltrue([for units in values(var.warm_throughput) : floor(units) == units && units <= 2147483647]), false)
    error_message = "warm_throughput must be whole numbers, 12000 reads and 4000 writes at least, which every table has from the start: leave it out, or ask for more."
  }

  validation {
    condition = try(
      var.warm_throughput == null || var.max_request_units == null ||
      var.warm_throughput.read_units_per_second <= var.max_request_units.read && var.warm_throughput.write_units_per_second <= var.max_request_units.write,
    true)
    error_message = "warm_throughput is more than max_request_units lets the table take: raise the one or lower the other."
  }
}
