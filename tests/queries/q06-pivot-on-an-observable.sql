-- Where an address was observed
-- rows: some
-- let address = SELECT source_ip FROM events WHERE source_ip IS NOT NULL GROUP BY source_ip ORDER BY count(*) DESC, source_ip LIMIT 1
SELECT time_dt, event_uid, o.name, o.value
FROM events, UNNEST(observables) AS t(o)
WHERE o.value = '{address}' AND o.name = 'src_endpoint.ip'
ORDER BY time_dt, event_uid, record_hash
LIMIT 25;
