-- name: Access denied, by principal
-- description: Who was refused most often in the last 7 days, in how many services and accounts. A principal that tries many calls for the first time is looking around.
-- To change: the number of days.
SELECT
  useridentity.arn AS principal,
  count(*) AS refused,
  count(DISTINCT eventname) AS calls,
  count(DISTINCT eventsource) AS services,
  count(DISTINCT recipientaccountid) AS accounts,
  count(DISTINCT sourceipaddress) AS addresses,
  min(eventtime) AS first_seen,
  max(eventtime) AS last_seen
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND (errorcode LIKE '%AccessDenied%' OR errorcode LIKE '%UnauthorizedOperation')
GROUP BY useridentity.arn
ORDER BY refused DESC
LIMIT 1000
