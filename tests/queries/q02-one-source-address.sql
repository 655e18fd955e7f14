-- Everything from one source address in the last week
-- rows: some
-- let until = SELECT to_char(max(time_dt), '%Y-%m-%d %H:%M:%S') FROM events
-- let address = SELECT source_ip FROM events WHERE source_ip IS NOT NULL GROUP BY source_ip ORDER BY count(*) DESC, source_ip LIMIT 1
SELECT api.request.uid AS request, time_dt, api.service.name AS service, api.operation, cloud.region, actor.user.uid AS principal
FROM events
WHERE time_dt BETWEEN TIMESTAMP '{until}' - INTERVAL '7' DAY AND TIMESTAMP '{until}' AND src_endpoint.ip = '{address}'
ORDER BY time DESC, event_uid, record_hash
LIMIT 25;
