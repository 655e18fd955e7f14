-- The newest calls to IAM, with whole columns
-- rows: some
SELECT event_uid, time_dt, metadata, actor, api, resources, status
FROM events
WHERE api.service.name = 'iam.amazonaws.com'
ORDER BY time DESC, event_uid, record_hash
LIMIT 25;
