-- The events in the shape of Security Lake's source version 1 (OCSF 1.0.0-rc.2), for queries written against it.
SELECT
  named_struct(
    'product', named_struct(
      'version', metadata.product.version,
      'name', metadata.product.name,
      'vendor_name', metadata.product.vendor_name,
      'feature', named_struct('name', metadata.product.feature.name)),
    'uid', metadata.uid,
    'profiles', metadata.profiles,
    'version', '1.0.0-rc.2') AS metadata,
  time,
  named_struct('region', cloud.region, 'provider', cloud.provider) AS cloud,
  named_struct(
    'response', named_struct('error', api.response.error, 'message', api.response.message),
    'operation', api.operation,
    'version', api.version,
    'service', named_struct('name', api.service.name),
    'request', named_struct('uid', api.request.uid)) AS api,
  named_struct('svc_name', dst_endpoint.svc_name) AS dst_endpoint,
  named_struct(
    'user', named_struct(
      'type', actor."user".type,
      'name', actor."user".name,
      'uid', actor."user".uid_alt,
      'uuid', actor."user".uid,
      'account_uid', actor."user".account.uid,
      'credential_uid', actor."user".credential_uid),
    'session', named_struct('created_time', actor.session.created_time, 'mfa', actor.session.is_mfa, 'issuer', actor.session.issuer),
    'invoked_by', actor.invoked_by,
    'idp', named_struct('name', actor.idp.name)) AS actor,
  http_request,
  named_struct('uid', src_endpoint.uid, 'ip', src_endpoint.ip, 'domain', src_endpoint.domain) AS src_endpoint,
  class_name,
  CASE class_uid WHEN 6003 THEN 3005 ELSE class_uid END AS class_uid,
  'Audit Activity' AS category_name,
  CAST(3 AS INTEGER) AS category_uid,
  severity_id,
  severity,
  status_id,
  status,
  named_struct('name', "user".name, 'uid', "user".uid_alt, 'uuid', "user".uid) AS "user",
  activity_name,
  activity_id,
  CAST((CASE class_uid WHEN 6003 THEN 3005 ELSE class_uid END) * 100 + activity_id AS INTEGER) AS type_uid,
  type_name,
  is_mfa AS mfa,
  security_lake_v1_unmapped(unmapped, metadata.event_code, api.request.data, api.response.data) AS unmapped,
  region,
  accountid,
  eventday
FROM events
WHERE class_uid IN (3001, 3002, 6003)
