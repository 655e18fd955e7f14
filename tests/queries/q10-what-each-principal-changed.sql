-- Operations that do more than read, by principal
-- rows: some
SELECT actor.user.uid AS principal, actor.user.name AS name,
  array_sort(array_agg(DISTINCT api.operation)) AS operations,
  count(DISTINCT src_endpoint.ip) AS addresses,
  count(DISTINCT http_request.user_agent) AS agents
FROM events
WHERE api.operation NOT LIKE 'Get%' AND api.operation NOT LIKE 'List%' AND api.operation NOT LIKE 'Describe%' AND api.operation <> 'AssumeRole'
GROUP BY actor.user.uid, actor.user.name
ORDER BY principal NULLS LAST, name NULLS LAST;
