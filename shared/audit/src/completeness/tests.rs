//! Every outcome, and what holds for any input.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::*;
use crate::RETRY_MS;

const HOUR: i64 = 3_600_000;
/// 2026-01-15T00:00:00Z.
const T0: i64 = 1_768_435_200_000;
const LATER: i64 = T0 + 10 * HOUR + RETRY_MS;

fn hash(number: u8) -> Sha256 {
    Sha256([number; 32])
}

fn account(number: u8) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn region() -> Region {
    "eu-west-1".parse().unwrap()
}

fn listed(key: &str, content: u8) -> ListedFile<'_> {
    ListedFile {
        bucket: "logs",
        key,
        class: LogClass::CloudTrail,
        account: account(1),
        region: region(),
        delivered_ms: T0 + HOUR / 2,
        inflated_sha256: hash(content),
        digest: 7,
        digest_end_ms: T0 + HOUR,
    }
}

fn landed(key: &str, content: u8) -> LandedFile<'_> {
    LandedFile {
        bucket: "logs",
        key,
        revision: 1,
        class: LogClass::CloudTrail,
        account: account(1),
        region: region(),
        delivered_ms: T0 + HOUR / 2,
        inflated_sha256: Some(hash(content)),
        quarantined: false,
        source: 3,
    }
}

fn period() -> SignedPeriod {
    SignedPeriod { account: account(1), region: region(), start_ms: T0, end_ms: T0 + HOUR }
}

fn report(signed: &[SignedPeriod], lists: &[ListedFile<'_>], lands: &[LandedFile<'_>], now_ms: i64) -> Report {
    let mut completeness = Completeness::new();
    for period in signed {
        completeness.signed(period);
    }
    for file in lists {
        completeness.listed(file);
    }
    for file in lands {
        completeness.landed(file);
    }
    completeness.finish(now_ms)
}

fn kinds(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.kind.name()).collect()
}

#[test]
fn what_is_listed_and_landed_with_one_hash_is_verified() {
    let report = report(&[period()], &[listed("a", 1)], &[landed("a", 1)], LATER);
    assert_eq!((report.total(), kinds(&report)), (Counts { verified: 1, ..Counts::default() }, vec![]));
    assert!(report.total().is_complete());
}

#[test]
fn what_is_not_there_is_missing_once_cloudtrail_retries_no_more() {
    let until = T0 + HOUR + RETRY_MS;
    let early = report(&[period()], &[listed("a", 1)], &[], until - 1);
    assert_eq!((early.total().missing_within_grace, kinds(&early)), (1, vec!["missing_within_grace"]));
    let mut late = report(&[period()], &[listed("a", 1)], &[], until);
    assert_eq!((late.total().missing, kinds(&late)), (1, vec!["missing"]));
    assert_eq!(late.findings[0].listed, [Listed { hash: hash(1), digest_end_ms: T0 + HOUR, digest: 7 }]);
    assert!(!late.total().is_complete());
    assert!(!late.name("logs", "b") && late.name("logs", "a") && !late.name("log", "sa"));
    assert_eq!(late.findings[0].name.as_ref().map(|name| name.key.as_str()), Some("a"));
}

#[test]
fn other_content_is_altered_also_where_a_later_revision_is_the_signed_one() {
    let second = LandedFile { revision: 2, ..landed("a", 1) };
    for lands in [vec![landed("a", 2)], vec![landed("a", 2), second]] {
        let report = report(&[period()], &[listed("a", 1)], &lands, LATER);
        assert_eq!((report.total().altered, kinds(&report)), (1, vec!["altered"]));
    }
    let forged = LandedFile { revision: 2, ..landed("a", 2) };
    let report = report(&[period()], &[listed("a", 1)], &[forged, landed("a", 1)], LATER);
    assert_eq!((report.total().verified, kinds(&report)), (1, vec!["revision_differs"]));
    assert!(!report.total().is_complete());
}

#[test]
fn what_no_digest_lists_was_put_there() {
    let early = report(&[period()], &[], &[landed("a", 1)], T0 + HOUR);
    assert_eq!((early.total().unlisted_within_grace, kinds(&early)), (1, vec![]));
    let late = report(&[period()], &[], &[landed("a", 1)], LATER);
    assert_eq!((late.total().unlisted, kinds(&late)), (1, vec!["unlisted"]));
}

#[test]
fn what_no_digest_speaks_of_is_no_digest_and_never_not_covered() {
    let other = SignedPeriod { start_ms: T0 + HOUR / 2 + 1, ..period() };
    for signed in [vec![], vec![other], vec![SignedPeriod { account: account(2), ..period() }]] {
        let report = report(&signed, &[], &[landed("a", 1)], LATER);
        assert_eq!((report.total().no_digest, kinds(&report)), (1, vec![]));
        assert_eq!((report.total().not_covered(), report.total().files(), report.total().is_complete()), (0, 1, false));
    }
}

#[test]
fn what_lies_outside_the_digests_is_not_covered() {
    let of = |class, key| LandedFile { class, ..landed(key, 1) };
    let lands = [of(LogClass::Insight, "i"), of(LogClass::NetworkActivity, "n"), of(LogClass::Aggregated, "g"), of(LogClass::Digest, "d")];
    let nothing = report(&[period()], &[], &lands, LATER);
    assert_eq!((nothing.total().class_not_signed, nothing.total().digests, kinds(&nothing)), (3, 1, vec![]));
    assert_eq!((nothing.total().not_covered(), nothing.total().is_complete()), (4, true));
    let insight = ListedFile { class: LogClass::Insight, ..listed("other", 1) };
    let after = report(&[period()], &[insight], &lands, LATER);
    assert_eq!((after.total().class_not_signed, after.total().unlisted, after.total().missing), (2, 1, 1));
}

