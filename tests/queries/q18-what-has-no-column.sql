-- Counts by values that lie in unmapped
-- rows: some
SELECT unmapped['readOnly'] AS read_only, unmapped['recipientAccountId'] AS account, count(*) AS events
FROM events
GROUP BY unmapped['readOnly'], unmapped['recipientAccountId']
ORDER BY read_only NULLS LAST, account NULLS LAST;
