//! What the auditor knows of events, asked twice: with `trailkeep query`, and with DuckDB through the views on the page of queries.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trailkeep_archive::{
    AccountRow, FindingChange, FindingRow, OutcomeRow, Severity,
    layout::{AttestationKind, Attested, accounts_key, attest_key, findings_key, outcomes_key},
    write_accounts, write_findings, write_outcomes,
};
use trailkeep_audit::attestation::{CoverageStatement, Envelope, FindingsStatement};
use trailkeep_tests::{
    command::{self, workspace_root},
    python,
};

const HOUR_MS: i64 = 3_600_000;
/// 2026-01-14T06:00:00Z, when the invented trail begins.
const START_MS: i64 = 1_768_370_400_000;
/// The root that the attested leaves have in their names.
const ROOT: u64 = 0x0123_4567_89ab_cdef;

fn put(archive: &Path, key: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = archive.join(key);
    fs::create_dir_all(path.parent().context("a key has a folder")?)?;
    Ok(fs::write(path, bytes)?)
}

/// An attestation of leaves with this root. Nobody signed it: questions do not look at signatures.
fn envelope(root: u64) -> Result<Vec<u8>> {
    let hash = "0".repeat(64);
    let envelope: Envelope = serde_json::from_value(json!({
        "version": 1, "algorithm": "ECDSA_SHA_256", "fingerprint": hash, "signature": "00",
        "statement": {
            "version": 1, "claim": "complete against what CloudTrail signed", "archive": "a", "day": "20260114", "kind": "final", "sequence": 3, "issued_at_ms": 1,
            "sources": {
                "count": 1, "merkle_root": format!("{root:016x}{}", "0".repeat(48)), "outcomes": {"verified": 1},
                "reread": {"sources": 0, "intact": 0, "millionths": 0, "seed": null},
            },
            "digests": {"verified": 1, "refused": 0, "heads": []},
            "coverage": CoverageStatement::default(), "findings": FindingsStatement::default(), "trails": [],
            "trust_root": {"cloudtrail_keys_sha256": hash, "cloudtrail_keys_origin": "k", "signer": "s", "signer_fingerprint": hash},
            "previous": null, "supersedes": null,
        },
    }))?;
    Ok(envelope.to_json()?)
}

/// Leaves of the sources of a delivery day: of every kind there is, some files with another revision, some of which nothing is said.
fn leaves(sources: &[Value]) -> Vec<OutcomeRow> {
    let mut rows = Vec::new();
    for (source, n) in sources.iter().zip(0u32..) {
        let text = |name: &str| source.get(name).and_then(Value::as_str).map(str::to_owned);
        let row = |revision: u32, content: &str, outcome: &str| OutcomeRow {
            bucket: text("bucket").unwrap_or_default(),
            key: text("key").unwrap_or_default(),
            revision,
            version: None,
            inflated_sha256: Some(content.repeat(64)),
            outcome: outcome.to_owned(),
            account: text("account"),
            region: text("region"),
            delivered_at: Some(START_MS),
        };
        match (n % 9, source.get("kind").and_then(Value::as_str)) {
            (_, Some("insight" | "network" | "aggregated")) => rows.push(row(1, "c", "not_covered")),
            (0, _) => rows.push(row(1, "a", "unlisted")),
            (1, _) => rows.push(row(1, "a", "altered")),
            (2, _) => rows.extend([row(1, "a", "verified"), row(2, "b", "verified")]),
            (3, _) => rows.extend([row(0, "d", "missing"), row(1, "a", "verified")]),
            (4, _) => {}
            (6, _) => rows.push(row(1, "a", "no_digest")),
            (5, _) => rows.extend([row(1, "a", "verified"), row(2, "b", "quarantined")]),
            _ => rows.push(row(1, "a", "verified")),
        }
    }
    rows
}

/// The organization: one account moved and was renamed, one was known only later, one was closed and left, one came back, one was never listed.
fn accounts() -> Vec<AccountRow> {
    let row = |id: u32, name: &str, ou_path: &str, from: i64, to: Option<i64>| AccountRow {
        organization: "o-exampleorg1".to_owned(),
        management_account: Some("111122220001".to_owned()),
        account: format!("11112222{id:04}"),
        name: Some(name.to_owned()),
        email: None,
        state: "ACTIVE".to_owned(),
        ou_path: Some(ou_path.to_owned()),
        ou_ids: None,
        tags: BTreeMap::from([("team".to_owned(), format!("team of {name}"))]),
        unknown: Vec::new(),
        regions: Vec::new(),
        joined_at: None,
        joined_method: None,
        left_at: None,
        valid_from: START_MS + from * HOUR_MS,
        valid_to: to.map(|hour| START_MS + hour * HOUR_MS),
        observed_at: START_MS + to.unwrap_or(from) * HOUR_MS,
    };
    let joined = |row: AccountRow, hour: i64| AccountRow { joined_at: Some(START_MS + hour * HOUR_MS), ..row };
    let left = |row: AccountRow| AccountRow { left_at: row.valid_to, ..row };
    vec![
        joined(row(1, "management", "Root", 4, Some(12)), -9_000),
        joined(row(1, "management", "Root/Production", 12, Some(20)), -9_000),
        joined(row(1, "renamed", "Root/Production/Payments", 20, None), -9_000),
        row(2, "known later", "Root/Production", 10, None),
        joined(row(3, "short", "Root/Sandbox", 6, Some(14)), 2),
        left(AccountRow { state: "SUSPENDED".to_owned(), ..joined(row(3, "short", "Root/Closed", 14, Some(18)), 2) }),
        joined(row(3, "back", "Root/Sandbox", 26, None), 22),
    ]
}

