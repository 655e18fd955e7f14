-- The events as they landed, in the shape of Security Lake's source version 1 (OCSF 1.0.0-rc.2), for queries written against it.
-- Version 1 kept the event type and the members of the request's and the response's JSON in `unmapped`, and called API Activity 3005.
SELECT
  CAST(ROW(
    ROW(metadata.product.version, metadata.product.name, metadata.product.vendor_name, ROW(metadata.product.feature.name)),
    metadata.uid,
    metadata.profiles,
    '1.0.0-rc.2'
  ) AS ${type["metadata"]}) AS metadata,
  time,
  CAST(ROW(cloud.region, cloud.provider) AS ${type["cloud"]}) AS cloud,
  CAST(ROW(
    ROW(api.response.error, api.response.message),
    api.operation,
    api.version,
    ROW(api.service.name),
    ROW(api.request.uid)
  ) AS ${type["api"]}) AS api,
  CAST(ROW(dst_endpoint.svc_name) AS ${type["dst_endpoint"]}) AS dst_endpoint,
  CAST(ROW(
    ROW(
      actor."user".type,
      actor."user".name,
      actor."user".uid_alt,
      actor."user".uid,
      actor."user".account.uid,
      actor."user".credential_uid),
    ROW(actor.session.created_time, actor.session.is_mfa, actor.session.issuer),
    actor.invoked_by,
    ROW(actor.idp.name)
  ) AS ${type["actor"]}) AS actor,
  http_request,
  CAST(ROW(src_endpoint.uid, src_endpoint.ip, src_endpoint.domain) AS ${type["src_endpoint"]}) AS src_endpoint,
  class_name,
  CASE class_uid WHEN 6003 THEN 3005 ELSE class_uid END AS class_uid,
  'Audit Activity' AS category_name,
  3 AS category_uid,
  severity_id,
  severity,
  status_id,
  status,
  CAST(ROW("user".name, "user".uid_alt, "user".uid) AS ${type["user"]}) AS "user",
  activity_name,
  activity_id,
  CAST((CASE class_uid WHEN 6003 THEN 3005 ELSE class_uid END) * 100 + activity_id AS INTEGER) AS type_uid,
  type_name,
  is_mfa AS mfa,
  map_concat(
    coalesce(unmapped, CAST(MAP() AS MAP(VARCHAR, VARCHAR))),
    map_filter(MAP(ARRAY['eventType'], ARRAY[metadata.event_code]), (k, v) -> v IS NOT NULL),
    ${members["requestParameters"]},
    ${members["responseElements"]}
  ) AS unmapped,
  region,
  accountid,
  eventday
FROM events
WHERE class_uid IN (3001, 3002, 6003)
