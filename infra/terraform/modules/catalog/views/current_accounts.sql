-- The accounts that are in the organization now, as they were last observed: each file has the whole history, and the newest counts.
SELECT
  organization, management_account, account, valid_from, observed_at, name, email, state, ou_path, ou_ids, tags, unknown, regions, joined_at, joined_method
FROM accounts
WHERE "$path" = (SELECT max("$path") FROM accounts) AND valid_to IS NULL AND left_at IS NULL
