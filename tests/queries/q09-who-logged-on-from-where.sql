-- Log-ons by principal, with their addresses
-- rows: some
SELECT actor.user.uid AS principal, api.operation AS operation, array_sort(array_agg(DISTINCT src_endpoint.ip)) AS addresses
FROM events
WHERE class_uid = 3002 AND activity_id = 1 AND actor.user.uid IS NOT NULL AND src_endpoint.ip IS NOT NULL
GROUP BY actor.user.uid, api.operation
ORDER BY principal, operation;
