-- name: Failed console log-ons by address
-- description: Where log-ons failed in the last 7 days, for how many users, and whether the same address got in after all.
-- To change: the number of days.
SELECT
  sourceipaddress,
  count_if(json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure') AS failed,
  count_if(json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Success') AS succeeded,
  count(DISTINCT useridentity.username) AS users,
  min(eventtime) AS first_seen,
  max(eventtime) AS last_seen
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Management'
  AND eventname = 'ConsoleLogin'
GROUP BY sourceipaddress
HAVING count_if(json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure') > 0
ORDER BY failed DESC
LIMIT 1000
