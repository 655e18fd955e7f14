-- Who failed at something
-- rows: some
SELECT actor.user.uid AS principal, actor.user.uid_alt AS principal_id, actor.user.account.uid AS account, cloud.region, time
FROM events
WHERE status = 'Failure'
ORDER BY time DESC, event_uid, record_hash
LIMIT 25;