fn findings() -> Vec<(i64, u64, Vec<FindingRow>)> {
    use FindingChange::{Healed, Opened, Reopened};
    let change = |id: &str, hour: i64, change: FindingChange| FindingRow {
        id: id.repeat(32),
        at: START_MS + hour * HOUR_MS,
        change,
        name: "missing".to_owned(),
        severity: Severity::High,
        provisional: false,
        organization: None,
        account: Some("111122220001".to_owned()),
        region: None,
        trail: None,
        bucket: None,
        key: Some("k".to_owned()),
        since: None,
        until: None,
        how_many: None,
        reasons: Vec::new(),
        detail: "a Digest lists it and it did not land".to_owned(),
        evidence: BTreeMap::new(),
        first_seen: START_MS,
        attempts: 0,
        last_attempt: None,
        round: "r".to_owned(),
    };
    let rounds =
        [(1, vec![("a", Opened), ("b", Opened), ("c", Opened)]), (30, vec![("a", Healed), ("b", Healed)]), (50, vec![("b", Reopened)])];
    let rows = |(hour, changes): (i64, Vec<(&str, FindingChange)>)| {
        let rows = changes.into_iter().map(|(id, what)| change(id, hour, what)).collect();
        (START_MS + hour * HOUR_MS, hour as u64, rows)
    };
    rounds.into_iter().map(rows).collect()
}

#[test]
fn two_engines_know_the_same_of_events_and_their_accounts() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail").display().to_string(), directory.path().join("audit"));
    let target = archive.display().to_string();
    let size = ["--accounts", "4", "--regions", "2", "--hours", "40", "--events-per-hour", "20", "--seed", "11"];
    command::run(["synth", "--out", &trail, "--start", "2026-01-14T06:00:00Z"].iter().chain(&size))?.ok()?;
    command::run(["ingest", "--from", &trail, "--archive", &target])?.ok()?;
    // A day of it landed from a replica, too: its Records have two files.
    command::run(["ingest", "--from", &trail, "--archive", &target, "--bucket", "replica", "--until", "2026-01-15"])?.ok()?;

    let (provisional, last) = (AttestationKind::Provisional, AttestationKind::Final);
    for (day, number, kind) in [(20_260_114, 1, provisional), (20_260_115, 2, provisional), (20_260_114, 3, last)] {
        let date = format!("{}/{:02}/{:02}", day / 10_000, day / 100 % 100, day % 100);
        let sql = format!(
            "SELECT bucket, key, kind, account, region FROM sources WHERE kind <> 'digest' AND key LIKE '%/{date}/%' ORDER BY bucket, key"
        );
        let sources = command::query(&archive, &sql)?;
        ensure!(sources.len() > 20, "only {} sources on {day}", sources.len());
        // What the first said of the day is not what the last says.
        let rows = leaves(sources.get(usize::from(kind == provisional)..).unwrap_or_default());
        let attested = Attested { day, sequence: number, kind };
        put(&archive, &outcomes_key(attested, ROOT), write_outcomes(&rows)?)?;
        put(&archive, &attest_key(attested), envelope(ROOT)?)?;
        // Left by an attempt that was never signed: another root under the number, and a later number.
        put(&archive, &outcomes_key(attested, 7), write_outcomes(&leaves(&[]))?)?;
        put(&archive, &outcomes_key(Attested { sequence: number + 50, ..attested }, ROOT), write_outcomes(&leaves(&sources[3..]))?)?;
    }
    put(&archive, &accounts_key(START_MS), write_accounts(&accounts()[..1])?)?;
    put(&archive, &accounts_key(START_MS + 60 * HOUR_MS), write_accounts(&accounts())?)?;
    for (at, n, rows) in findings() {
        put(&archive, &findings_key(at, n), write_findings(&rows)?)?;
    }

    let script = workspace_root().join("tests/tools/audited_answers.py");
    let page = workspace_root().join("docs/queries.md");
    let verdict = python::run(&script, [command::binary()?.as_os_str(), archive.as_os_str(), page.as_os_str()])?;
    ensure!(verdict.code() == Some(0), "{}", verdict.said());
    Ok(())
}
