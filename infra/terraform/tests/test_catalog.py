"""The catalog's columns are those of real files, its views and saved questions run on a real archive and answer as `trailkeep query` does.

Athena's dialect is Trino's. sqlglot makes it DuckDB's, and what DuckDB has under no name (functions of maps) is rewritten here. The views are
taken from the plan, decoded, so that what runs is what would be in Glue.
"""

import base64
import datetime
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from conftest import not_run

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULE = ROOT / "infra/terraform/modules/catalog"
TRAILKEEP = pathlib.Path(os.environ.get("TRAILKEEP_BIN") or ROOT / "target/debug/trailkeep")
QUESTIONS = sorted(path.stem for path in (MODULE / "queries").glob("*.sql"))
# Questions look back from now, so the trail is of the last hours; and a little ahead, in case midnight comes while this lands.
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None) + datetime.timedelta(minutes=10)
START = (NOW - datetime.timedelta(hours=8)).replace(minute=0, second=0)
KEY = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-00000000000"
INPUTS = {
    "archive_bucket_name": "example-audit",
    "archive_prefix": "org",
    "archive_kms_key_arns": json.dumps([KEY + "1"]),
    "results_bucket_name": "example-audit-answers",
    "results_kms_key_arn": KEY + "2",
}
# Athena keeps dotted names where the query engine nests: the same leaves, in another form.
PUT_TOGETHER = ["additionaleventdata", "serviceeventdetails", "addendum", "edgedevicedetails", "insightdetails"]
IN_DUCKDB = {"string": "VARCHAR", "array<string>": "VARCHAR[]", "map<string,string>": "MAP(VARCHAR, VARCHAR)"}
# What a small invented trail has, and what a sound archive has not.
FINDS_ROWS = {"access-denied-by-principal", "first-seen-principals", "first-seen-regions", "landed-by-day", "s3-reads-by-principal", "secrets-read"}
FINDS_NONE = {"batches-without-commit-mark", "sources-without-events"}


