"""Asks an archive the acceptance queries of the conformance folder twice: with `trailkeep query` and with DuckDB over the very same files.

same_answers.py TRAILKEEP ARCHIVE CONFORMANCE_DIR NOW

Queries are in Trino's dialect. Trailkeep takes them as they are, but for the table's name and the clock; sqlglot turns them into DuckDB's.
Answers are compared as multisets of rows, without LIMIT, since the queries' ORDER BY leaves ties; ordered lists inside a row are made by
DISTINCT aggregates and compared sorted. Prints a line a query; ends with 1 where answers differ or a query that must find rows finds none.
"""

import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile

import duckdb
import sqlglot

trailkeep, archive, conformance, now = sys.argv[1:5]
parquet = os.path.join(conformance, "ocsf", "parquet")


def top_keys(prefix, text):
    """The members of a JSON object as `prefix.name`, values as text; what Athena's transform_values does in the view of version 1."""
    members = json.loads(text) if text and text.startswith("{") else {}
    return {f"{prefix}.{name}": value if isinstance(value, str) else json.dumps(value) for name, value in members.items() if value is not None}


def duckdb_dialect(sql):
    sql = re.sub(r"contains\(('[^']+'), CAST\(([\w.]+) AS IPADDRESS\)\)", r"cidr_has(\1, \2)", sql)
    lambdas = re.sub(r"any_match\((\w+), (\w+) -> (.+?)\)(?=\s|$)", r"len(list_filter(\1, lambda \2: \3)) > 0", sql)
    return lambdas if lambdas != sql else sqlglot.transpile(sql, read="trino", write="duckdb")[0]


def connect():
    db = duckdb.connect()
    db.create_function("cidr_has", lambda block, ip: ipaddress.ip_address(ip) in ipaddress.ip_network(block), ["VARCHAR", "VARCHAR"], "BOOLEAN")
    db.create_function("top_keys", top_keys, ["VARCHAR", "VARCHAR"], "MAP(VARCHAR, VARCHAR)", null_handling="special")
    files = f"{archive}/events/**/*.parquet"
    db.execute(f"CREATE VIEW v2 AS SELECT * FROM read_parquet('{files}', hive_partitioning=true, hive_types_autocast=false)")
    with open(os.path.join(parquet, "v1_view.sql")) as view:
        sql = "".join(line for line in view if not line.startswith("--"))
    sql = sql.replace("{T1}", "v1").replace("{T}", "v2").replace("{UNMAPPED}", "um_placeholder").rstrip("; \n")
    unfolded = "top_keys('requestParameters', api.request.data), top_keys('responseElements', api.response.data)"
    unmapped = f"map_concat(unmapped, MAP {{'eventType': metadata.event_code}}, {unfolded})"
    db.execute(sqlglot.transpile(sql, read="trino", write="duckdb")[0].replace("um_placeholder", unmapped))
    return db


def plain(value):
    """A value without nulls in structs, with lists sorted, that can be compared and sorted."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if plain(inner) not in (None, {}, [])}
    if isinstance(value, list):
        return sorted((plain(inner) for inner in value), key=repr)
    return value


def rows_of(relation):
    described = [column[0] for column in relation.description]
    order = sorted(range(len(described)), key=lambda i: described[i]) if len(described) > 20 else range(len(described))
    return sorted(repr([plain(row[i]) for i in order]) for row in relation.fetchall())


def ask_trailkeep(db, sql):
    with tempfile.TemporaryDirectory() as directory:
        answer = os.path.join(directory, "answer.parquet")
        asked = [trailkeep, "query", "--archive", archive, "--output", "parquet", "--to", answer, sql]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return rows_of(db.execute(f"SELECT * FROM read_parquet('{answer}')"))


def main():
    db = connect()
    with open(os.path.join(parquet, "queries.sql")) as queries:
        found = re.findall(r"-- ([QV]\d\d) (.*?) \| (\S+)\n(.*?);", queries.read(), re.S)
    wrong = 0
    for name, title, demand, sql in found:
        sql = sql.replace("CURRENT_TIMESTAMP", f"TIMESTAMP '{now}'")
        unlimited = re.sub(r"\s+LIMIT \d+", "", sql)
        try:
            ours = ask_trailkeep(db, unlimited.replace("{T1}", "security_lake_v1").replace("{T}", "events"))
            theirs = rows_of(db.execute(duckdb_dialect(unlimited.replace("{T1}", "v1").replace("{T}", "v2"))))
        except (subprocess.CalledProcessError, duckdb.Error, sqlglot.errors.SqlglotError) as error:
            verdict, ours, theirs = f"failed: {error}", [], []
        else:
            verdict = "same" if ours == theirs else "different"
            if verdict == "same" and demand == "rows>0" and not ours:
                verdict = "no rows"
        print(f"{verdict:9} {name} {len(ours)} rows  {title}")
        if verdict == "different":
            print("  only trailkeep:", *sorted(set(ours) - set(theirs))[:3], sep="\n    ")
            print("  only DuckDB:", *sorted(set(theirs) - set(ours))[:3], sep="\n    ")
        wrong += verdict != "same"
    print(f"{len(found)} queries, {wrong} wrong")
    return 1 if wrong or len(found) != 22 else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # DuckDB complains about its own threads on the way out
