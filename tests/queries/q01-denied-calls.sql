-- Calls that were denied in the last week
-- rows: some
-- let until = SELECT to_char(max(time_dt), '%Y-%m-%d %H:%M:%S') FROM events
SELECT time_dt, event_uid, api.service.name AS service, api.operation, api.response.error, api.response.message, cloud.region, actor.user.uid AS principal, src_endpoint.ip
FROM events
WHERE time_dt BETWEEN TIMESTAMP '{until}' - INTERVAL '7' DAY AND TIMESTAMP '{until}'
  AND api.response.error IN ('AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation', 'UnauthorizedOperation', 'Client.OperationNotPermitted')
ORDER BY time DESC, event_uid, record_hash
LIMIT 25;
