-- Console log-ons without a second factor
-- rows: some
SELECT time_dt, actor.user.uid AS principal, src_endpoint.ip AS address, status, dst_endpoint.svc_name AS console
FROM events
WHERE class_uid = 3002 AND api.operation = 'ConsoleLogin' AND is_mfa = false
ORDER BY time, event_uid, record_hash;