def needs(name):
    """A package of the tests' requirements; of those of the root's virtual environment where this one has none."""
    if not importlib.util.find_spec(name):
        sys.path += [str(path) for path in ROOT.glob(f".venv/lib/python3.{sys.version_info.minor}/site-packages")]
    if not importlib.util.find_spec(name):
        not_run(f"no Python package {name}")
    return importlib.import_module(name)


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive in which every Record has landed twice, since two buckets had it."""
    if not TRAILKEEP.exists():
        not_run(f"{TRAILKEEP} is not built")
    directory = tmp_path_factory.mktemp("catalog")
    run(TRAILKEEP, "synth", "--out", "trail", "--accounts", 3, "--regions", 2, "--hours", 6, "--events-per-hour", 60, "--start", f"{START.isoformat()}Z", cwd=directory)
    for bucket in ("example-one", "example-two"):
        run(TRAILKEEP, "ingest", "--from", "trail", "--archive", "audit", "--bucket", bucket, cwd=directory)
    return directory / "audit"


@pytest.fixture(scope="module")
def plan(directory):
    return directory(MODULE).plan(*(f"-var={name}={value}" for name, value in INPUTS.items()))


def planned(plan, address):
    resources = plan["planned_values"]["root_module"]["resources"]
    return {resource.get("index"): resource["values"] for resource in resources if f"{resource['type']}.{resource['name']}" == address}


@pytest.fixture(scope="module")
def views(plan):
    texts = {name: view["view_original_text"] for name, view in planned(plan, "aws_glue_catalog_table.view").items()}
    return {name: json.loads(base64.b64decode(re.fullmatch(r"/\* Presto View: (\S+) \*/", text)[1])) for name, text in texts.items()}


def for_duckdb(sql):
    """Trino's SQL as DuckDB's, with NOW for the clock."""
    sqlglot = needs("sqlglot")
    exp = sqlglot.exp

    def named(value, kind):
        """ROW's members have their names from the type that they are cast to, by place; DuckDB's go by name."""
        if not (isinstance(value, exp.Struct) and kind.is_type("struct")):
            return f"CAST({value.sql('duckdb')} AS {kind.sql('duckdb')})"
        assert len(value.expressions) == len(kind.expressions), f"{len(value.expressions)} values for {kind.sql('trino')}"
        members = (f"'{field.name}': {named(part, field.args['kind'])}" for part, field in zip(value.expressions, kind.expressions))
        return "{" + ", ".join(members) + "}"

    def entry_wise(name, map_, function):
        """A function of a map as one of the list of its entries."""
        parts = dict(zip((parameter.name for parameter in function.expressions), ("key", "value")))
        body = function.this.copy()
        for place in list(body.find_all(exp.Identifier)):
            if place.name in parts:
                part = exp.column(parts[place.name], "entry")
                body = part if place is body else body
                place.replace(part)
        entries, body = f"map_entries({map_.sql('duckdb')})", body.sql("duckdb")
        return "map_from_entries({})".format({
            "map_filter": f"list_filter({entries}, lambda entry: {body})",
            "transform_keys": f"list_transform({entries}, lambda entry: {{'key': {body}, 'value': entry.value}})",
            "transform_values": f"list_transform({entries}, lambda entry: {{'key': entry.key, 'value': {body}}})",
        }[name])

    def rewritten(node):
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Struct):
            return named(node.this, node.to)
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else "").lower()
        return entry_wise(name, *node.iter_expressions()) if name in ("map_filter", "transform_keys", "transform_values") else None

    def clock(node):
        if isinstance(node, (exp.CurrentTimestamp, exp.CurrentDate)):
            return exp.cast(exp.Literal.string(NOW.isoformat(" ")), "timestamp" if isinstance(node, exp.CurrentTimestamp) else "date")
        return node

    tree = sqlglot.parse_one(sql, read="trino").transform(clock)
    # From the inside out, since each is written out as text with what is in it.
    for node in reversed(list(tree.walk(bfs=True))):
        if text := rewritten(node):
            node.replace(sqlglot.parse_one(text, read="duckdb"))
    return tree.sql("duckdb")


def opened(archive, views, but=None):
    """The catalog in DuckDB; `but` leaves rows of a table out."""
    connection = needs("duckdb").connect()
    for table in ("events", "sources"):
        files = f"read_parquet('{archive}/{table}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {files} WHERE NOT ({(but or {}).get(table, 'false')})")
    for table in columns_module().AUDITORS:
        columns = json.loads((MODULE / f"columns/{table}.json").read_text())
        kinds = ", ".join(f'"{column["name"]}" {IN_DUCKDB.get(column["type"], column["type"])}' for column in columns)
        connection.execute(f'CREATE TABLE {table} ({kinds}, day VARCHAR, "$path" VARCHAR)')
    root = "STRUCT(sources STRUCT(merkle_root VARCHAR))"
    connection.execute(f'CREATE TABLE attestations (statement {root}, day VARCHAR, "$path" VARCHAR)')
    for name, view in views.items():
        connection.execute(f"CREATE VIEW {name} AS {for_duckdb(view['originalSql'])}")
    return connection


@pytest.fixture(scope="module")
def database(archive, views):
    with opened(archive, views) as connection:
        yield connection


def ours(archive, question, tmp_path):
    """The query engine's answer, by way of Parquet so that types stay."""
    answer = tmp_path / "answer.parquet"
    answer.unlink(missing_ok=True)
    run(TRAILKEEP, "query", "--archive", archive, "--output", "parquet", "--to", answer, question)
    return needs("duckdb").connect().execute(f"SELECT * FROM read_parquet('{answer}')").fetchall()


