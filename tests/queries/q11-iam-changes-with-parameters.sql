-- Successful changes of accounts, with what was asked for
-- rows: some
SELECT time_dt, actor.user.name AS name, api.operation AS operation,
  json_extract_scalar(api.request.data, '$.userName') AS target,
  json_extract_scalar(api.request.data, '$.policyArn') AS policy
FROM events
WHERE class_uid = 3001 AND api.response.error IS NULL
ORDER BY accountid, time, event_uid, record_hash;
