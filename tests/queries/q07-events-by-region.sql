-- Events of one account by Region
-- rows: some
-- let account = SELECT accountid FROM events WHERE accountid IS NOT NULL GROUP BY accountid ORDER BY count(*) DESC, accountid LIMIT 1
SELECT region, count(*) AS events
FROM events
WHERE accountid = '{account}' AND region IS NOT NULL
GROUP BY region
ORDER BY events DESC, region;
