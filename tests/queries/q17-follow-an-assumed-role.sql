-- What the sessions of assumed roles did
-- rows: any
SELECT a.session.uid AS role_session, b.api.operation AS operation, count(*) AS calls
FROM events a JOIN events b ON b.actor.user.credential_uid = a.session.credential_uid
WHERE a.api.operation LIKE 'AssumeRole%' AND a.session.credential_uid IS NOT NULL
GROUP BY a.session.uid, b.api.operation
ORDER BY role_session, operation;