def leaves(text):
    def below(value, path):
        if not isinstance(value, dict):
            return {path: value}
        return {name: leaf for key, inner in value.items() for name, leaf in below(inner, f"{path}.{key}" if path else key).items()}

    return below(json.loads(text), "") if text and text.startswith("{") else text


def plain(value):
    """Structs without what is null in them, lists without order, times to the millisecond as text."""
    if isinstance(value, dict):
        inner = {name: plain(inner) for name, inner in value.items()}
        return {name: part for name, part in sorted(inner.items()) if part not in (None, {}, [])}
    if isinstance(value, list):
        return sorted((plain(inner) for inner in value), key=repr)
    return str(value) if hasattr(value, "isoformat") else value


def columns_module():
    needs("duckdb")
    spec = importlib.util.spec_from_file_location("make_columns", MODULE / "columns/make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_name(columns):
    return {column["name"]: column["type"] for column in columns}


def test_the_column_lists_are_those_of_a_fresh_archive_and_of_the_engines_views(archive):
    fresh = columns_module().column_lists(TRAILKEEP, archive)
    for name, columns in fresh.items():
        kept = json.loads((MODULE / f"columns/{name}.json").read_text())
        assert by_name(kept) == by_name(columns), f"columns/{name}.json no longer follows from the product: run columns/make.py"
        assert len(by_name(kept)) == len(kept), f"columns/{name}.json names a column twice"


def test_glue_has_the_columns_and_types_of_the_files(plan, archive):
    fresh = columns_module().column_lists(TRAILKEEP, archive)
    tables = planned(plan, "aws_glue_catalog_table.table")
    assert set(tables) == {"events", "sources", "accounts", "findings", "outcomes", "attestations"}
    for name, table in tables.items():
        storage = table["storage_descriptor"][0]
        assert by_name(storage["columns"]) == by_name(fresh[name])
        # Athena refuses a table in which a partition key is a column, too.
        assert not {key["name"] for key in table["partition_keys"]} & set(by_name(fresh[name]))
        assert all(len(kind) <= 131_072 and kind == kind.lower() for kind in by_name(fresh[name]).values())


def test_the_files_hold_only_what_athena_reads_as_it_stands(archive):
    """Signed numbers, texts, booleans and times in microseconds without a zone; lists and maps in three levels."""
    connection = needs("duckdb").connect()
    for table in ("events", "sources"):
        rows = connection.execute(f"SELECT DISTINCT type, converted_type, logical_type::VARCHAR FROM parquet_schema('{archive}/{table}/**/*.parquet') WHERE type IS NOT NULL").fetchall()
        for physical, converted, logical in rows:
            assert physical in ("BOOLEAN", "INT32", "INT64", "BYTE_ARRAY"), (table, physical)
            assert not (converted or "").startswith("UINT") and "isSigned=0" not in (logical or ""), (table, converted, logical)
            assert physical != "BYTE_ARRAY" or converted == "UTF8", (table, converted, logical)
            if "Timestamp" in (logical or ""):
                assert "isAdjustedToUTC=0" in logical and "MICROS" in logical, (table, logical)
        groups = {row[0] for row in connection.execute(f"SELECT DISTINCT converted_type FROM parquet_schema('{archive}/{table}/**/*.parquet') WHERE type IS NULL AND converted_type IS NOT NULL").fetchall()}
        assert groups <= {"LIST", "MAP"}, (table, groups)
        codecs = {row[0] for row in connection.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{archive}/{table}/**/*.parquet')").fetchall()}
        assert codecs <= {"ZSTD", "UNCOMPRESSED"}, (table, codecs)


def test_the_partitions_that_athena_computes_are_the_folders_that_the_product_writes(plan, archive):
    for name, table in planned(plan, "aws_glue_catalog_table.table").items():
        if name in columns_module().AUDITORS:
            assert table["parameters"].get("storage.location.template", f"s3://example-audit/org/{name}") in (f"s3://example-audit/org/{name}", f"s3://example-audit/org/{name}/day=${{day}}")
            continue
        template = table["parameters"]["storage.location.template"]
        if name == "attestations":
            # The archive of this test has none: its folders are those that docs/format.md names.
            assert template == "s3://example-audit/org/attest/day=${day}"
            continue
        assert template.startswith(f"s3://example-audit/org/{name}/")
        pattern = re.sub(r"\\\$\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template.removeprefix("s3://example-audit/org/")))
        folders = {str(file.parent.relative_to(archive)) for file in (archive / name).rglob("*.parquet")}
        assert folders
        for folder in folders:
            values = re.fullmatch(pattern, folder)
            assert values, f"{folder} is not where {template} looks"
            for key, value in values.groupdict().items():
                allowed = table["parameters"].get(f"projection.{key}.values")
                assert value in allowed.split(",") if allowed else re.fullmatch(r"\d{8}", value)
        keys = [key["name"] for key in table["partition_keys"]]
        assert keys == re.findall(r"\$\{(\w+)\}", template)


def presto(kind):
    """Athena's spelling of one of Glue's types, by reading it instead of replacing in it."""
    match = re.fullmatch(r"(struct|array|map)<(.*)>", kind)
    if not match:
        return {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}.get(kind, kind)
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(match[2] + ","):
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            parts, begin = [*parts, match[2][begin:at]], at + 1
    if match[1] == "struct":
        return "row(" + ",".join('"{}" {}'.format(part.split(":", 1)[0], presto(part.split(":", 1)[1])) for part in parts) + ")"
    return f"{match[1]}({','.join(map(presto, parts))})"


def test_a_view_in_glue_says_what_athenas_own_would(plan, views, archive):
    fresh = columns_module().column_lists(TRAILKEEP, archive)
    assert set(views) == {"cloudtrail", "security_lake_v1", "audited_events", "current_accounts", "open_findings"}
    for name, view in planned(plan, "aws_glue_catalog_table.view").items():
        assert (view["table_type"], view["view_expanded_text"], view["parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "/* Presto View */", "true")
        assert len(view["view_original_text"]) <= 409_600, "longer than a view's text in Glue may be"
        decoded = views[name]
        assert (decoded["catalog"], decoded["schema"]) == ("awsdatacatalog", "trailkeep")
        assert not decoded["originalSql"].rstrip().endswith(";")
        assert decoded["columns"] == [{"name": column["name"], "type": presto(column["type"])} for column in view["storage_descriptor"][0]["columns"]]
        assert by_name(view["storage_descriptor"][0]["columns"]) == by_name(fresh[name])


def test_the_views_sql_gives_the_columns_in_the_order_and_types_that_glue_names(views, database):
    make = columns_module()
    for name, view in views.items():
        relation = database.sql(f"SELECT * FROM {name}")
        assert list(relation.columns) == [column["name"] for column in view["columns"]], name
        for column, kind in zip(view["columns"], relation.types):
            # DuckDB names a time in milliseconds otherwise.
            text = presto("timestamp") if str(kind) == "TIMESTAMP_MS" else presto(make.glue_type(kind)) if "TIMESTAMP_MS" not in str(kind) else column["type"]
            assert text == column["type"], (name, column["name"])


def test_cloudtrail_has_each_record_once_and_as_the_query_engine_has_it(archive, database, tmp_path):
    [(landed,)] = database.execute("SELECT count(*) FROM events").fetchall()
    [(once,)] = database.execute("SELECT count(*) FROM cloudtrail").fetchall()
    assert once > 0 and landed >= 2 * once
    assert ours(archive, "SELECT count(*) FROM cloudtrail", tmp_path) == [(once,)]
    names = [column["name"] for column in json.loads((MODULE / "columns/cloudtrail.json").read_text())]
    question = f"SELECT {', '.join(names)} FROM cloudtrail ORDER BY recordhash, recipientaccountid"
    for theirs, engines in zip(database.execute(question).fetchall(), ours(archive, question, tmp_path), strict=True):
        for name, athena, engine in zip(names, theirs, engines):
            if name in PUT_TOGETHER:
                assert leaves(athena) == leaves(engine), (name, athena, engine)
            else:
                assert plain(athena) == plain(engine), (name, athena, engine)


def test_security_lake_v1_answers_as_the_query_engine_does(archive, database, tmp_path):
    names = [column["name"] for column in json.loads((MODULE / "columns/security_lake_v1.json").read_text())]
    quoted = ", ".join(f'"{name}"' for name in names)
    question = f"SELECT {quoted} FROM security_lake_v1"
    sides = [sorted(repr([plain(value) for value in row]) for row in rows) for rows in (database.execute(question).fetchall(), ours(archive, question, tmp_path))]
    assert sides[0] and sides[0] == sides[1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_saved_question_runs_on_a_real_archive(question, plan, database):
    saved = planned(plan, "aws_athena_named_query.this")[question]
    text = saved["query"]
    assert text == (MODULE / f"queries/{question}.sql").read_text()
    assert 0 < len(saved["name"]) <= 128 and 0 < len(saved["description"]) <= 1024
    assert re.search(r"(?m)^-- To change: .+$", text), "says what to fill in"
    rows = database.execute(for_duckdb(text)).fetchall()
    assert rows or question not in FINDS_ROWS
    assert not rows or question not in FINDS_NONE


@pytest.mark.parametrize(("question", "blank", "column"), [
    ("access-key-activity", "AKIAIOSFODNN7EXAMPLE", "access_key_id"),
    ("source-address-activity", "203.0.113.10", "source_ip"),
])
def test_a_question_with_a_blank_finds_what_is_filled_in(question, blank, column, database):
    [(value, records)] = database.execute(
        f"SELECT {column}, count(DISTINCT record_hash) AS n FROM events WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1").fetchall()
    text = (MODULE / f"queries/{question}.sql").read_text()
    assert text.count(f"'{blank}'") == 1
    answer = database.execute(for_duckdb(text.replace(blank, value)))
    calls = [name for name, *_ in answer.description].index("calls")
    assert sum(row[calls] for row in answer.fetchall()) == records


def test_what_is_missing_is_found(archive, views, database):
    [(key, batch)] = database.execute("SELECT source_key, batch FROM events ORDER BY source_key, batch LIMIT 1").fetchall()

    def answer(question, but):
        with opened(archive, views, but) as connection:
            return connection.execute(for_duckdb((MODULE / f"queries/{question}.sql").read_text())).fetchall()

    [uncommitted] = answer("batches-without-commit-mark", {"sources": f"batch = '{batch}'"})
    assert uncommitted[0] == batch
    [lost] = answer("sources-without-events", {"events": f"batch = '{batch}' AND source_key = '{key}'"})
    assert key in lost and batch in lost


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_saved_question_names_its_days_for_every_table(question):
    """Without a day Athena would open each day since the beginning."""
    sqlglot = needs("sqlglot")
    tree = sqlglot.parse_one((MODULE / f"queries/{question}.sql").read_text(), read="trino")
    named = {common.alias for common in tree.find_all(sqlglot.exp.CTE)}
    for select in tree.find_all(sqlglot.exp.Select):
        scanned = [table.name for table in select.find_all(sqlglot.exp.Table) if table.find_ancestor(sqlglot.exp.Select) is select and table.name not in named]
        where = select.args.get("where")
        days = [between.this.name for between in where.find_all(sqlglot.exp.Between)] if where else []
        for table in scanned:
            assert ("day" if table == "sources" else "eventday") in days, f"{table} is read without its days"


def test_at_least_ten_questions_are_saved_and_named_apart(plan):
    saved = planned(plan, "aws_athena_named_query.this").values()
    assert len(saved) >= 10 and len({question["name"] for question in saved}) == len(saved)
