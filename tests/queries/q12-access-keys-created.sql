-- Access keys that were created, and for whom
-- rows: some
SELECT time_dt, actor.user.name AS name,
  json_extract_scalar(api.response.data, '$.accessKey.userName') AS user_name,
  json_extract_scalar(api.response.data, '$.accessKey.accessKeyId') AS access_key
FROM events
WHERE api.operation = 'CreateAccessKey' AND api.response.error IS NULL
ORDER BY time, event_uid, record_hash;
