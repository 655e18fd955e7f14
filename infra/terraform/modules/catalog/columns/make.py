"""Writes the column lists of the catalog's tables and views, in Glue's types, from an archive: make.py TRAILKEEP ARCHIVE

What the files and the query engine say is the truth: tests/test_catalog.py fails when the lists beside this script no longer follow from it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).parent
RUST = HERE.parents[4] / "shared/archive/src/tables"
TABLES = ("events", "sources")
VIEWS = ("cloudtrail", "security_lake_v1")
SCALARS = {"varchar": "string", "bigint": "bigint", "integer": "int", "boolean": "boolean", "timestamp": "timestamp"}
# The query engine widens a number that a CASE gives; source version 1 has an int there.
NARROWED = {("security_lake_v1", "class_uid"): "int"}


# What the auditor writes: an archive may have none of it yet, so its columns are those of the rows in the program's source.
AUDITORS = {"accounts": "AccountRow", "findings": "FindingRow", "outcomes": "OutcomeRow"}
OF_RUST = {
    "String": "string", "bool": "boolean", "i64": "timestamp", "u32": "int", "u64": "bigint", "Vec<String>": "array<string>", "BTreeMap<String, String>": "map<string,string>",
    "FindingChange": "string", "Severity": "string",
}  # fmt: skip
# Attestations are JSON: what of docs/attestations.md is asked for in tables.
OF_SOURCES, OF_COVERAGE = "struct<count:bigint,merkle_root:string>", "struct<expected_hours:bigint,covered_hours:bigint>"
ATTESTATIONS = [
    {"name": "statement", "type": f"struct<archive:string,kind:string,sequence:bigint,issued_at_ms:bigint,sources:{OF_SOURCES},coverage:{OF_COVERAGE}>"},
    {"name": "fingerprint", "type": "string"},
]
NOT_CURRENT = ("valid_to", "left_at")


def auditor_columns(table):
    """Columns of a table of the auditor's, in the order of its files: `columns!` names them, the row's struct has their types. Times are the only i64."""
    source = (RUST / f"{table}.rs").read_text()
    struct = re.search(rf"pub struct {AUDITORS[table]} \{{\n(.*?)\n\}}", source, re.DOTALL)[1]
    types = {name: re.sub(r"^Option<(.*)>$", r"\1", kind) for name, kind in re.findall(r"^    pub (\w+): (.+),$", struct, re.MULTILINE)}
    named = re.findall(r"\w+", re.search(r"columns! \{(.*?)\}", source, re.DOTALL)[1])
    if set(named) != set(types):
        raise ValueError(f"{table}.rs: columns! and {AUDITORS[table]} name different fields")
    return [{"name": name, "type": OF_RUST[types[name]]} for name in named]


def auditor_lists(events):
    lists = {table: auditor_columns(table) for table in AUDITORS}
    texts = lambda *names: [{"name": name, "type": "string"} for name in names]
    accounts = {column["name"]: column for column in lists["accounts"]}
    current = ["organization", "management_account", "account", "valid_from", "observed_at", "name", "email", "state", "ou_path", "ou_ids", "tags", "unknown", "regions"]
    current += [name for name in accounts if name not in (*current, *NOT_CURRENT)]
    added = [*texts("verified", "account_name", "account_ou_path"), {"name": "account_tags", "type": "map<string,string>"}]
    return lists | {
        "attestations": ATTESTATIONS,
        "current_accounts": [accounts[name] for name in current],
        "open_findings": [*lists["findings"], *texts("day")],
        "audited_events": [*events, *texts("category", "eventday"), *added],
    }


def glue_type(kind):
    """Glue's name of a DuckDB type. A type that Athena reads otherwise than it stands in the file (unsigned, fixed length bytes) has none."""
    if kind.id == "struct":
        return "struct<" + ",".join(f"{name}:{glue_type(inner)}" for name, inner in kind.children) + ">"
    if kind.id == "list":
        return f"array<{glue_type(kind.children[0][1])}>"
    if kind.id == "map":
        return "map<" + ",".join(glue_type(inner) for _, inner in kind.children) + ">"
    if kind.id not in SCALARS:
        raise ValueError(f"no type of Glue is known for {kind}")
    return SCALARS[kind.id]


def columns_of(parquet_glob):
    relation = duckdb.connect().sql(f"SELECT * FROM read_parquet('{parquet_glob}', hive_partitioning = false, union_by_name = true)")
    return [{"name": name, "type": glue_type(kind)} for name, kind in zip(relation.columns, relation.types)]


def view_columns(trailkeep, archive, view):
    with tempfile.TemporaryDirectory() as directory:
        answer = f"{directory}/answer.parquet"
        question = f"SELECT * FROM {view} LIMIT 1"
        command = [trailkeep, "query", "--archive", archive, "--output", "parquet", "--to", answer, question]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        columns = columns_of(answer)
    return [{**column, "type": NARROWED.get((view, column["name"]), column["type"])} for column in columns]


def column_lists(trailkeep, archive):
    lists = {table: columns_of(f"{archive}/{table}/**/*.parquet") for table in TABLES}
    return lists | {view: view_columns(trailkeep, archive, view) for view in VIEWS} | auditor_lists(lists["events"])


def main():
    trailkeep, archive = sys.argv[1:]
    for name, columns in column_lists(trailkeep, archive).items():
        lines = ",\n".join(f"  {json.dumps(column)}" for column in columns)
        (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
