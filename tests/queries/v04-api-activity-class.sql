-- Source version 1: API Activity had the number 3005
-- rows: some
SELECT type_uid, count(*) AS events
FROM security_lake_v1
WHERE class_uid = 3005
GROUP BY type_uid
ORDER BY type_uid;
