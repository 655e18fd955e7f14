//! What came of each file, one by one.

use std::collections::BTreeMap;

use trailkeep_verification::{Asked, Depth, FileOutcome, Options, verify_each};

use crate::{
    estate::{Change, Estate, Landed, at, run},
    forge::{BUCKET, usual_keys},
};

fn asked() -> Asked {
    Asked { since_ms: Some(at(0)), until_ms: Some(at(8)), as_of_ms: at(24 * 60), ..Asked::default() }
}

#[tokio::test]
async fn every_source_of_the_window_and_every_listed_file_that_did_not_land_is_told_once() {
    let mut changes = [Change::Nothing; 10];
    (changes[1], changes[2], changes[3]) = (Change::LogMissing, Change::LogAltered, Change::LogForged);
    let mut estate = Estate::of(&changes);
    let again = estate.landed.iter().find(|landed| landed.key.contains("/CloudTrail/")).expect("a log file").key.clone();
    estate.log(&again, &"ef".repeat(32), 2, at(5));
    let (_, archive) = estate.archive().await;
    let (verdict, files) = run(&archive, &asked()).await;

    let names: Vec<(&str, u32)> = files.iter().map(|file| (file.key.as_str(), file.revision)).collect();
    assert!(names.windows(2).all(|pair| pair.first() < pair.last()), "each is told once");
    let mut counts: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for file in &files {
        *counts.entry((file.outcome.name(), file.key.contains("-Digest/"))).or_default() += 1;
        assert_eq!((file.bucket.as_str(), file.reread, file.intact), (BUCKET, false, false));
        assert!((at(0)..at(8)).contains(&file.delivered_ms));
        assert_eq!(file.version.as_deref(), (file.revision > 0).then(|| format!("version {}", file.revision)).as_deref());
    }
    let expected =
        [(("altered", false), 1), (("missing", false), 1), (("not_covered", true), 7), (("unlisted", false), 1), (("verified", false), 15)];
    assert_eq!(counts, BTreeMap::from(expected), "two files an hour, and one of them twice");
    assert_eq!(verdict.log_files.verified, 14);
    let missing = files.iter().find(|file| file.revision == 0).expect("one did not land");
    assert_eq!((missing.outcome.name(), missing.inflated_sha256.is_some()), ("missing", true));
    let revisions: Vec<&FileOutcome> = files.iter().filter(|file| file.key == again).collect();
    assert_eq!(revisions.iter().map(|file| (file.revision, file.outcome.name())).collect::<Vec<_>>(), [(1, "verified"), (2, "verified")]);
}

#[tokio::test]
async fn files_of_an_hour_whose_digest_was_deleted_are_never_among_those_that_are_not_covered() {
    let mut changes = [Change::Nothing; 10];
    changes[4] = Change::DigestDeleted;
    let mut estate = Estate::of(&changes);
    // One was put into the hour that nobody vouches for any more; an Insight's file is outside whatever happens.
    let name = |landed: &Landed| landed.key.contains("/CloudTrail/") && (at(4)..at(5)).contains(&landed.landed_ms);
    let genuine = estate.landed.iter().find(|landed| name(landed)).expect("a log file").key.clone();
    let forged = genuine.replace("_abcd", "_zzzz");
    let insight = genuine.replace("/CloudTrail/", "/CloudTrail-Insight/").replace("_CloudTrail_", "_CloudTrail-Insight_");
    estate.log(&forged, &"cd".repeat(32), 1, at(5));
    estate.log(&insight, &"ce".repeat(32), 1, at(5));
    let (_, archive) = estate.archive().await;
    let (verdict, files) = run(&archive, &asked()).await;

    let of = |key: &str| files.iter().find(|file| file.key == key).map(|file| file.outcome.name());
    assert_eq!((of(&genuine), of(&forged), of(&insight)), (Some("no_digest"), Some("no_digest"), Some("not_covered")));
    let count = |outcome: &str| files.iter().filter(|file| file.outcome.name() == outcome && !file.key.contains("-Digest/")).count();
    assert_eq!((count("no_digest"), count("not_covered"), count("verified")), (3, 1, 14));
    assert_eq!((verdict.log_files.no_digest, verdict.log_files.class_not_signed), (3, 1));
}

#[tokio::test]
async fn what_was_read_again_is_told_with_each_file() {
    let (_, archive) = Estate::of(&[Change::Nothing; 9]).archive().await;
    // These are no gzip members, so that none is what its row says.
    let options = Options { depth: Depth::Sample { fraction: 0.5, seed: 3 }, findings_kept: 0, progress: &|_| {} };
    let mut files = Vec::new();
    let verdict = verify_each(&archive, &usual_keys(), &asked(), options, &mut |file| files.push(file)).await.expect("a verdict");
    let reread = files.iter().filter(|file| file.reread).count() as u64;
    assert_eq!((reread, verdict.read_again.sources), (verdict.read_again.damaged, reread));
    assert!(reread > 0 && reread < 16 && files.iter().all(|file| !file.intact), "{reread}");
}
