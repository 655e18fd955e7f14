-- name: S3 objects read, by principal
-- description: Who read how many objects and bytes of which bucket yesterday and today. Needs data events of the trail.
-- To change: the number of days; add a condition on the bucket.
SELECT
  useridentity.arn AS principal,
  json_extract_scalar(requestparameters, '$.bucketName') AS bucket,
  count(*) AS reads,
  count(DISTINCT json_extract_scalar(requestparameters, '$.key')) AS objects,
  sum(TRY_CAST(json_extract_scalar(additionaleventdata, '$.bytesTransferredOut') AS DOUBLE)) AS bytes_out,
  count(DISTINCT sourceipaddress) AS addresses
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '1' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Data'
  AND eventsource = 's3.amazonaws.com'
  AND eventname IN ('GetObject', 'SelectObjectContent', 'CopyObject')
  AND errorcode IS NULL
GROUP BY useridentity.arn, json_extract_scalar(requestparameters, '$.bucketName')
ORDER BY bytes_out DESC NULLS LAST, reads DESC
LIMIT 1000
