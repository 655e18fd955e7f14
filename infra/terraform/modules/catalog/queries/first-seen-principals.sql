-- name: Principals seen for the first time
-- description: Principals that acted in the last 7 days and not in the 30 days before.
-- To change: the number of days; both where they stand in the first condition and where they part the new from the old.
SELECT
  principal_arn,
  accountid,
  min(event_time) AS first_seen,
  count(DISTINCT record_hash) AS calls,
  count(DISTINCT api.operation) AS different_calls,
  count(DISTINCT source_ip) AS addresses
FROM events
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '37' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND category = 'management'
  AND principal_arn IS NOT NULL
GROUP BY principal_arn, accountid
HAVING min(eventday) >= date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d')
ORDER BY first_seen DESC
LIMIT 1000
