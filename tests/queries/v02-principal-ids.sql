-- Source version 1: uuid is the ARN, uid the principal's id
-- rows: some
SELECT actor.user.uuid AS arn, actor.user.uid AS id, actor.user.account_uid AS account, array_sort(array_agg(DISTINCT api.operation)) AS operations
FROM security_lake_v1
WHERE actor.user.type = 'IAMUser'
GROUP BY actor.user.uuid, actor.user.uid, actor.user.account_uid
ORDER BY arn NULLS LAST, id NULLS LAST, account NULLS LAST;
