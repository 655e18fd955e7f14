-- How often each operation was called in each Region
-- rows: some
SELECT region, api.operation AS operation, count(*) AS calls
FROM events
GROUP BY region, api.operation
ORDER BY region NULLS LAST, calls DESC, operation NULLS LAST;
