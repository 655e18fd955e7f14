-- name: What landed, day by day
-- description: Objects, Records, duplicates and what is in quarantine, by day of landing and kind, for the last 30 days.
-- To change: the number of days.
SELECT
  day,
  kind,
  count(*) AS objects,
  sum(records) AS records,
  sum(landed) AS landed,
  sum(duplicates) AS duplicates,
  sum(quarantined) AS quarantined,
  sum(stored_bytes) AS stored_bytes,
  approx_percentile(date_diff('second', delivered_at, landed_at), 0.99) AS seconds_to_land
FROM sources
WHERE day BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
GROUP BY day, kind
ORDER BY day DESC, kind
