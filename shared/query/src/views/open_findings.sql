-- What is found and not settled: the latest change of each finding, unless that settled it. Of changes of one time the one that leaves it open counts.
SELECT
  id, at, change, name, severity, provisional, organization, account, region, trail, bucket, key, since, until, how_many, reasons, detail, evidence,
  first_seen, attempts, last_attempt, round, day
FROM (
  SELECT
    findings.*,
    row_number() OVER (PARTITION BY id ORDER BY at DESC, CASE WHEN change IN ('resolved', 'healed') THEN 1 ELSE 0 END, attempts DESC) AS latest
  FROM findings
) AS changes
WHERE latest = 1 AND change NOT IN ('resolved', 'healed')
