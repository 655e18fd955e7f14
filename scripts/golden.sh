#!/usr/bin/env bash
# Golden archives: one small archive of each format version, written once by the release that brought the format, read by every later release
# (tests/all/golden.rs). An archive that is there is never written again: a test that fails on it has found a broken reader.
set -euo pipefail
cd "$(dirname "$0")/.."
golden=tests/golden/v1
if [ -e "$golden" ]; then
    echo "$golden is there and stays as it is: every release must read it. A new format version gets a folder of its own."
    exit 0
fi
trailkeep=${TRAILKEEP_BIN:-target/debug/trailkeep}
trail=$(mktemp -d)
trap 'rm -rf "$trail"' EXIT
"$trailkeep" synth --out "$trail" --accounts 2 --regions 2 --hours 2 --events-per-hour 15 --seed 1
source=$(cd "$trail" && find . -name '*_CloudTrail_*.json.gz' | LC_ALL=C sort | head -n 1)
# A cut copy, so that there is something in quarantine and in a segment of irregular objects.
cut=${source%_*}_Cut0000000000000.json.gz
head -c $(($(stat -c %s "$trail/$source") / 2)) "$trail/$source" >"$trail/$cut"

"$trailkeep" ingest --from "$trail" --archive "$golden/archive"
# The ledger is a help of the machine that ingested, no part of the format.
rm -rf "$golden/archive/.trailkeep"
cp "$trail/$source" "$golden/source.json.gz"
echo "${source#./}" >"$golden/source.txt"
"$trailkeep" stats --archive "$golden/archive" --output json >"$golden/stats.json"

# Questions that a later release must answer the same: counts of each table, one row whole, each class of event.
questions=(
    "SELECT count(*) AS n, sum(records) AS records, sum(landed) AS landed, sum(stored_bytes) AS bytes FROM sources"
    "SELECT category, count(*) AS n, min(event_time) AS first, max(event_time) AS last FROM events GROUP BY category ORDER BY category"
    "SELECT class_uid, activity_id, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2"
    "SELECT * FROM events ORDER BY event_time, event_uid LIMIT 1"
    "SELECT * FROM sources ORDER BY key LIMIT 1"
    "SELECT * FROM quarantine ORDER BY key LIMIT 1"
    "SELECT eventname, count(*) AS n FROM cloudtrail GROUP BY 1 ORDER BY n DESC, eventname LIMIT 10"
)
for question in "${questions[@]}"; do
    "$trailkeep" query --archive "$golden/archive" --output json "$question" | python3 -c '
import json, sys
print(json.dumps({sys.argv[1]: [json.loads(line) for line in sys.stdin]}))' "$question"
done | python3 -c '
import json, sys
answers = {}
for line in sys.stdin:
    answers.update(json.loads(line))
print(json.dumps(answers, indent=1))' >"$golden/answers.json"
du -sh "$golden"
