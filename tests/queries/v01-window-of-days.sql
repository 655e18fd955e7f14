-- Source version 1: one account and address in a span of days
-- rows: some
-- let first = SELECT min(eventday) FROM events
-- let last = SELECT max(eventday) FROM events
-- let address = SELECT source_ip FROM events WHERE source_ip IS NOT NULL GROUP BY source_ip ORDER BY count(*) DESC, source_ip LIMIT 1
-- let account = SELECT accountid FROM events WHERE source_ip = '{address}' GROUP BY accountid ORDER BY count(*) DESC, accountid LIMIT 1
SELECT time, eventday, accountid, api.operation AS operation
FROM security_lake_v1
WHERE eventday >= '{first}' AND eventday <= '{last}' AND accountid = '{account}' AND src_endpoint.ip = '{address}'
ORDER BY time DESC, operation
LIMIT 10;
