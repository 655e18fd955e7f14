-- name: Console log-ons without MFA
-- description: Successful console log-ons of the last 30 days in which CloudTrail saw no second factor. Federated users show up here if their provider asked for it, since AWS cannot tell.
-- To change: the number of days.
SELECT eventtime, recipientaccountid, useridentity.type AS identity, useridentity.arn AS principal, sourceipaddress, useragent, eventid
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Management'
  AND eventname = 'ConsoleLogin'
  AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Success'
  AND coalesce(json_extract_scalar(additionaleventdata, '$.MFAUsed'), 'No') <> 'Yes'
ORDER BY eventtime DESC
LIMIT 1000
