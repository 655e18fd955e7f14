-- name: Objects whose Records are not all events
-- description: Objects of the last 7 days of landing that could not be read, or only in part, or whose Records have no row in events. Expect none; the bytes are in the archive in any case.
-- To change: the number of days. Objects with events older than 30 days are left out of the comparison, so that not all of events is read.
SELECT sources.bucket, sources.key, sources.outcome, sources.reason, sources.records, sources.landed, sources.quarantined, sources.batch, sources.landed_at
FROM sources
LEFT JOIN (
  SELECT DISTINCT source_bucket, source_key, batch
  FROM events
  WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '31' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
) seen ON seen.source_bucket = sources.bucket AND seen.source_key = sources.key AND seen.batch = sources.batch
WHERE sources.day BETWEEN date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND (sources.outcome IN ('partial', 'quarantined') OR (sources.landed > 0 AND sources.first_event_at >= current_date - INTERVAL '30' DAY AND seen.source_key IS NULL))
ORDER BY sources.landed_at DESC
LIMIT 1000