#[test]
fn contradictions_and_quarantine_are_told() {
    let twice = report(&[period()], &[listed("a", 1), listed("a", 2)], &[landed("a", 1)], LATER);
    assert_eq!((twice.total().listed_differently, kinds(&twice)), (1, vec!["listed_differently"]));
    let unread = LandedFile { quarantined: true, ..landed("a", 1) };
    let torn = LandedFile { quarantined: true, inflated_sha256: None, ..landed("a", 1) };
    for file in [unread, torn] {
        let report = report(&[period()], &[listed("a", 1)], &[file], LATER);
        assert_eq!((report.total().quarantined, kinds(&report)), (1, vec!["quarantined"]));
    }
    let forged = LandedFile { quarantined: true, ..landed("a", 2) };
    assert_eq!(kinds(&report(&[period()], &[listed("a", 1)], &[forged], LATER)), ["altered"]);
}

#[test]
fn findings_are_capped_and_counted() {
    let keys: Vec<String> = (0..MAX_FINDINGS + 5).map(|number| number.to_string()).collect();
    let mut completeness = Completeness::new();
    for key in &keys {
        completeness.listed(&listed(key, 1));
    }
    let report = completeness.finish(LATER);
    assert_eq!((report.findings.len(), report.left_out(FindingKind::Missing)), (MAX_FINDINGS, 5));
    assert!(report.findings.windows(2).all(|pair| pair[0].id < pair[1].id));
}

#[derive(Debug, Clone)]
enum Call {
    Signed(SignedPeriod),
    Listed { key: String, content: u8, class: LogClass, at: i64, digest: u32 },
    Landed { key: String, content: Option<u8>, class: LogClass, at: i64, revision: u32, quarantined: bool, source: u32 },
}

impl Call {
    fn feed(&self, to: &mut Completeness) {
        match self {
            Self::Signed(period) => to.signed(period),
            Self::Listed { key, content, class, at, digest } => {
                let file = listed(key, *content);
                to.listed(&ListedFile {
                    class: *class,
                    delivered_ms: *at,
                    digest: *digest,
                    digest_end_ms: i64::from(*digest) * HOUR,
                    ..file
                });
            }
            Self::Landed { key, content, class, at, revision, quarantined, source } => to.landed(&LandedFile {
                class: *class,
                delivered_ms: *at,
                revision: *revision,
                quarantined: *quarantined,
                source: *source,
                inflated_sha256: content.map(hash),
                ..landed(key, 0)
            }),
        }
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let class = || prop::sample::select(LogClass::ALL.to_vec());
    let at = || prop_oneof![8 => T0..T0 + 30 * HOUR, 1 => any::<i64>()];
    let key = || "[a-f]";
    prop::collection::vec(
        prop_oneof![
            (at(), at()).prop_map(|(start_ms, end_ms)| Call::Signed(SignedPeriod { start_ms, end_ms, ..period() })),
            (key(), 0..3_u8, class(), at(), any::<u32>()).prop_map(|(key, content, class, at, digest)| Call::Listed {
                key,
                content,
                class,
                at,
                digest
            }),
            (key(), prop::option::of(0..3_u8), class(), at(), prop_oneof![0..4_u32, any::<u32>()], any::<bool>(), any::<u32>()).prop_map(
                |(key, content, class, at, revision, quarantined, source)| {
                    Call::Landed { key, content, class, at, revision, quarantined, source }
                }
            ),
        ],
        0..80,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_file_has_one_outcome_in_whatever_order_it_is_fed(
        (calls, shuffled) in calls().prop_flat_map(|calls| (Just(calls.clone()), Just(calls).prop_shuffle())),
        now in prop_oneof![T0..T0 + 2 * RETRY_MS, any::<i64>()],
    ) {
        let run = |calls: &[Call]| {
            let mut completeness = Completeness::new();
            for call in calls {
                call.feed(&mut completeness);
            }
            let mut told = Vec::new();
            let report = completeness.finish_each(now, |id, outcome| told.push((id, outcome)));
            (report, told)
        };
        let (report, told) = run(&calls);
        prop_assert_eq!(&(report.clone(), told.clone()), &run(&shuffled));
        let twice: Vec<Call> = calls.iter().chain(&shuffled).cloned().collect();
        prop_assert_eq!(&report, &run(&twice).0);
        prop_assert_eq!(told.len() as u64, report.total().files());
        prop_assert_eq!(told.iter().filter(|(_, outcome)| *outcome == Outcome::Verified).count() as u64, report.total().verified);

        let listed: std::collections::BTreeSet<&str> = calls.iter().filter_map(|call| if let Call::Listed { key, .. } = call { Some(key.as_str()) } else { None }).collect();
        let landed: std::collections::BTreeSet<&str> = calls.iter().filter_map(|call| if let Call::Landed { key, .. } = call { Some(key.as_str()) } else { None }).collect();
        let total = report.total();
        prop_assert_eq!(total.listed(), listed.len() as u64);
        prop_assert_eq!(total.files(), listed.union(&landed).count() as u64);
        prop_assert_eq!(total.missing + total.missing_within_grace <= listed.difference(&landed).count() as u64, true);
        prop_assert!(total.verified <= listed.intersection(&landed).count() as u64);
    }
}
