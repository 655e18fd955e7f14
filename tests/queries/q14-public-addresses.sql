-- Calls from public IPv4 addresses
-- rows: any
SELECT src_endpoint.ip AS address, api.operation AS operation, count(*) AS calls
FROM events
WHERE contains('0.0.0.0/0', CAST(src_endpoint.ip AS IPADDRESS))
  AND NOT contains('10.0.0.0/8', CAST(src_endpoint.ip AS IPADDRESS))
  AND NOT contains('172.16.0.0/12', CAST(src_endpoint.ip AS IPADDRESS))
  AND NOT contains('192.168.0.0/16', CAST(src_endpoint.ip AS IPADDRESS))
GROUP BY src_endpoint.ip, api.operation
ORDER BY calls DESC, address, operation
LIMIT 25;
