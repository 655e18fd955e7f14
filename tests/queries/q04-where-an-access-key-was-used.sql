-- Principals, accounts and Regions of one long-lived access key
-- rows: some
-- let access_key = SELECT min(access_key_id) FROM events WHERE access_key_id LIKE 'AKIA%'
SELECT actor.user.uid AS principal, actor.user.uid_alt AS principal_id, actor.user.account.uid AS account, cloud.region AS called_region, count(*) AS calls
FROM events
WHERE actor.user.credential_uid = '{access_key}'
GROUP BY actor.user.uid, actor.user.uid_alt, actor.user.account.uid, cloud.region
ORDER BY calls DESC, principal, account, called_region;
