"""Asks an archive with an auditor's files twice: with `trailkeep query` and with DuckDB through the views that the page of queries gives for it.

audited_answers.py TRAILKEEP ARCHIVE QUERIES_MD

Answers are compared as multisets of rows. Prints a line a question; ends with 1 where answers differ, or where one finds no rows.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import duckdb

trailkeep, archive, page = sys.argv[1:4]

RECORD = "event_uid, accountid, record_hash"
AUDITED = "verified, account_name, account_ou_path, account_tags"
# The view of CloudTrail's columns is not there in DuckDB: its events once are, by the Record.
QUESTIONS = [
    ("each event as landed", f"SELECT source_bucket, source_key, record_index, {RECORD}, {AUDITED} FROM audited_events", None),
    ("each event, by name", f"SELECT source_bucket, source_key, record_index, {RECORD}, {AUDITED} FROM events", "audited_events"),
    ("each Record once", "SELECT eventid, recipientaccountid, recordhash, verified, account_name, account_ou_path, account_tags FROM audited_cloudtrail",
     f"SELECT {RECORD}, {AUDITED} FROM audited_records"),
    ("outcomes of events", "SELECT verified, count(*) FROM audited_events GROUP BY 1", None),
    ("outcomes of Records", "SELECT verified, count(*) FROM audited_cloudtrail GROUP BY 1", "SELECT verified, count(*) FROM audited_records GROUP BY 1"),
    ("not proven, by day", "SELECT eventday, verified, count(*) FROM audited_events WHERE verified IS DISTINCT FROM 'verified' GROUP BY 1, 2", None),
    ("accounts as they were", "SELECT accountid, account_name, account_ou_path, account_tags['team'], min(event_time), max(event_time), count(*) FROM audited_events GROUP BY 1, 2, 3, 4", None),
    ("events of nobody known", "SELECT accountid, eventday, count(*) FROM audited_events WHERE account_name IS NULL GROUP BY 1, 2", None),
    ("one organizational unit", "SELECT accountid, eventday, count(*) FROM audited_events WHERE account_ou_path LIKE 'Root/Production%' AND verified = 'verified' GROUP BY 1, 2", None),
    ("outcomes", "SELECT day, sequence, kind, bucket, key, revision, inflated_sha256, outcome, account, region, delivered_at FROM outcomes", None),
    ("accounts", "SELECT account, name, email, state, ou_path, tags, valid_from, valid_to, observed_at, joined_at, left_at FROM accounts", None),
    ("current accounts", "SELECT account, name, state, ou_path, tags FROM current_accounts", None),
    ("findings", "SELECT id, \"at\", change, name, severity, account, key, detail FROM findings", None),
    ("open findings", "SELECT id, \"at\", change, name, severity, account, key, detail FROM open_findings", None),
]


def connect():
    """What the page tells a user of DuckDB to type, over this archive."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    blocks = pathlib.Path(page).read_text().split("```sql duckdb\n")[1:]
    script = "\n".join(block.split("```")[0] for block in blocks)
    assert "= 'audit'" in script, "the page names no archive"
    db.execute(script.replace("= 'audit'", f"= '{archive}'"))
    return db


def plain(value):
    if isinstance(value, dict):
        return sorted((name, plain(inner)) for name, inner in value.items())
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value


def rows_of(relation):
    return sorted(repr([plain(value) for value in row]) for row in relation.fetchall())


def ask_trailkeep(db, sql):
    with tempfile.TemporaryDirectory() as directory:
        answer = os.path.join(directory, "answer.parquet")
        asked = [trailkeep, "query", "--archive", archive, "--output", "parquet", "--to", answer, sql]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return rows_of(db.execute(f"SELECT * FROM read_parquet('{answer}')"))


def main():
    db = connect()
    wrong = 0
    for title, ours, theirs in QUESTIONS:
        theirs = ours.replace("FROM events", f"FROM {theirs}") if theirs == "audited_events" else theirs or ours
        ours, theirs = ask_trailkeep(db, ours), rows_of(db.execute(theirs))
        verdict = "different" if ours != theirs else "same" if ours else "no rows"
        print(f"{verdict:9} {len(ours)} rows  {title}")
        if verdict == "different":
            print("  only trailkeep:", *sorted(set(ours) - set(theirs))[:3], sep="\n    ")
            print("  only DuckDB:", *sorted(set(theirs) - set(ours))[:3], sep="\n    ")
        wrong += verdict != "same"
    seen = {row[0] for row in db.execute("SELECT DISTINCT verified FROM audited_events").fetchall()}
    lacking = {None, "verified", "unlisted", "altered", "revision_differs", "not_covered", "no_digest"} - seen
    if lacking:
        print("not in the archive:", lacking)
    print(f"{len(QUESTIONS)} questions, {wrong} wrong")
    return 1 if wrong or lacking else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # DuckDB complains about its own threads on the way out
