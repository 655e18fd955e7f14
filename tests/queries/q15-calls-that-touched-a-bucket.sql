-- Calls with a bucket among their resources
-- rows: some
SELECT time_dt, api.operation AS operation, actor.user.uid AS principal
FROM events
WHERE any_match(resources, r -> r.type = 'AWS::S3::Bucket')
ORDER BY time, event_uid, record_hash
LIMIT 25;
