-- name: Root user: what it did
-- description: Every call with a root user's own credentials in the last 30 days. Expect none, but for what only root can do.
-- To change: the number of days.
SELECT eventtime, recipientaccountid, awsregion, eventsource, eventname, sourceipaddress, useragent, errorcode, eventid
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND useridentity.type = 'Root'
  AND useridentity.invokedby IS NULL
  AND eventtype <> 'AwsServiceEvent'
ORDER BY eventtime DESC
LIMIT 1000
