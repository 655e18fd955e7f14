//! What the auditor knows beside the events: whether a row's source is verified, and the account as it was.

use serde_json::{Value, json};
use trailkeep_archive::{
    AccountRow, Category, OutcomeRow,
    layout::{AttestationKind, Attested, accounts_key, attest_key, outcomes_key},
    write_accounts, write_outcomes,
};
use trailkeep_audit::attestation::{CoverageStatement, Envelope, FindingsStatement};
use trailkeep_pipeline::memory::MemoryBucket;

use crate::archives::{ask, batch, empty, engine, event, land, value};

const DAY_MS: i64 = 86_400_000;
const JANUARY_MS: i64 = 1_767_225_600_000;
/// The root in the names of outcomes.
const ROOT: u64 = 0x1111_1111_1111_1111;

/// A log file of a delivery day.
pub(crate) fn key(day: u32, name: &str) -> String {
    let (year, month, date) = (day / 10_000, day / 100 % 100, day % 100);
    format!(
        "AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-west-1/{year}/{month:02}/{date:02}/111122223333_CloudTrail_eu-west-1_{day}T0905Z_{name}.json.gz"
    )
}

/// An event that came in a log file.
pub(crate) fn from(day: u32, n: u64, source_key: &str) -> Value {
    let mut row = event(day, n);
    row["source_key"] = json!(source_key);
    row
}

pub(crate) fn outcome(key: &str, revision: u32, content: &str, outcome: &str) -> OutcomeRow {
    OutcomeRow {
        bucket: "logs".to_owned(),
        key: key.to_owned(),
        revision,
        version: None,
        inflated_sha256: Some(content.repeat(64)),
        outcome: outcome.to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        delivered_at: Some(JANUARY_MS),
    }
}

pub(crate) fn attest(bucket: &MemoryBucket, day: u32, sequence: u64, kind: AttestationKind, rows: &[OutcomeRow]) {
    let attested = Attested { day, sequence, kind };
    bucket.insert(&outcomes_key(attested, ROOT), write_outcomes(rows).unwrap());
    bucket.insert(&attest_key(attested), "{}");
}

/// An account between two days of January 2026, in days from its first.
pub(crate) fn account(id: &str, name: &str, ou_path: &str, from: i64, to: Option<i64>) -> AccountRow {
    let day = |day: i64| JANUARY_MS + day * DAY_MS;
    AccountRow {
        organization: "o-exampleorg1".to_owned(),
        management_account: None,
        account: id.to_owned(),
        name: Some(name.to_owned()),
        email: None,
        state: "ACTIVE".to_owned(),
        ou_path: Some(ou_path.to_owned()),
        ou_ids: None,
        tags: [("team".to_owned(), name.to_owned())].into(),
        unknown: Vec::new(),
        regions: Vec::new(),
        joined_at: None,
        joined_method: None,
        left_at: None,
        valid_from: day(from),
        valid_to: to.map(day),
        observed_at: to.map_or(day(from), day),
    }
}

