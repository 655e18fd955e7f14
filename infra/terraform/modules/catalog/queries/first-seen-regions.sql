-- name: Regions used for the first time
-- description: Account and Region pairs with changes in the last 7 days and none in the 90 days before. Who mines coins goes where nobody looks.
-- To change: the number of days; both where they stand in the first condition and where they part the new from the old.
SELECT
  accountid,
  region,
  min(event_time) AS first_seen,
  count(DISTINCT record_hash) AS changes,
  array_agg(DISTINCT principal_arn) AS principals
FROM events
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '97' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND category = 'management'
  AND element_at(unmapped, 'readOnly') = 'false'
GROUP BY accountid, region
HAVING min(eventday) >= date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d')
ORDER BY first_seen DESC
LIMIT 1000
