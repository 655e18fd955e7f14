-- name: Secrets and parameters read
-- description: Who read secrets and encrypted parameters in the last 7 days, how many, from where.
-- To change: the number of days.
SELECT
  useridentity.arn AS principal,
  recipientaccountid,
  eventname,
  count(*) AS reads,
  count(DISTINCT coalesce(json_extract_scalar(requestparameters, '$.secretId'), json_extract_scalar(requestparameters, '$.name'))) AS secrets,
  count(DISTINCT sourceipaddress) AS addresses,
  count_if(errorcode IS NOT NULL) AS refused
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '7' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Management'
  AND eventname IN ('GetSecretValue', 'BatchGetSecretValue', 'GetParameter', 'GetParameters', 'GetParametersByPath')
GROUP BY useridentity.arn, recipientaccountid, eventname
ORDER BY secrets DESC, reads DESC
LIMIT 1000
