locals {
  operators = ["equals", "not_equals", "starts_with", "not_starts_with", "ends_with", "not_ends_with"]
  read_only = { All = [], ReadOnly = ["true"], WriteOnly = ["false"] }

  excluded_bucket_arns = sort(distinct(concat(["arn:${local.partition}:s3:::${var.log_bucket_name}"], tolist(var.excluded_bucket_arns))))

  # An object's ARN begins with its bucket's and a slash: without the slash, neighbours whose names begin alike would be lost too. Other resources
  # have ARNs of their own, so they are left out by their whole ARN.
  left_out = {
    not_starts_with = { "AWS::S3::Object" = [for arn in local.excluded_bucket_arns : "${arn}/"] }
    not_equals      = { for type, arns in var.excluded_resource_arns : type => sort(arns) }
  }

  management_selectors = [for m in [var.event_selectors.management] : {
    name = "Management events"
    fields = [
      { field = "eventCategory", equals = ["Management"] },
      { field = "readOnly", equals = local.read_only[m.read_write] },
      { field = "eventSource", not_equals = sort(m.exclude_event_sources) },
    ]
  } if m.record]

  data_selectors = [for s in var.event_selectors.data : {
    name = s.name
    fields = concat(
      [
        { field = "eventCategory", equals = ["Data"] },
        { field = "resources.type", equals = [s.resource_type] },
        { field = "readOnly", equals = local.read_only[s.read_write] },
        merge({ field = "resources.ARN" }, { for o in local.operators : o => distinct(concat(
          flatten([for f in s.fields : f[o] if f.field == "resources.ARN"]),
          try(local.left_out[o][s.resource_type], []),
        )) }),
      ],
      [for f in s.fields : f if f.field != "resources.ARN"],
    )
  }]

  network_activity_selectors = [for s in var.event_selectors.network_activity : {
    name = s.name
    fields = concat(
      [
        { field = "eventCategory", equals = ["NetworkActivity"] },
        { field = "eventSource", equals = [s.event_source] },
        { field = "errorCode", equals = [for denied in [s.denied_only] : "VpceAccessDenied" if denied] },
      ],
      s.fields,
    )
  }]

  # Every operator of every field, those without values as empty lists, and no field without any value.
  selectors = [for s in concat(local.management_selectors, local.data_selectors, local.network_activity_selectors) : {
    name = s.name
    fields = [for f in [for g in s.fields : merge({ for o in local.operators : o => [] }, { for k, v in g : k => v })] : f
    if length(flatten([for o in local.operators : f[o]])) > 0]
  }]

  value_count = length(flatten([for s in local.selectors : [for f in s.fields : [for o in local.operators : f[o]]]]))

  # What a selector asks for by name and the exclusion takes away again.
  contradictions = flatten([for s in var.event_selectors.data : [for f in s.fields : [for v in concat(f.equals, f.starts_with) : v
    if anytrue([for prefix in local.left_out.not_starts_with["AWS::S3::Object"] : startswith(v, prefix)])]
  if s.resource_type == "AWS::S3::Object" && f.field == "resources.ARN"]])
}
