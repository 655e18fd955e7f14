"""The views of what the auditor writes, on rows that are made up: their SQL is taken from the plan and runs in DuckDB, as in test_catalog.py."""

import json

import pytest

from test_catalog import MODULE, archive, opened, plan, views  # noqa: F401  fixtures

DAY = "20260102"
KEY = f"AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-central-1/2026/01/02/111122223333_CloudTrail_eu-central-1_{DAY}T0305Z_abcdefGHIJ0123{{}}.json.gz"


@pytest.fixture(name="database")
def empty_database(archive, views):  # noqa: F811
    with opened(archive, views) as connection:
        yield connection


def put(connection, table, path, *rows, day=None):
    columns = [column["name"] for column in json.loads((MODULE / f"columns/{table}.json").read_text())]
    for row in rows:
        assert set(row) <= set(columns), set(row) - set(columns)
        values = {**row, "day": day, "$path": f"s3://example-audit/org/{table}/{path}"}
        names = ", ".join(f'"{name}"' for name in values)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in values)})", list(values.values()))


def account(name, valid_from, valid_to=None, **more):
    return {"account": "111122223333", "name": name, "state": "ACTIVE", "valid_from": valid_from, "valid_to": valid_to, "observed_at": valid_from, **more}


def leaf(number, outcome, revision=1, sha="aa"):
    return {"bucket": "org-logs", "key": KEY.format(number), "revision": revision, "inflated_sha256": sha, "outcome": outcome}


def attest(connection, name, root):
    connection.execute(
        "INSERT INTO attestations VALUES (struct_pack(sources := struct_pack(merkle_root := ?)), ?, ?)", [root * 64, DAY, f"s3://example-audit/org/attest/day={DAY}/{name}.json"])


def leaves(connection, name, root, *rows):
    put(connection, "outcomes", f"day={DAY}/{name}-{root * 16}.parquet", *rows, day=DAY)


def test_current_accounts_are_those_of_the_newest_file_that_have_not_left(database):
    put(database, "accounts", "20260101T000000000Z.parquet", account("of an older file", "2025-01-01"))
    put(
        database, "accounts", "20260102T000000000Z.parquet", account("before", "2025-01-01", "2025-06-01"), account("now", "2025-06-01"),
        {**account("gone", "2025-01-01", left_at="2025-02-01"), "account": "444455556666"},
    )
    assert database.execute("SELECT account, name FROM current_accounts").fetchall() == [("111122223333", "now")]


def test_open_findings_are_the_latest_change_of_each_unless_it_settled_it(database):
    change = lambda number, at, what, attempts=0: {"id": f"{number:032x}", "at": at, "change": what, "name": "missing", "attempts": attempts}
    put(
        database, "findings", f"day={DAY}/1.parquet", change(1, "2026-01-02 01:00", "opened"), change(1, "2026-01-02 02:00", "healing", 1), change(2, "2026-01-02 01:00", "opened"),
        change(2, "2026-01-02 03:00", "resolved"), change(3, "2026-01-02 01:00", "healed"), change(3, "2026-01-02 01:00", "reopened"),
        # What somebody knows of is still so: the column `change` tells it from the others.
        change(4, "2026-01-02 01:00", "opened"), change(4, "2026-01-02 02:00", "acknowledged"), day=DAY,
    )
    assert database.execute("SELECT id, change, day FROM open_findings ORDER BY id").fetchall() == [
        (f"{1:032x}", "healing", DAY), (f"{3:032x}", "reopened", DAY), (f"{4:032x}", "acknowledged", DAY)]


