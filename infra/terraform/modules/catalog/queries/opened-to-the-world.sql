-- name: Opened to the world
-- description: Security groups, buckets, snapshots and images that were opened to everybody, or whose guard against it was taken away, in the last 30 days.
-- To change: the number of days.
SELECT eventtime, recipientaccountid, awsregion, useridentity.arn AS principal, eventname, requestparameters, eventid
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Management'
  AND errorcode IS NULL
  AND (
    (eventname = 'AuthorizeSecurityGroupIngress' AND (requestparameters LIKE '%0.0.0.0/0%' OR requestparameters LIKE '%::/0%'))
    OR eventname IN ('DeleteBucketPublicAccessBlock', 'DeleteAccountPublicAccessBlock', 'PutBucketPolicy', 'PutBucketAcl')
    OR (eventname IN ('ModifySnapshotAttribute', 'ModifyImageAttribute') AND requestparameters LIKE '%"all"%')
  )
ORDER BY eventtime DESC
LIMIT 1000
