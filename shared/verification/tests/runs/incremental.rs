//! Runs that go on from marks say of their window what a full run says of it.

use proptest::prelude::*;
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_verification::{Asked, FileOutcome, Finding, MARK_BEHIND_MS, MARK_HELD_MS, Marks, Verdict};

use crate::{
    estate::{Change, Estate, at, run},
    forge::{HOUR, Object, T0, Trail},
};

const HOURS: usize = 12;
const DAY: i64 = 24;

fn asked(since: Option<i64>, until: i64, marks: Marks) -> Asked {
    Asked { since_ms: since.map(at), until_ms: Some(at(until)), as_of_ms: at(until + 4), marks, ..Asked::default() }
}

fn stamp_of(key: &str) -> i64 {
    let Ok(KeyKind::Log(key) | KeyKind::Digest(key)) = LogKey::parse(key) else { panic!("{key}") };
    key.delivered_ms().expect("a time")
}

/// Findings about the window, as lines that do not depend on how it was reached.
fn lines(verdict: &Verdict, since_ms: i64) -> Vec<String> {
    let is_of_it = |finding: &&Finding| match (&finding.to, &finding.key) {
        (Some(to), _) => to.0 > since_ms,
        (None, Some(key)) => stamp_of(key) >= since_ms,
        // Counts of places: files are compared one by one.
        (None, None) => false,
    };
    let began = |finding: &&Finding| finding.reasons.as_slice() != ["not_begun"];
    let line = |finding: &Finding| {
        let (from, to) = (finding.from.map(|from| from.0.max(since_ms)), finding.to.map(|to| to.0));
        format!("{} {:?} {from:?} {to:?} {:?} {:?}", finding.name, finding.key, finding.reasons, finding.evidence)
    };
    let mut lines: Vec<String> = verdict.findings.iter().filter(is_of_it).filter(began).map(line).collect();
    lines.sort();
    lines
}

fn of_window(files: &[FileOutcome], since_ms: i64) -> Vec<FileOutcome> {
    files.iter().filter(|file| file.delivered_ms >= since_ms).cloned().collect()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => Just(Change::Nothing),
        2 => Just(Change::DigestDeleted),
        2 => Just(Change::DigestUnsigned),
        1 => Just(Change::LogMissing),
        1 => Just(Change::LogAltered),
        1 => Just(Change::LogForged),
        1 => Just(Change::Restart),
    ];
    prop::collection::vec(change, HOURS).prop_map(|mut changes| {
        // Without a first verified Digest there is no mark to go on from.
        changes[0] = Change::Nothing;
        changes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_that_goes_on_from_marks_says_what_a_full_one_says_of_its_window(changes in changes(), cuts in prop::collection::btree_set(4_i64..11, 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (_, archive) = Estate::of(&changes).archive().await;
            let mut marks = Marks::new();
            let mut since = None;
            for until in cuts.into_iter().chain([11]) {
                let (full, all_files) = run(&archive, &asked(None, until, Marks::new())).await;
                let (part, files) = run(&archive, &asked(since, until, marks)).await;
                let since_ms = since.map_or(i64::MIN, at);
                assert_eq!(lines(&part, since_ms), lines(&full, since_ms), "from {since:?} to {until} of {changes:?}");
                assert_eq!(files, of_window(&all_files, since_ms), "from {since:?} to {until} of {changes:?}");
                assert!(!part.verified || lines(&full, since_ms).is_empty());
                marks = Marks::from_json(part.marks.to_json().as_bytes());
                assert_eq!(marks, part.marks, "marks are read back");
                assert!(!marks.is_empty() && marks.oldest_ms().is_some_and(|end_ms| end_ms <= at(until) - MARK_BEHIND_MS));
                since = Some(until - 3);
            }
        });
    }
}

