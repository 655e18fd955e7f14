-- Source version 1: request parameters among the unmapped
-- rows: some
SELECT time, actor.user.name AS name, api.operation AS operation, unmapped['requestParameters.userName'] AS target
FROM security_lake_v1
WHERE class_uid = 3001 AND unmapped['requestParameters.userName'] IS NOT NULL
ORDER BY time, operation, target, name;
