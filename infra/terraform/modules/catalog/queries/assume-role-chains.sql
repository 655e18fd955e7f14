-- name: Roles assumed from roles
-- description: Chains of the last 7 days: a session took a role, and with that another one. The second row of a chain has the session that the first one gave.
-- To change: the number of days; add a condition on a role or principal.
WITH assumed AS (
  SELECT
    eventtime,
    recipientaccountid,
    useridentity.arn AS caller,
    json_extract_scalar(requestparameters, '$.roleArn') AS role,
    json_extract_scalar(responseelements, '$.assumedRoleUser.arn') AS session_arn,
    sourceipaddress,
    eventid
  FROM cloudtrail
  WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
    AND eventcategory = 'Management'
    AND eventsource = 'sts.amazonaws.com'
    AND eventname IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
    AND errorcode IS NULL
)
SELECT
  earlier.caller AS began_as,
  earlier.role AS first_role,
  later.role AS second_role,
  earlier.recipientaccountid AS first_account,
  later.recipientaccountid AS second_account,
  count(DISTINCT later.eventid) AS times,
  min(later.eventtime) AS first_seen,
  max(later.eventtime) AS last_seen
FROM assumed earlier
JOIN assumed later ON later.caller = earlier.session_arn AND later.eventtime BETWEEN earlier.eventtime AND earlier.eventtime + INTERVAL '12' HOUR
GROUP BY earlier.caller, earlier.role, later.role, earlier.recipientaccountid, later.recipientaccountid
ORDER BY times DESC
LIMIT 1000