#[tokio::test]
async fn digests_behind_a_mark_are_not_read_and_a_chain_that_falls_silent_is_told() {
    let estate = Estate::of(&[Change::Nothing; HOURS]);
    let (bucket, archive) = estate.archive().await;
    let (first, _) = run(&archive, &asked(None, 9, Marks::new())).await;
    assert!(first.verified, "{:?}", first.findings);
    let mark = first.marks.iter().next().expect("a mark").1.clone();
    assert_eq!((mark.head.end_ms, mark.lags), (at(6), false));

    let behind = bucket.objects().into_keys().filter(|key| key.starts_with("digests/")).take(6);
    behind.for_each(|key| bucket.remove(&key));
    let (second, _) = run(&archive, &asked(Some(6), 11, first.marks.clone())).await;
    assert_eq!(second.digests.verified, 5, "{:?}", second.findings);
    assert_eq!(second.chains.first().and_then(|chain| chain.from_mark.as_deref()), Some(mark.head.location.key.as_str()));
    assert!(second.chains.iter().all(|chain| chain.gaps.is_empty()), "{:?}", second.chains);
    let names: Vec<&str> = second.finding_counts.keys().copied().collect();
    assert_eq!(names, [] as [&str; 0], "{:?}", second.findings);

    // Nothing of the chain is left: only the mark knows of it.
    let mut silent = Estate::of(&[Change::Nothing; HOURS]);
    silent.landed.clear();
    let (_, archive) = silent.archive().await;
    let (third, _) = run(&archive, &asked(Some(6), 11, first.marks)).await;
    let finding = third.findings.iter().find(|finding| finding.name == "missing_newest").expect("it is missed");
    assert_eq!((finding.from.map(|from| from.0), third.verified), (Some(at(6)), false));
    assert_eq!(finding.evidence.get("last_digest"), Some(&mark.head.location.key));
    assert_eq!(third.marks.iter().next().map(|(_, mark)| mark.head.end_ms), Some(at(6)), "the mark stays");
}

#[tokio::test]
async fn a_hole_holds_the_mark_back_until_it_is_filled_or_nobody_will_fill_it() {
    let mut changes = [Change::Nothing; HOURS];
    changes[3] = Change::DigestDeleted;
    let mut estate = Estate::of(&changes);
    let (_, archive) = estate.archive().await;
    let (held, _) = run(&archive, &asked(None, 10, Marks::new())).await;
    let of = |verdict: &Verdict| verdict.marks.iter().next().map(|(_, mark)| (mark.head.end_ms, mark.lags)).expect("a mark");
    assert_eq!((of(&held), held.marks.lagging()), ((at(3), true), 1));
    assert!(held.chains.iter().all(|chain| chain.lags));

    // What was missing lands, and a window that begins at the mark sees it.
    let late = estate.digests[3].clone();
    estate.digest(&late, at(11));
    let (_, archive) = estate.archive().await;
    let (filled, _) = run(&archive, &asked(Some(3), 11, held.marks.clone())).await;
    assert!(filled.verified, "{:?}", filled.findings);
    assert_eq!(of(&filled), (at(8), false));

    let (_, archive) = Estate::of(&changes).archive().await;
    let late = Asked { as_of_ms: at(4) + MARK_HELD_MS, ..asked(Some(3), 11, held.marks) };
    let (moved, _) = run(&archive, &late).await;
    assert_eq!(of(&moved), (at(8), false), "it moves on");
    assert!(moved.finding_counts.contains_key("missing_digests"), "and the hole is told: {:?}", moved.findings);
}

#[tokio::test]
async fn a_mark_that_somebody_wrote_hides_nothing_and_garbled_ones_are_none() {
    let mut changes = [Change::Nothing; HOURS];
    changes[7] = Change::LogMissing;
    let (_, archive) = Estate::of(&changes).archive().await;
    let (first, _) = run(&archive, &asked(None, 9, Marks::new())).await;
    let json = first.marks.to_json();

    // Within the window, or of another chain's Digest, or of one that never was.
    let (later, _) = run(&archive, &asked(None, 11, Marks::new())).await;
    let (ahead, _) = run(&archive, &asked(Some(6), 11, later.marks.clone())).await;
    assert_eq!(ahead.finding_counts.get("missing_within_grace"), Some(&1), "{:?}", ahead.findings);
    let hash = first.marks.iter().next().map(|(_, mark)| mark.head.hash.to_string()).expect("a mark");
    let forged = Marks::from_json(json.replace(&hash, &"0".repeat(64)).as_bytes());
    let (refused, _) = run(&archive, &asked(Some(6), 11, forged)).await;
    let reasons: Vec<&str> = refused.findings.iter().flat_map(|finding| finding.reasons.iter().copied()).collect();
    assert!(reasons.contains(&"previous_hash_differs") && !refused.verified, "{reasons:?}");

    let start_ms = first.marks.iter().next().map(|(_, mark)| mark.head.start_ms).expect("a mark").to_string();
    for garbled in [
        "",
        "{}",
        &json.replace(&start_ms, &i64::MIN.to_string()),
        &json.replace(&start_ms, "-1"),
        &json.replace(&start_ms, &i64::MAX.to_string()),
        "[1,{}]",
        "null",
        &json.replace("start_ms", "start"),
        &json.replace("_CloudTrail-Digest_", "_CloudTrail_"),
        &"[".repeat(500),
    ] {
        assert!(Marks::from_json(garbled.as_bytes()).is_empty(), "{garbled}");
    }
    let two = format!("[{},17,\"x\"]", json.trim_matches(['[', ']']));
    assert_eq!(Marks::from_json(two.as_bytes()), first.marks);
    assert!(json.len() < 1_300, "{}", json.len());
}

