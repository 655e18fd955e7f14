//! In however many rounds an archive is verified, and however often one turns out to hold too much: the verdict is one, and so is what is told of each file.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Depth, FileOutcome, Options, Progress, Verdict, verify, verify_in_rounds_of};

use crate::{
    estate::{Change, Estate, at},
    forge::{ACCOUNT, HOUR, T0, usual_keys},
};

const HOURS: i64 = 40;
/// More than anything here takes.
const ALL_AT_ONCE: u64 = 1 << 40;

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Everything that the verdict says, findings in an order of their own.
    verdict: String,
    /// What came of each file, likewise.
    files: Vec<String>,
}

/// A chain with one of each corruption, and log files of thirty other accounts that nobody signed.
fn estate() -> Estate {
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
    estate
}

fn asked() -> Asked {
    Asked { since_ms: Some(at(0)), until_ms: Some(at(HOURS)), as_of_ms: at(HOURS + 4), ..Asked::default() }
}

fn text(mut verdict: Verdict) -> String {
    verdict.findings.sort_by_key(|finding| format!("{finding:?}"));
    format!("{verdict:#?}")
}

/// Runs in rounds that are planned to hold so many bytes. Gives what it came to, how many files of `sources/` the rounds planned at first read, and how many
/// they read in the end.
async fn in_rounds_of(round_bytes: u64, archive: &Archive) -> (Told, u64, u64) {
    let (planned, read, mut files) = (Mutex::new(Vec::new()), AtomicU64::new(0), Vec::new());
    let progress = |step| match step {
        Progress::Files(files) => planned.lock().expect("not poisoned").push(files),
        Progress::File => {
            read.fetch_add(1, Ordering::Relaxed);
        }
        _ => {}
    };
    let options = Options { depth: Depth::Hashes, findings_kept: 1_000, progress: &progress };
    let mut tell = |file: FileOutcome| files.push(format!("{file:?}"));
    let verdict = verify_in_rounds_of(round_bytes, archive, &usual_keys(), &asked(), options, &mut tell).await.expect("a verdict");
    files.sort_unstable();
    let first = planned.lock().expect("not poisoned").first().copied().expect("it is told at once");
    (Told { verdict: text(verdict), files }, first, read.into_inner())
}

#[tokio::test]
async fn rounds_of_any_size_come_to_the_same_verdict_and_tell_each_file_once() {
    let (_, archive) = estate().archive().await;
    let options = Options { depth: Depth::Hashes, findings_kept: 1_000, progress: &|_| {} };
    let plain = text(verify(&archive, &usual_keys(), &asked(), options).await.expect("a verdict"));
    assert!(plain.contains("missing_within_grace") && plain.contains("altered") && plain.contains("row_contradicts_key"), "{plain}");

    let (one, of_one, _) = in_rounds_of(ALL_AT_ONCE, &archive).await;
    assert!(one.verdict == plain, "whoever wants to know of each file gets the same verdict");
    assert!(one.files.windows(2).all(|pair| pair.first() < pair.last()), "each is told once");
    // By what was planned: some rounds, and many.
    let mut rounds = Vec::new();
    for round_bytes in [40_000, 4_000] {
        let (many, planned, _) = in_rounds_of(round_bytes, &archive).await;
        assert!(many == one, "in rounds of {round_bytes} bytes");
        rounds.push(planned / of_one);
    }
    assert!(rounds.is_sorted() && rounds.first() > Some(&1) && rounds.last() > Some(&10), "{rounds:?}");
}

#[tokio::test]
async fn a_round_that_turns_out_to_hold_too_much_is_run_in_halves_and_nothing_of_it_counts_twice() {
    // All of it in one Batch: of so few files nothing is estimated, and one round is planned.
    let mut estate = estate();
    estate.landed.iter_mut().for_each(|landed| landed.landed_ms = T0 + HOURS * HOUR);
    let (_, archive) = estate.archive().await;
    let (one, of_one, read) = in_rounds_of(ALL_AT_ONCE, &archive).await;
    assert_eq!((of_one, read), (1, 1), "one file, read once");
    for round_bytes in [100_000, 20_000, 1] {
        let (halved, planned, read) = in_rounds_of(round_bytes, &archive).await;
        assert!(planned == 1 && read > 2, "planned as one, and read {read} times");
        assert!(halved == one, "in rounds of {round_bytes} bytes");
    }
}
