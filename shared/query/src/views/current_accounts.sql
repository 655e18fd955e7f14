-- The accounts that are in the organization now, as they were last observed.
SELECT
  organization, management_account, account, valid_from, observed_at, name, email, state, ou_path, ou_ids, tags, unknown, regions, joined_at, joined_method
FROM accounts
WHERE valid_to IS NULL AND left_at IS NULL