#[tokio::test]
async fn what_is_missing_right_after_the_window_is_told_and_nothing_later() {
    let mut changes = [Change::Nothing; HOURS];
    changes[8] = Change::DigestDeleted;
    let (_, archive) = Estate::of(&changes).archive().await;
    let told = |until: i64, minutes: i64| {
        let archive = archive.clone();
        async move {
            let asked = Asked { until_ms: Some(at(until) + minutes * 60_000), as_of_ms: at(16), ..asked(Some(4), until, Marks::new()) };
            run(&archive, &asked).await.0
        }
    };
    // The file of the window's last minute may have been listed by the deleted Digest alone.
    let follows = told(8, 0).await;
    assert_eq!(
        follows.findings.iter().map(|finding| (finding.name, finding.reasons.clone())).collect::<Vec<_>>(),
        [("missing_digests", vec!["follows_the_window"])]
    );
    assert!(told(7, 50).await.finding_counts.contains_key("missing_digests"));
    let before = told(7, 30).await;
    assert!(before.verified, "{:?}", before.findings);

    changes[8] = Change::DigestUnsigned;
    let (_, archive) = Estate::of(&changes).archive().await;
    let (refused, _) = run(&archive, &Asked { as_of_ms: at(16), ..asked(Some(4), 8, Marks::new()) }).await;
    assert_eq!(refused.finding_counts.keys().copied().collect::<Vec<_>>(), ["digest_refused"], "{:?}", refused.findings);
    // Logging that was stopped is no hole.
    let (_, archive) = Estate::of(&changes[..8]).archive().await;
    let (stopped, _) = run(&archive, &Asked { as_of_ms: at(16), ..asked(Some(4), 8, Marks::new()) }).await;
    assert!(stopped.verified, "{:?}", stopped.findings);
}

#[tokio::test]
async fn a_source_that_landed_days_before_its_name_is_told_by_the_window_of_its_landing() {
    let mut estate = Estate::of(&[Change::Nothing; HOURS]);
    let listed = estate.landed.iter().find(|landed| landed.key.contains("/CloudTrail/")).expect("a log file").key.clone();
    estate.log(&listed.replace("_abcd", "_zzzz"), &"cd".repeat(32), 1, T0 - 3 * DAY * HOUR);
    let (_, archive) = estate.archive().await;
    let around = |since: i64, until: i64| Asked { as_of_ms: at(60 * DAY), ..asked(Some(since), until, Marks::new()) };
    let (landing, _) = run(&archive, &around(-3 * DAY, -2 * DAY)).await;
    assert!(landing.finding_counts.contains_key("name_from_the_future"), "{:?}", landing.findings);
    let (full, _) = run(&archive, &Asked { since_ms: None, ..around(0, 10) }).await;
    assert!(full.finding_counts.contains_key("unlisted") && full.finding_counts.contains_key("name_from_the_future"));
    // The files of `sources/` of that day are not read for a later window: stated in docs/integrity.md.
    let (window, _) = run(&archive, &around(1, 10)).await;
    assert!(window.verified, "{:?}", window.findings);
}

#[test]
fn marks_are_kept_by_account() {
    let mut trail = Trail::new();
    let object: Object = trail.hour(0);
    let link = object.read(&crate::forge::usual_keys());
    let head = trailkeep_digests::Head::of(&link).expect("a head");
    let mut marks = Marks::new();
    assert!(marks.insert(trailkeep_verification::Mark { head, lags: false }));
    let by_account = marks.clone().by_account();
    assert_eq!(by_account.into_values().collect::<Vec<_>>(), [marks]);
}