pub(crate) fn history(bucket: &MemoryBucket, observed_day: i64, rows: &[AccountRow]) {
    bucket.insert(&accounts_key(JANUARY_MS + observed_day * DAY_MS), write_accounts(rows).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_without_an_auditor_answers_with_nulls_and_empty_tables() {
    let bucket = empty();
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![from(20_260_101, 1, &key(20_260_101, "a"))])]);
    let engine = engine(bucket).await;
    let sql = "SELECT event_uid IS NOT NULL AS here, verified, account_name, account_ou_path, account_tags FROM audited_events";
    assert_eq!(ask(&engine, sql).await.0, vec![json!({"here": true})]);
    assert_eq!(value(&engine, "SELECT count(*) FROM audited_cloudtrail WHERE verified IS NULL AND account_name IS NULL").await, json!(1));
    for table in ["accounts", "current_accounts", "findings", "open_findings", "outcomes"] {
        assert_eq!(value(&engine, &format!("SELECT count(*) FROM {table}")).await, json!(0), "{table}");
        assert!(ask(&engine, &format!("SELECT * FROM {table}")).await.0.is_empty(), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_have_the_outcome_of_their_source_by_the_newest_attestation() {
    let bucket = empty();
    let (good, late, forged, unknown, insight) =
        (key(20_260_101, "good"), key(20_260_102, "late"), key(20_260_101, "forged"), key(20_260_101, "unknown"), key(20_260_104, "x"));
    let keys = [&good, &late, &forged, &unknown, &insight];
    let rows = keys.iter().zip(0u64..).map(|(key, n)| from(20_260_101, n, key)).collect();
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, rows)]);
    let provisional = [outcome(&good, 1, "a", "verified"), outcome(&forged, 1, "b", "unlisted_within_grace")];
    attest(&bucket, 20_260_101, 1, AttestationKind::Provisional, &provisional);
    attest(&bucket, 20_260_101, 7, AttestationKind::Final, &[outcome(&good, 1, "a", "verified"), outcome(&forged, 1, "b", "unlisted")]);
    attest(&bucket, 20_260_102, 3, AttestationKind::Provisional, &[outcome(&late, 1, "c", "verified")]);
    let engine = engine(bucket).await;
    let sql = "SELECT verified FROM audited_events ORDER BY event_time";
    let told = |outcome: &str| json!({ "verified": outcome });
    let expected = vec![told("verified"), told("verified"), told("unlisted"), json!({}), json!({})];
    assert_eq!(ask(&engine, sql).await.0, expected);
    let unverified = "SELECT eventid, verified FROM audited_cloudtrail WHERE verified <> 'verified'";
    assert_eq!(ask(&engine, unverified).await.0, vec![json!({"eventid": event(20_260_101, 2)["event_uid"], "verified": "unlisted"})]);
    let sql = "SELECT day, sequence, kind, count(*) AS n FROM outcomes GROUP BY 1, 2, 3 ORDER BY 1";
    let expected = vec![
        json!({"day": "20260101", "sequence": 7, "kind": "final", "n": 2}),
        json!({"day": "20260102", "sequence": 3, "kind": "provisional", "n": 1}),
    ];
    assert_eq!(ask(&engine, sql).await.0, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_no_attestation_has_are_not_believed() {
    let bucket = empty();
    let (forged, other) = (key(20_260_101, "forged"), key(20_260_102, "other"));
    let rows = [&forged, &other].iter().zip(0u64..).map(|(key, n)| from(20_260_101, n, key)).collect();
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, rows)]);
    attest(&bucket, 20_260_101, 3, AttestationKind::Provisional, &[outcome(&forged, 1, "a", "unlisted")]);
    // Left by an attempt that ended early, or put there: a later number, another kind under an attested number, a day without any.
    for (day, sequence, kind, key) in [
        (20_260_101, 999_999_999_999, AttestationKind::Final, &forged),
        (20_260_101, 3, AttestationKind::Final, &forged),
        (20_260_102, 4, AttestationKind::Final, &other),
    ] {
        bucket.insert(&outcomes_key(Attested { day, sequence, kind }, ROOT), write_outcomes(&[outcome(key, 1, "a", "verified")]).unwrap());
    }
    let engine = engine(bucket).await;
    let told = ask(&engine, "SELECT verified FROM audited_events ORDER BY event_time").await.0;
    assert_eq!(told, vec![json!({"verified": "unlisted"}), json!({})]);
    let told = ask(&engine, "SELECT sequence, kind, outcome FROM outcomes").await.0;
    assert_eq!(told, vec![json!({"sequence": 3, "kind": "provisional", "outcome": "unlisted"})]);
}

/// An attestation of these leaves' root. Nobody signed it: who asks for signatures asks `attest verify`.
fn envelope(root: u64) -> Vec<u8> {
    let hash = "0".repeat(64);
    let envelope: Envelope = serde_json::from_value(json!({
        "version": 1, "algorithm": "ECDSA_SHA_256", "fingerprint": hash, "signature": "00",
        "statement": {
            "version": 1, "claim": "complete against what CloudTrail signed", "archive": "a", "day": "20260101", "kind": "final", "sequence": 3, "issued_at_ms": 1,
            "sources": {
                "count": 1, "merkle_root": format!("{root:016x}{}", "0".repeat(48)), "outcomes": {"unlisted": 1},
                "reread": {"sources": 0, "intact": 0, "millionths": 0, "seed": null},
            },
            "digests": {"verified": 1, "refused": 0, "heads": []},
            "coverage": CoverageStatement::default(), "findings": FindingsStatement::default(), "trails": [],
            "trust_root": {"cloudtrail_keys_sha256": hash, "cloudtrail_keys_origin": "k", "signer": "s", "signer_fingerprint": hash},
            "previous": null, "supersedes": null,
        },
    }))
    .unwrap();
    envelope.to_json().unwrap()
}

