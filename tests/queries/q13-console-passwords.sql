-- Console passwords set or changed
-- rows: any
SELECT time_dt, actor.user.name AS name, api.operation AS operation, user.name AS target
FROM events
WHERE api.operation IN ('CreateLoginProfile', 'UpdateLoginProfile') AND status = 'Success'
ORDER BY time, event_uid, record_hash;
