-- name: What one access key did
-- description: Calls with one access key in the last 90 days, by service, call, Region and address. Reads only the top-level columns, so it is cheap over many days.
-- To change: the key's id, the number of days.
SELECT
  api.service.name AS service,
  api.operation AS call,
  accountid,
  region,
  source_ip,
  count(DISTINCT record_hash) AS calls,
  count(DISTINCT CASE WHEN status = 'Failure' THEN record_hash END) AS failed,
  min(event_time) AS first_seen,
  max(event_time) AS last_seen
FROM events
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '90' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND access_key_id = 'AKIAIOSFODNN7EXAMPLE'
GROUP BY api.service.name, api.operation, accountid, region, source_ip
ORDER BY first_seen
LIMIT 1000