@pytest.fixture(name="audited")
def events_of_files_with_outcomes(archive, views):  # noqa: F811
    """verified, account_name of events by the number of their file, at an hour of the day."""
    with opened(archive, views) as connection:

        def rows():
            return dict((number, (verified, name)) for number, verified, name in connection.execute(
                "SELECT regexp_extract(source_key, '([0-9]).json.gz$', 1), verified, account_name FROM audited_events").fetchall())

        view = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'audited_events'").fetchone()[0]
        connection.execute("CREATE TABLE few AS SELECT * FROM events LIMIT 6")
        connection.execute("UPDATE few SET source_bucket = 'org-logs', accountid = '111122223333'")
        for number in range(6):
            connection.execute(
                "UPDATE few SET source_key = ?, event_time = ? WHERE rowid = ?", [KEY.format(number), f"2026-01-02 0{number}:30:00", number])
        connection.execute("DROP VIEW audited_events")
        for name in ("cloudtrail", "security_lake_v1", "events"):
            connection.execute(f"DROP VIEW {name}")
        connection.execute("ALTER TABLE few RENAME TO events")
        connection.execute(view)
        yield connection, rows


def test_audited_events_say_what_came_of_their_source_and_whose_they_were(audited):
    connection, rows = audited
    attest(connection, "000000000001-provisional", "1")
    leaves(connection, "000000000001-provisional", "1", leaf(0, "altered"), leaf(1, "verified"))
    attest(connection, "000000000002-final", "2")
    leaves(
        connection, "000000000002-final", "2", leaf(0, "verified"), leaf(1, "verified"), leaf(1, "verified", 2, "bb"), leaf(2, "quarantined"), leaf(2, "altered", 2), leaf(3, "missing", 0),
        leaf(4, "of_a_later_release"),
    )
    put(
        connection, "accounts", "20260103T000000000Z.parquet", account("first", "2026-01-02 02:00", "2026-01-02 03:00", joined_at="2026-01-02 01:00"), account("second", "2026-01-02 03:00"),
    )
    assert rows() == {
        "0": ("verified", None), "1": ("revision_differs", "first"), "2": ("altered", "first"), "3": (None, "second"), "4": ("of_a_later_release", "second"), "5": (None, "second"),
    }  # fmt: skip


def test_what_no_digest_speaks_of_is_told_and_worse_than_what_lies_outside(audited):
    connection, rows = audited
    attest(connection, "000000000001-final", "1")
    leaves(
        connection, "000000000001-final", "1", leaf(0, "no_digest"), leaf(1, "not_covered"), leaf(1, "no_digest", 2), leaf(2, "no_digest"), leaf(2, "unlisted", 2),
        leaf(3, "no_digest"), leaf(3, "no_digest", 2, "bb"), leaf(4, "not_covered"), leaf(4, "not_covered", 2, "bb"),
    )  # fmt: skip
    told = {number: verified for number, (verified, _) in rows().items()}
    assert told == {"0": "no_digest", "1": "no_digest", "2": "unlisted", "3": "no_digest", "4": "not_covered", "5": None}


def test_each_event_stays_one_row_whatever_is_known_of_it(audited):
    connection, rows = audited
    assert rows() == {str(number): (None, None) for number in range(6)}
    put(connection, "accounts", "20260103T000000000Z.parquet", account("a", "2026-01-01"), account("b", "2026-01-01"), account("c", "2026-01-02 02:00"))
    attest(connection, "000000000001-final", "1")
    leaves(connection, "000000000001-final", "1", *(leaf(number, "verified") for number in range(6)))
    assert connection.execute("SELECT count(*), count(verified), count(account_name) FROM audited_events").fetchall() == [(6, 6, 6)]


def test_outcomes_that_were_never_attested_are_passed_over(audited):
    connection, rows = audited
    attest(connection, "000000000003-final", "3")
    leaves(connection, "000000000003-final", "3", leaf(0, "unlisted"))
    # Left by makers that died: under the number that others got, under a later one, and of a kind that was not made.
    for name, root in (("000000000003-final", "f"), ("000000000003-final", "0"), ("000000000009-final", "3"), ("000000000003-provisional", "3")):
        leaves(connection, name, root, leaf(0, "verified"))
    assert rows() == {"0": ("unlisted", None)} | {str(number): (None, None) for number in range(1, 6)}
