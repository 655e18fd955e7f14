-- name: What came from one address
-- description: Principals and calls from one source address in the last 30 days.
-- To change: the address, the number of days.
SELECT
  principal_arn,
  accountid,
  api.service.name AS service,
  api.operation AS call,
  status,
  count(DISTINCT record_hash) AS calls,
  min(event_time) AS first_seen,
  max(event_time) AS last_seen
FROM events
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND source_ip = '203.0.113.10'
GROUP BY principal_arn, accountid, api.service.name, api.operation, status
ORDER BY first_seen
LIMIT 1000
