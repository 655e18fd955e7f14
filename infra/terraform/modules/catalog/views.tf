# A view in Glue is a table whose text is a comment with JSON in Base64: what Athena's own CREATE VIEW writes.
# Everything in it follows from the column lists in columns/ and the SQL in views/; test_catalog.py decodes it and runs it.

locals {
  views = {
    cloudtrail       = "Each Record once, under CloudTrail's own column names as CloudTrail Lake has them."
    audited_events   = "The events as they landed, with whether each is what CloudTrail signed, and its account's name, units and tags as they were."
    current_accounts = "The accounts that are in the organization now, as they were last observed."
    open_findings    = "What the auditor found and is not settled."
    security_lake_v1 = "The events in the shape of Security Lake's source version 1 (cloud_trail_mgmt_1_0)."
  }

  columns = { for list in concat(keys(local.tables), keys(local.views)) : list => jsondecode(file("${path.module}/columns/${list}.json")) }

  # Glue's types in Athena's spelling: struct<a:string> is row("a" varchar).
  sql_types = {
    for view, _ in local.views : view => {
      for column in local.columns[view] : column.name => replace(replace(replace(replace(replace(replace(replace(
        replace(column.type, "/([a-z0-9_]+):/", "\"$1\" "),
        "/string([,>]|$)/", "varchar$1"),
        "/\\bint([,>]|$)/", "integer$1"),
        "/timestamp([,>]|$)/", "timestamp(3)$1"),
        "struct<", "row("),
        "array<", "array("),
        "map<", "map("),
      ">", ")")
    }
  }

  nothing = "CAST(MAP() AS MAP(VARCHAR, VARCHAR))"

  # What has no column lies flattened in `unmapped`. These put one member of the Record together again, as JSON text.
  below = {
    for member in [
      "additionalEventData", "addendum", "edgeDeviceDetails", "insightDetails", "serviceEventDetails",
      "userIdentity.sessionContext.webIdFederationData.attributes",
    ] : member => "transform_keys(map_filter(coalesce(unmapped, ${local.nothing}), (k, v) -> starts_with(k, '${member}.')), (k, v) -> substr(k, ${length(member) + 2}))"
  }
  # Two members of additionalEventData have columns.
  with_columns = {
    additionalEventData = "map_filter(MAP(ARRAY['MFAUsed', 'LoginTo'], ARRAY[CASE WHEN is_mfa THEN 'Yes' WHEN NOT is_mfa THEN 'No' END, dst_endpoint.svc_name]), (k, v) -> v IS NOT NULL)"
  }
  put_together = {
    for member, map in local.below : member => format(
      "coalesce(nullif(json_format(CAST(%s AS JSON)), '{}'), element_at(unmapped, '%s'))",
      try("map_concat(${map}, ${local.with_columns[member]})", map), member
    )
  }

  # The members of a JSON text, texts without quotes, anything else as JSON.
  members = {
    for member, text in { requestParameters = "api.request.data", responseElements = "api.response.data" } : member => format(
      "transform_values(transform_keys(map_filter(coalesce(TRY_CAST(TRY(json_parse(%s)) AS MAP(VARCHAR, JSON)), CAST(MAP() AS MAP(VARCHAR, JSON))), (k, v) -> json_format(v) <> 'null'), (k, v) -> '%s.' || k), (k, v) -> coalesce(json_extract_scalar(v, '$'), json_format(v)))",
      text, member
    )
  }

  view_sql = {
    for view, _ in local.views : view => join("\n", [
      for line in split("\n", trimspace(templatefile("${path.module}/views/${view}.sql", {
        type         = local.sql_types[view]
        element_type = { for name, type in local.sql_types[view] : name => trimsuffix(trimprefix(type, "array("), ")") if startswith(type, "array(") }
        put_together = local.put_together
        members      = local.members
      }))) : line if !startswith(line, "--")
    ])
  }
}

resource "aws_glue_catalog_table" "view" {
  for_each = local.views

  database_name = aws_glue_catalog_database.this.name
  name          = each.key
  description   = each.value
  table_type    = "VIRTUAL_VIEW"

  parameters = {
    presto_view = "true"
    comment     = "Presto View"
  }

  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    originalSql = local.view_sql[each.key]
    catalog     = "awsdatacatalog"
    schema      = local.database
    columns     = [for column in local.columns[each.key] : { name = column.name, type = local.sql_types[each.key][column.name] }]
  }))} */"

  storage_descriptor {
    ser_de_info {
      name                  = "-"
      serialization_library = "-"
    }

    dynamic "columns" {
      for_each = local.columns[each.key]
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  depends_on = [aws_glue_catalog_table.table]
}