/// What a maker left that died before it took the number, which others then got for the same day: the root in the attestation says whose leaves are its own.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_outcomes_under_one_number_the_attested_root_chooses() {
    let forged = key(20_260_101, "forged");
    let attested = Attested { day: 20_260_101, sequence: 3, kind: AttestationKind::Final };
    let told = async |roots: [u64; 2], envelope: Vec<u8>| {
        let bucket = empty();
        land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![from(20_260_101, 1, &forged)])]);
        bucket.insert(&attest_key(attested), envelope);
        for (root, name) in roots.into_iter().zip(["unlisted", "verified"]) {
            bucket.insert(&outcomes_key(attested, root), write_outcomes(&[outcome(&forged, 1, "a", name)]).unwrap());
        }
        let engine = engine(bucket).await;
        (ask(&engine, "SELECT verified FROM audited_events").await.0, value(&engine, "SELECT count(*) FROM outcomes").await)
    };
    for roots in [[1, 2], [2, 1]] {
        assert_eq!(told(roots, envelope(roots[0])).await, (vec![json!({"verified": "unlisted"})], json!(1)));
    }
    for unknown in [envelope(3), b"{}".to_vec()] {
        assert_eq!(told([1, 2], unknown).await, (vec![json!({})], json!(0)), "whose they are is not known");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_days_of_outcomes_are_read_whose_sources_are_met() {
    let bucket = empty();
    for (n, day) in (20_260_101..20_260_111).enumerate() {
        let rows = (0..20).map(|n| from(day, n, &key(day, "k"))).collect();
        land(&bucket, batch(n as u64), &[(Category::Management, day, rows)]);
        attest(&bucket, day, n as u64 + 1, AttestationKind::Provisional, &[outcome(&key(day, "k"), 1, "a", "verified")]);
    }
    let engine = engine(bucket).await;
    for (filter, days) in [
        ("eventday = '20260103'", 1),
        ("eventday BETWEEN '20260103' AND '20260105'", 3),
        ("event_time >= TIMESTAMP '2026-01-10 00:00:00'", 1),
        ("true", 10),
    ] {
        let sql = format!("SELECT count(*) AS n FROM audited_events WHERE {filter} AND verified = 'verified'");
        let (rows, io) = ask(&engine, &sql).await;
        assert_eq!(rows, vec![json!({"n": days * 20})], "{sql}");
        assert_eq!((io.files_scanned, io.outcome_days_read), (days, days), "{sql}: {io:?}");
        // A question that does not ask for it does not read it.
        let (_, io) = ask(&engine, &format!("SELECT count(*) AS n FROM audited_events WHERE {filter}")).await;
        assert_eq!(io.outcome_days_read, 0, "{filter}: {io:?}");
    }
    let (rows, io) = ask(&engine, "SELECT count(*) AS n FROM outcomes WHERE day = '20260104' AND sequence > 0").await;
    assert_eq!((rows, io.files_listed, io.files_pruned_by_partition, io.files_scanned), (vec![json!({"n": 1})], 10, 9, 1));
    let (rows, _) = ask(&engine, "EXPLAIN SELECT verified FROM audited_events WHERE eventday = '20260103'").await;
    assert!(rows.iter().any(|row| row.to_string().contains("AuditedRows: adds=[verified]")), "{rows:?}");
    let (rows, _) = ask(&engine, "EXPLAIN SELECT * FROM outcomes WHERE day = '20260104'").await;
    assert!(
        rows.iter().any(|row| row.to_string().contains("files=[outcomes/day=20260104/000000000004-provisional-1111111111111111.parquet]")),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn audited_events_answer_whatever_events_answer() {
    let bucket = empty();
    for (n, day) in (20_260_101..20_260_106).enumerate() {
        let rows = (0..250).map(|n| from(day, n, &key(day, &format!("k{}", n % 5)))).collect();
        land(&bucket, batch(n as u64), &[(Category::Management, day, rows)]);
        let outcomes: Vec<OutcomeRow> =
            (0..5).map(|n| outcome(&key(day, &format!("k{n}")), 1, "a", if n == 4 { "unlisted" } else { "verified" })).collect();
        attest(&bucket, day, n as u64 + 1, AttestationKind::Final, &outcomes);
    }
    history(
        &bucket,
        30,
        &[account("111122223333", "first", "Root/Sandbox", -1, Some(2)), account("111122223333", "second", "Root", 2, None)],
    );
    let engine = engine(bucket).await;
    for sql in [
        "SELECT count(*) AS n FROM EVENTS",
        "SELECT status, count(*) AS n, max(time) AS t FROM EVENTS GROUP BY 1",
        "SELECT time, api.operation AS o, principal_arn FROM EVENTS WHERE api.operation = 'GetObject' ORDER BY time DESC LIMIT 7",
        "SELECT * EXCEPT (unmapped) FROM EVENTS WHERE event_uid LIKE '%000000000003' ORDER BY time",
        "SELECT a.time FROM EVENTS a JOIN EVENTS b ON a.event_uid = b.event_uid WHERE a.eventday = '20260102' ORDER BY 1",
        "SELECT o.value, count(*) AS n FROM EVENTS, UNNEST(observables) AS t(o) GROUP BY 1 ORDER BY 1",
        "SELECT source_key AS verified, region AS account_name FROM EVENTS WHERE source_key LIKE '%k3%' ORDER BY time LIMIT 3",
    ] {
        let plain = ask(&engine, &sql.replace("EVENTS", "events")).await.0;
        let columns = if sql.contains('*') && sql.contains("EXCEPT") {
            "unmapped, verified, account_name, account_ou_path, account_tags"
        } else {
            "unmapped"
        };
        let audited =
            ask(&engine, &sql.replace("EVENTS", "audited_events").replace("EXCEPT (unmapped)", &format!("EXCEPT ({columns})"))).await.0;
        assert_eq!(audited, plain, "{sql}");
        assert!(!plain.is_empty(), "{sql}");
    }
    for (sql, expected) in [
        ("SELECT count(*) FROM audited_events WHERE verified = 'unlisted' AND account_name = 'first'", 100),
        ("SELECT count(*) FROM audited_cloudtrail WHERE verified = 'unlisted' AND account_name = 'second'", 150),
        ("SELECT count(*) FROM (SELECT verified AS region FROM audited_events) WHERE region = 'unlisted'", 250),
        ("SELECT count(DISTINCT coalesce(verified, '') || account_name) FROM audited_events", 4),
        ("SELECT count(*) FROM audited_cloudtrail WHERE upper(coalesce(verified, 'none')) <> 'VERIFIED' AND eventname = 'GetObject'", 125),
        ("SELECT count(*) FROM audited_events a JOIN audited_events b ON a.event_uid = b.event_uid AND a.verified = b.verified", 1_250),
    ] {
        assert_eq!(value(&engine, sql).await, json!(expected), "{sql}");
    }
    let (rows, io) =
        ask(&engine, "SELECT eventtime, verified FROM audited_cloudtrail WHERE eventday = '20260104' ORDER BY eventtime DESC LIMIT 1")
            .await;
    assert_eq!(rows, vec![json!({"eventtime": "2026-01-04T00:04:09.000Z", "verified": "unlisted"})]);
    assert_eq!((io.files_scanned, io.outcome_days_read), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_do_not_fit_together_are_read_one_after_the_other() {
    let bucket = empty();
    for (n, day) in (20_260_101..20_260_105).enumerate() {
        land(&bucket, batch(n as u64), &[(Category::Management, day, (0..50).map(|n| from(day, n, &key(day, "k"))).collect())]);
        let mut rows: Vec<OutcomeRow> = (0..20_000).map(|n| outcome(&key(day, &format!("a{n:06}")), 1, "a", "verified")).collect();
        rows.push(outcome(&key(day, "k"), 1, "a", "verified"));
        attest(&bucket, day, n as u64 + 1, AttestationKind::Final, &rows);
    }
    let small = trailkeep_query::EngineConfig { memory_limit_bytes: 1_200_000, threads: 1, ..Default::default() };
    let engine = trailkeep_query::Engine::open(std::sync::Arc::new(bucket.clone()), small).await.unwrap();
    let sql = "SELECT count(*) FROM audited_events WHERE verified = 'verified'";
    assert_eq!(value(&engine, sql).await, json!(200));
    let tiny = trailkeep_query::EngineConfig { memory_limit_bytes: 100_000, threads: 1, ..Default::default() };
    let engine = trailkeep_query::Engine::open(std::sync::Arc::new(bucket), tiny).await.unwrap();
    let mut out = Vec::new();
    let rows = engine.query(sql).await.unwrap().batches;
    let error = trailkeep_query::render::write_text(rows, trailkeep_query::render::TextFormat::Csv, &mut out).await.unwrap_err();
    assert!(error.to_string().contains("memory limit"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_for_is_read_of_audited_events() {
    let bucket = empty();
    let mut row = from(20_260_101, 1, &key(20_260_101, "k"));
    row["api"]["request"]["data"] = json!(
        (0..1_500_000u64).map(|n| char::from(b'a' + (n.pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as u8 % 26)).collect::<String>()
    );
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![row]), (Category::Data, 20_260_101, vec![])]);
    attest(&bucket, 20_260_101, 1, AttestationKind::Final, &[outcome(&key(20_260_101, "k"), 1, "a", "verified")]);
    let engine = engine(bucket).await;
    for sql in [
        "SELECT api.operation AS n, verified FROM audited_events WHERE category = 'management' AND api.operation LIKE 'Put%'",
        "SELECT eventname AS n, verified FROM audited_cloudtrail WHERE eventcategory = 'Management' AND eventname LIKE 'Put%'",
    ] {
        let (rows, io) = ask(&engine, sql).await;
        assert_eq!(rows, vec![json!({"n": "PutObject", "verified": "verified"})], "{sql}");
        assert!(io.bytes < 500_000 && io.files_scanned == 1, "{sql}: {io:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_itself_multiplies_no_rows_and_is_never_verified() {
    let bucket = empty();
    let (twice, revised, unsorted) = (key(20_260_101, "twice"), key(20_260_101, "revised"), key(20_260_101, "z"));
    let rows = [&twice, &revised, &unsorted].iter().zip(0u64..).map(|(key, n)| from(20_260_101, n, key)).collect();
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, rows)]);
    let rows = [
        outcome(&twice, 1, "a", "verified"),
        outcome(&twice, 1, "a", "altered"),
        outcome(&twice, 1, "a", "verified"),
        outcome(&revised, 1, "a", "verified"),
        outcome(&revised, 2, "b", "verified"),
        outcome(&unsorted, 0, "c", "missing"),
        outcome(&unsorted, 1, "c", "a name of a later release"),
    ];
    attest(&bucket, 20_260_101, 1, AttestationKind::Final, &rows);
    let engine = engine(bucket).await;
    let told = |outcome: &str| json!({ "verified": outcome });
    let expected = vec![told("altered"), told("revision_differs"), told("a name of a later release")];
    assert_eq!(ask(&engine, "SELECT verified FROM audited_events ORDER BY event_time").await.0, expected);
    assert_eq!(ask(&engine, "SELECT verified FROM audited_cloudtrail ORDER BY eventtime").await.0, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_two_sources_is_verified_if_one_of_them_is() {
    let bucket = empty();
    let (good, forged, odd) = (key(20_260_101, "good"), key(20_260_102, "forged"), key(20_260_103, "odd"));
    // Record 0 in a verified file and a forged one, record 1 in a forged one and one that is not attested, record 2 in the last alone.
    let day = 20_260_101;
    let files = [(1, &forged, vec![0, 1]), (2, &odd, vec![1, 2]), (3, &good, vec![0])];
    for (n, source, records) in files {
        land(&bucket, batch(n), &[(Category::Management, day, records.iter().map(|n| from(day, *n, source)).collect())]);
    }
    attest(&bucket, day, 1, AttestationKind::Final, &[outcome(&good, 1, "a", "verified")]);
    attest(&bucket, 20_260_102, 2, AttestationKind::Final, &[outcome(&forged, 1, "b", "unlisted")]);
    let engine = engine(bucket).await;
    let sql = "SELECT eventname, verified FROM audited_cloudtrail ORDER BY eventtime";
    let (get, put) = (json!({"eventname": "GetObject", "verified": "verified"}), json!({"eventname": "PutObject", "verified": "unlisted"}));
    assert_eq!(ask(&engine, sql).await.0, vec![get, put, json!({"eventname": "GetObject"})]);
    assert_eq!(value(&engine, "SELECT count(*) FROM audited_cloudtrail WHERE verified IS DISTINCT FROM 'verified'").await, json!(2));
    assert_eq!(value(&engine, "SELECT count(*) FROM audited_cloudtrail").await, json!(3));
    assert_eq!(ask(&engine, "SELECT eventid, verified AS v, v2.verified FROM audited_cloudtrail AS v2 LIMIT 2").await.0.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_digest_speaks_of_is_worse_than_what_lies_outside_and_better_than_what_was_put_there() {
    let bucket = empty();
    let day = 20_260_101;
    let [outside, silent, forged] = ["outside", "silent", "forged"].map(|name| key(day, name));
    // Record 0 in a file that lies outside and in one of an hour without a Digest, record 1 in that and in one that no Digest lists.
    for (n, source, records) in [(1, &outside, vec![0]), (2, &silent, vec![0, 1]), (3, &forged, vec![1])] {
        land(&bucket, batch(n), &[(Category::Management, day, records.iter().map(|n| from(day, *n, source)).collect())]);
    }
    let rows = [outcome(&forged, 1, "c", "unlisted"), outcome(&outside, 1, "a", "not_covered"), outcome(&silent, 1, "b", "no_digest")];
    attest(&bucket, day, 1, AttestationKind::Final, &rows);
    let engine = engine(bucket).await;
    let told = |outcome: &str| json!({ "verified": outcome });
    assert_eq!(
        ask(&engine, "SELECT verified FROM audited_cloudtrail ORDER BY eventtime").await.0,
        vec![told("no_digest"), told("unlisted")]
    );
    assert_eq!(value(&engine, "SELECT count(*) FROM audited_events WHERE verified = 'no_digest'").await, json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_told_as_they_were_at_the_events_time() {
    let bucket = empty();
    let files = (20_260_101..20_260_111).map(|day| (Category::Management, day, vec![event(day, 0)])).collect::<Vec<_>>();
    land(&bucket, batch(1), &files);
    // An older history, which the newer one takes the place of.
    history(&bucket, 20, &[account("111122223333", "old", "Root", 0, None)]);
    let joined = AccountRow { joined_at: Some(JANUARY_MS + DAY_MS), ..account("111122223333", "first", "Root/Sandbox", 2, Some(4)) };
    let moved = account("111122223333", "first", "Root/Production", 4, Some(6));
    let renamed = AccountRow { left_at: Some(JANUARY_MS + 8 * DAY_MS), ..account("111122223333", "second", "Root/Production", 6, Some(8)) };
    history(&bucket, 30, &[joined, moved, renamed, account("444455556666", "other", "Root", 0, None)]);
    let engine = engine(bucket).await;
    let sql = "SELECT account_name AS name, account_ou_path AS ou, account_tags['team'] AS team FROM audited_events ORDER BY event_time";
    let told = |name: &str, ou: &str| json!({"name": name, "ou": ou, "team": name});
    let (first, moved, renamed) = (told("first", "Root/Sandbox"), told("first", "Root/Production"), told("second", "Root/Production"));
    let nothing = || json!({});
    // Day 1: before it joined. Day 2: it had joined and was not observed yet. Days 9 and 10: it had left.
    let expected =
        vec![nothing(), first.clone(), first.clone(), first, moved.clone(), moved, renamed.clone(), renamed, nothing(), nothing()];
    assert_eq!(ask(&engine, sql).await.0, expected);
    let production = "SELECT count(*) FROM audited_cloudtrail WHERE account_ou_path LIKE 'Root/Production%' AND eventday < '20260107'";
    assert_eq!(value(&engine, production).await, json!(2));
    let sql = "SELECT account, name FROM current_accounts";
    assert_eq!(ask(&engine, sql).await.0, vec![json!({"account": "444455556666", "name": "other"})]);
    assert_eq!(value(&engine, "SELECT count(*) FROM accounts").await, json!(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_came_back_counts_from_when_it_joined_again() {
    let bucket = empty();
    let files = (20_260_101..20_260_107).map(|day| (Category::Management, day, vec![event(day, 0)])).collect::<Vec<_>>();
    land(&bucket, batch(1), &files);
    let left = account("111122223333", "before", "Root", -5, Some(1));
    let back = AccountRow { joined_at: Some(JANUARY_MS + 3 * DAY_MS), ..account("111122223333", "after", "Root", 4, None) };
    history(&bucket, 30, &[left, back]);
    let names: Vec<Value> = ask(&engine(bucket).await, "SELECT account_name AS n FROM audited_events ORDER BY event_time").await.0;
    let (before, after) = (json!({"n": "before"}), json!({"n": "after"}));
    assert_eq!(names, vec![before, json!({}), json!({}), after.clone(), after.clone(), after]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_whose_rows_overlap_gives_each_event_one_account() {
    let bucket = empty();
    let files = (20_260_101..20_260_106).map(|day| (Category::Management, day, vec![event(day, 0)])).collect::<Vec<_>>();
    land(&bucket, batch(1), &files);
    let wide = account("111122223333", "wide", "Root", 0, None);
    let inner = account("111122223333", "inner", "Root/A", 2, Some(3));
    let again = AccountRow { observed_at: JANUARY_MS + 10 * DAY_MS, ..account("111122223333", "again", "Root/B", 2, Some(4)) };
    let backwards = account("111122223333", "backwards", "Root/C", 1, Some(0));
    history(&bucket, 30, &[wide.clone(), wide, inner, again, backwards]);
    let names: Vec<Value> = ask(&engine(bucket).await, "SELECT account_name AS n FROM audited_events ORDER BY event_time").await.0;
    let (wide, again) = (json!({"n": "wide"}), json!({"n": "again"}));
    assert_eq!(names, vec![wide.clone(), wide, again.clone(), again, json!({})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_and_plain_events_are_unaffected() {
    let bucket = empty();
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![from(20_260_101, 1, &key(20_260_101, "k"))])]);
    attest(&bucket, 20_260_101, 1, AttestationKind::Final, &[]);
    let attested = outcomes_key(Attested { day: 20_260_101, sequence: 1, kind: AttestationKind::Final }, ROOT);
    let whole = write_outcomes(&[outcome(&key(20_260_101, "k"), 1, "a", "verified")]).unwrap();
    let mut flipped = whole.clone();
    flipped.iter_mut().skip(4).take(60).for_each(|byte| *byte ^= 0x55);
    let newest = accounts_key(JANUARY_MS + DAY_MS);
    for damaged in [Vec::new(), b"no Parquet".to_vec(), whole.get(..whole.len() / 2).unwrap().to_vec(), flipped] {
        bucket.insert(&attested, damaged.clone());
        bucket.insert(&newest, damaged);
        let engine = engine(bucket.clone()).await;
        for (sql, name) in [
            ("SELECT verified FROM audited_events", &attested),
            ("SELECT verified FROM audited_cloudtrail", &attested),
            ("SELECT * FROM outcomes", &attested),
            ("SELECT account_name FROM audited_events", &newest),
            ("SELECT * FROM current_accounts", &newest),
        ] {
            let failed = match engine.query(sql).await {
                Err(error) => error.to_string(),
                Ok(result) => {
                    let mut out = Vec::new();
                    let format = trailkeep_query::render::TextFormat::Json;
                    let error = trailkeep_query::render::write_text(result.batches, format, &mut out).await.err();
                    error.map_or_else(|| format!("no error: {}", String::from_utf8_lossy(&out)), |error| error.to_string())
                }
            };
            assert!(failed.contains(name.as_str()), "{sql}: {failed}");
        }
        assert_eq!(value(&engine, "SELECT count(*) FROM events").await, json!(1));
        assert_eq!(value(&engine, "SELECT eventname FROM audited_cloudtrail").await, json!("PutObject"));
    }
}
