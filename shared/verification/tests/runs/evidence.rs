//! Findings carry what an investigator needs.

use trailkeep_verification::{Asked, Finding, Marks, Verdict};

use crate::{
    estate::{Change, Estate, at, run},
    forge::{BUCKET, SigningKey},
};

fn asked(as_of: i64) -> Asked {
    Asked { since_ms: Some(at(0)), until_ms: Some(at(8)), as_of_ms: at(as_of), marks: Marks::new(), ..Asked::default() }
}

fn one<'v>(verdict: &'v Verdict, name: &str) -> &'v Finding {
    let mut named = verdict.findings.iter().filter(|finding| finding.name == name);
    named.next().unwrap_or_else(|| panic!("no {name}: {:?}", verdict.findings))
}

#[tokio::test]
async fn what_is_missing_altered_or_forged_says_who_listed_it_and_where_it_lies() {
    let mut changes = [Change::Nothing; 9];
    (changes[2], changes[4], changes[6]) = (Change::LogMissing, Change::LogAltered, Change::LogForged);
    let estate = Estate::of(&changes);
    let (_, archive) = estate.archive().await;
    let (verdict, _) = run(&archive, &asked(24 * 60)).await;
    let of = |name: &str, fact: &'static str| one(&verdict, name).evidence.get(fact).cloned();

    let digest = estate.digests.get(2).expect("a digest");
    assert_eq!(of("missing", "listed_by").as_ref(), Some(&digest.key));
    assert_eq!(of("missing", "digest_bucket").as_deref(), Some(BUCKET));
    assert_eq!(of("missing", "digest_signed_by"), Some(SigningKey::usual().fingerprint()));
    assert_eq!(of("missing", "digest_from").as_deref(), Some("2026-01-15T02:00:00.000Z"));
    assert_eq!(of("missing", "digest_to").as_deref(), Some("2026-01-15T03:00:00.000Z"));
    assert_eq!(of("missing", "digest_oldest_event").as_deref(), Some("2026-01-15T02:00:00.000Z"));
    assert_eq!(of("missing", "digest_newest_event").as_deref(), Some("2026-01-15T02:30:00.000Z"));
    assert_eq!((of("missing", "landed_in"), of("missing", "listed_sha256").map(|hash| hash.len())), (None, Some(64)));

    assert_eq!(of("altered", "landed_sha256"), Some("ab".repeat(32)));
    assert_ne!(of("altered", "listed_sha256"), of("altered", "landed_sha256"));
    assert_eq!(of("unlisted", "landed_sha256"), Some("cd".repeat(32)));
    assert_eq!(of("unlisted", "landed_at").as_deref(), Some("2026-01-15T06:45:00.000Z"));
    assert!(of("unlisted", "landed_in").is_some_and(|key| key.starts_with("sources/day=20260115/")));
    assert!(of("unlisted", "segment").is_some_and(|key| key.starts_with("raw/")) && of("unlisted", "segment_range").is_some());
    assert_eq!(of("unlisted", "listed_by"), None);
}

#[tokio::test]
async fn digests_that_are_missing_or_refused_are_named_with_hash_and_by_whom() {
    let mut changes = [Change::Nothing; 9];
    (changes[2], changes[5]) = (Change::DigestDeleted, Change::DigestUnsigned);
    let estate = Estate::of(&changes);
    let (_, archive) = estate.archive().await;
    let (verdict, _) = run(&archive, &asked(12)).await;
    let key = |number: usize| estate.digests.get(number).map(|digest| digest.key.clone()).expect("a digest");
    let hash = |number: usize| estate.digests.get(number).map(|digest| hex::encode(trailkeep_records::hash::sha256(&digest.json)));

    let missing = one(&verdict, "missing_digests");
    assert_eq!((missing.bucket.as_deref(), missing.key.clone()), (Some(BUCKET), Some(key(2))));
    assert_eq!(missing.evidence.get("named_bucket").map(String::as_str), Some(BUCKET));
    assert_eq!(missing.evidence.get("named_key"), Some(&key(2)));
    assert_eq!(missing.evidence.get("named_by"), Some(&key(3)));
    assert_eq!((missing.evidence.get("named_hash").cloned(), missing.evidence.get("digest_hash").cloned()), (hash(2), hash(3)));

    let refused = one(&verdict, "digest_refused");
    assert_eq!((refused.key.clone(), refused.evidence.get("named_by")), (Some(key(5)), Some(&key(6))));
    assert_eq!(refused.evidence.get("digest_hash").cloned(), hash(5));
    assert_eq!(refused.evidence.get("digest_signed_by"), Some(&SigningKey::usual().fingerprint()));
    let json = serde_json::to_value(&verdict).expect("JSON");
    assert!(json["findings"][0]["evidence"].is_object() && json.get("marks").is_none());
}
