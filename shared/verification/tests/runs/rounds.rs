//! In however many rounds an archive is verified, and however often one turns out to hold too much: the verdict is one.

use trailkeep_verification::{Asked, Depth, Options, Verdict, verify, verify_in_rounds_of};

use crate::{
    estate::{Change, Estate, at},
    forge::{ACCOUNT, HOUR, T0, usual_keys},
};

const HOURS: i64 = 40;

/// Everything that it says, findings in an order of their own.
fn told(mut verdict: Verdict) -> String {
    verdict.findings.sort_by_key(|finding| format!("{finding:?}"));
    format!("{verdict:#?}")
}

#[tokio::test]
async fn rounds_of_any_size_come_to_the_same_verdict() {
    let mut changes = vec![Change::Nothing; HOURS as usize];
    for (hour, change) in [(3, Change::LogMissing), (5, Change::LogAltered), (7, Change::DigestUnsigned), (9, Change::LogForged)] {
        changes[hour] = change;
    }
    let mut estate = Estate::of(&changes);
    let own: Vec<_> = estate.landed.iter().filter(|landed| landed.key.contains("/CloudTrail/")).cloned().collect();
    for (number, landed) in (0..30).zip(own) {
        let key = landed.key.replace(ACCOUNT, &format!("2222333344{number:02}"));
        estate.log(&key, &landed.sha256, 1, T0 + number * HOUR);
        estate.log(&key, &"ef".repeat(32), 2, T0 + (number + 1) * HOUR);
    }
    let (_, archive) = estate.archive().await;
    let (keys, asked) =
        (usual_keys(), Asked { since_ms: Some(at(0)), until_ms: Some(at(HOURS)), as_of_ms: at(HOURS + 4), ..Asked::default() });
    let options = || Options { depth: Depth::Hashes, findings_kept: 1_000, progress: &|_| {} };
    let one = told(verify(&archive, &keys, &asked, options()).await.expect("a verdict"));
    assert!(one.contains("missing_within_grace") && one.contains("altered") && one.contains("row_contradicts_key"), "{one}");
    for round_bytes in [1, 1_000, 40_000] {
        let many = told(verify_in_rounds_of(round_bytes, &archive, &keys, &asked, options()).await.expect("a verdict"));
        assert!(many == one, "in rounds of {round_bytes} bytes");
    }
}
