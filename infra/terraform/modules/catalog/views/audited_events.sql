-- The events as they landed, each with what came of its source in the newest attestation of that source's delivery day, and its account as it was at the time.
-- An attestation's leaves have its name and the beginning of its root in theirs: what was never attested, or somebody put there, is passed over.
-- Of several revisions of a source the worst outcome counts: a row does not say which of them it is from.
SELECT
  landed.*,
  CASE WHEN attested.differs AND attested.worst = 1 THEN 'revision_differs' ELSE attested.outcome END AS verified,
  history.name AS account_name,
  history.ou_path AS account_ou_path,
  history.tags AS account_tags
FROM events landed
LEFT JOIN (
  SELECT
    leaves.day,
    leaves.bucket,
    leaves.key,
    max(leaves.place) AS worst,
    max_by(leaves.outcome, leaves.place) AS outcome,
    count(DISTINCT coalesce(leaves.inflated_sha256, '')) > 1 AS differs
  FROM (
    SELECT
      day, bucket, key, inflated_sha256, outcome, revision, "$path" AS path,
      CASE outcome
        WHEN 'verified' THEN 1 WHEN 'not_covered' THEN 2 WHEN 'unlisted_within_grace' THEN 3 WHEN 'missing_within_grace' THEN 4 WHEN 'missing' THEN 5
        WHEN 'quarantined' THEN 6 WHEN 'revision_differs' THEN 7 WHEN 'no_digest' THEN 8 WHEN 'unlisted' THEN 9 WHEN 'listed_differently' THEN 10 WHEN 'altered' THEN 11 ELSE 12
      END AS place
    FROM outcomes
  ) leaves
  JOIN (
    SELECT day, max(regexp_extract("$path", '([0-9]{12}-[a-z]+)[.]json$', 1) || '-' || substr(statement.sources.merkle_root, 1, 16)) AS name
    FROM attestations
    GROUP BY day
  ) newest ON newest.day = leaves.day AND newest.name = regexp_extract(leaves.path, '([0-9]{12}-[a-z]+-[0-9a-f]{16})[.]parquet$', 1)
  WHERE leaves.revision > 0
  GROUP BY leaves.day, leaves.bucket, leaves.key
) attested ON attested.day = regexp_extract(landed.source_key, '_(\d{8})T\d{4}Z', 1) AND attested.bucket = landed.source_bucket AND attested.key = landed.source_key
LEFT JOIN (
  SELECT
    account, name, ou_path, tags, ends,
    CASE WHEN joined_at < valid_from AND joined_at >= coalesce(least(ended, valid_from), TIMESTAMP '1970-01-01 00:00:00') THEN joined_at ELSE valid_from END AS begins
  FROM (
    SELECT
      account, name, ou_path, tags, joined_at, valid_from,
      least(
        coalesce(valid_to, TIMESTAMP '9999-12-31 00:00:00'),
        coalesce(lead(valid_from) OVER (PARTITION BY account ORDER BY valid_from, observed_at), TIMESTAMP '9999-12-31 00:00:00')) AS ends,
      lag(coalesce(valid_to, TIMESTAMP '9999-12-31 00:00:00')) OVER (PARTITION BY account ORDER BY valid_from, observed_at) AS ended
    FROM accounts
    WHERE "$path" = (SELECT max("$path") FROM accounts) AND (valid_to IS NULL OR valid_from < valid_to)
  )
) history ON history.account = landed.accountid AND landed.event_time >= history.begins AND landed.event_time < history.ends
