//! Chains of attestations in memory, and everything that may be done to them. Whole archives are attested by the tests of the command.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeMap, io::Write as _, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use trailkeep_audit::{
    Day, Sha256,
    attestation::{
        ChainHead, CoverageStatement, DigestsStatement, Envelope, FindingsStatement, Kind, Leaf, PublicKey, ReReading, SourcesStatement,
        Statement, TrustRoot, VERSION, WORDS,
    },
};
use trailkeep_pipeline::{memory::MemoryBucket, ports::bucket::PutPolicy};

use crate::{
    AttestError, Checked, Checking, HeadStore, Kept, KeyFile, LeavesError, Listing, Making, ProveError, Signer, Successor, Wanted, check,
    issue::{self, Issued},
    outcomes::{self, Spooled, spool},
    prove,
    signer::sign,
    sort::Sorter,
};

mod hostile;

const ARCHIVE: &str = "s3://audit";
const DAY: &str = "20260115";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn key() -> KeyFile {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pkcs8.as_ref()).unwrap();
    KeyFile::open(file.path()).unwrap()
}

fn source(number: u32, revision: u32) -> Leaf {
    Leaf {
        bucket: "org-logs".to_owned(),
        key: format!(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15/111122223333_CloudTrail_eu-west-1_20260115T{:02}{:02}Z_{number:016}.json.gz",
            number / 60 % 24,
            number % 60
        ),
        revision,
        version: Some(format!("v{number}")),
        inflated_sha256: Some(Sha256::of(&number.to_be_bytes())),
        outcome: if number == 3 { "missing" } else { "verified" }.to_owned(),
    }
}

fn spooled(leaves: impl IntoIterator<Item = Leaf>) -> Spooled {
    let mut sorter = Sorter::default();
    leaves.into_iter().try_for_each(|leaf| sorter.push(leaf)).unwrap();
    spool(sorter.sorted().unwrap()).unwrap()
}

/// A chain in memory, and who makes it.
struct World {
    bucket: MemoryBucket,
    signer: Arc<dyn Signer>,
    aliases: BTreeMap<String, String>,
    policy: PutPolicy,
}

impl World {
    fn new() -> Self {
        Self { bucket: MemoryBucket::new(), signer: Arc::new(key()), aliases: BTreeMap::new(), policy: PutPolicy::default() }
    }

    /// Number 1 to 3: provisional of one day and of the next, then final of the first.
    async fn of_three() -> Self {
        let world = Self::new();
        for (day, kind) in [(DAY, Kind::Provisional), ("20260116", Kind::Provisional), (DAY, Kind::Final)] {
            assert!(matches!(world.attest(day, kind).await, Issued::Written { .. }));
        }
        world
    }

    fn making(&self, now_ms: i64) -> Making<'_> {
        Making { now_ms, sample: 0.0, aliases: &self.aliases, policy: &self.policy, progress: &|_| {} }
    }

    async fn attest(&self, of: &str, kind: Kind) -> Issued {
        let spooled = spooled((0..5).map(|number| source(number, 1)).chain([source(2, 2)]));
        let making = self.making(1_800_000_000_000);
        let next = self.next(self.statement(day(of), kind, &spooled), &making).await.unwrap();
        issue::issue(&self.bucket, next, self.signer.as_ref(), &spooled, &making).await.unwrap()
    }

    async fn next(&self, statement: Statement, making: &Making<'_>) -> Result<issue::Next, AttestError> {
        issue::next(&self.bucket, statement, self.signer.as_ref(), making, &mut 0).await
    }

    fn statement(&self, day: Day, kind: Kind, spooled: &Spooled) -> Statement {
        let head = ChainHead {
            organization: None,
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            trail: "t".to_owned(),
            home_region: "eu-west-1".to_owned(),
            bucket: "org-logs".to_owned(),
            key: "AWSLogs/x".to_owned(),
            sha256: Sha256::of(b"digest"),
            end_ms: 1,
        };
        Statement {
            version: VERSION,
            claim: WORDS.to_owned(),
            archive: ARCHIVE.to_owned(),
            day,
            kind,
            sequence: 0,
            issued_at_ms: 1_800_000_000_000,
            sources: SourcesStatement {
                count: spooled.count,
                merkle_root: spooled.root,
                outcomes: spooled.outcomes.clone(),
                reread: ReReading::default(),
            },
            digests: DigestsStatement { verified: 24, refused: 0, heads: vec![head] },
            coverage: CoverageStatement::default(),
            findings: FindingsStatement::default(),
            trails: vec![],
            trust_root: TrustRoot {
                cloudtrail_keys_sha256: Sha256::of(b"keys"),
                cloudtrail_keys_origin: "keys/x.json".to_owned(),
                signer: self.signer.name().to_owned(),
                signer_fingerprint: self.signer.public_key().fingerprint(),
            },
            previous: None,
            supersedes: None,
        }
    }

    fn keys(&self) -> Vec<PublicKey> {
        vec![self.signer.public_key().clone()]
    }

    async fn check(&self) -> Checked {
        check(&self.bucket, &Checking { keys: &self.keys(), leaves: true, ..Checking::default() }).await.unwrap()
    }

    /// Puts an envelope there that says it is this signer's, the final one of 20260117 after the newest, and that nobody signed.
    fn forge(&self, sequence: u64, key: &str) {
        let newest = self.bucket.objects()[THIRD].body.clone();
        let mut envelope = Envelope::parse(&newest).unwrap();
        let statement = &mut envelope.statement;
        (statement.day, statement.sequence, statement.supersedes) = (day("20260117"), sequence, None);
        statement.previous = Some(Sha256::of(&newest));
        self.bucket.insert(key, envelope.to_json().unwrap());
    }

    fn rewrite(&self, key: &str, change: impl FnOnce(String) -> String) {
        let text = String::from_utf8(self.bucket.objects()[key].body.to_vec()).unwrap();
        let changed = change(text.clone());
        assert_ne!(text, changed);
        self.bucket.insert(key, changed);
    }
}

const FIRST: &str = "attest/day=20260115/000000000001-provisional.json";
const SECOND: &str = "attest/day=20260116/000000000002-provisional.json";
const THIRD: &str = "attest/day=20260115/000000000003-final.json";

/// The key of the leaves of [`THIRD`].
fn leaves_of_third() -> String {
    let leaves = spooled((0..5).map(|number| source(number, 1)).chain([source(2, 2)]));
    Kept { sequence: 3, day: day(DAY), kind: Kind::Final }.outcomes_key(leaves.root)
}

#[tokio::test]
async fn a_chain_is_verified_with_its_key_and_with_nothing_less() {
    let world = World::of_three().await;
    let checked = world.check().await;
    assert!(checked.is_verified(), "{checked:#?}");
    assert_eq!((checked.attestations, checked.range, checked.leaves_checked), (3, Some((1, 3)), 3));
    assert_eq!(checked.head, Some(Sha256::of(&world.bucket.objects()[THIRD].body)));
    let told: Vec<(u64, Kind, bool)> = checked.days.iter().map(|day| (day.kept.sequence, day.kept.kind, day.complete)).collect();
    assert_eq!(told, [(3, Kind::Final, false), (2, Kind::Provisional, false)], "a file is missing");

    let none = check(&world.bucket, &Checking::default()).await.unwrap();
    assert!(none.is_consistent() && !none.is_verified() && none.signers.iter().all(|signer| !signer.trusted));
    let other = [key().public_key().clone()];
    let refused = check(&world.bucket, &Checking { keys: &other, ..Checking::default() }).await.unwrap();
    assert!(!refused.is_consistent() && refused.problem_counts["not_signed"] == 3, "{refused:#?}");
    let both = [other[0].clone(), world.signer.public_key().clone()];
    assert!(check(&world.bucket, &Checking { keys: &both, ..Checking::default() }).await.unwrap().is_verified());
    let empty = check(&MemoryBucket::new(), &Checking { keys: &both, ..Checking::default() }).await.unwrap();
    assert!(!empty.is_verified() && empty.problem_counts.contains_key("nothing_to_verify"));
    let days = Some((day("20260114"), day("20260116")));
    let asked = check(&world.bucket, &Checking { keys: &both, days, ..Checking::default() }).await.unwrap();
    assert_eq!((asked.is_verified(), asked.days_without), (false, vec![day("20260114")]));
}

#[tokio::test]
async fn whatever_is_done_to_a_chain_is_found() {
    type Tamper = fn(&World);
    let cases: &[(&str, Tamper)] = &[
        ("not_signed", |w| {
            w.rewrite(THIRD, |text| text.replace("\"missing\":1", "\"missing\":0").replace("\"verified\":5", "\"verified\":6"));
        }),
        ("not_signed", |w| w.rewrite(FIRST, |text| text.replace("\"signature\":\"30", "\"signature\":\"31"))),
        ("unreadable", |w| w.rewrite(SECOND, |text| format!(" {text}"))),
        ("unreadable", |w| w.rewrite(SECOND, |text| text.chars().take(100).collect())),
        ("unreadable", |w| w.bucket.insert(SECOND, vec![b'['; 200 << 10])),
        ("missing", |w| w.bucket.remove(SECOND)),
        ("not_in_its_place", |w| w.bucket.remove(THIRD)),
        ("number_removed", |w| w.bucket.remove("attest/numbers/000000000002.json")),
        ("number_removed", |w| w.bucket.remove("attest/numbers/000000000003.json")),
        ("misplaced", |w| w.bucket.insert("attest/day=20260117/000000000004-final.json", w.bucket.objects()[THIRD].body.clone())),
        ("misplaced", |w| w.bucket.insert("attest/day=20260115/000000000002-final.json", w.bucket.objects()[THIRD].body.clone())),
        ("strange_object", |w| w.bucket.insert("attest/day=20260115/latest.json", "{}")),
        ("strange_object", |w| w.bucket.insert("attest/numbers/\u{1b}[2J.json", "{}")),
        ("replaced", |w| w.bucket.insert("attest/numbers/000000000002.json", w.bucket.objects()[THIRD].body.clone())),
        ("outcomes_missing", |w| w.bucket.remove(&leaves_of_third())),
        ("outcomes_unreadable", |w| w.bucket.insert(&leaves_of_third(), vec![0; 100_000])),
        ("outcomes_unreadable", |w| w.bucket.insert(&leaves_of_third(), "PAR1")),
        ("outcomes_unreadable", |w| w.bucket.insert(&leaves_of_third(), [&[0xff; 40][..], b"PAR1"].concat())),
        ("outcomes_differ", |w| w.bucket.insert(&leaves_of_third(), outcomes::whole(&spooled([source(1, 1)])).unwrap())),
        ("outcomes_differ", |w| {
            let other = (0..5).map(|n| Leaf { outcome: "verified".to_owned(), ..source(n, 1) }).chain([source(2, 2)]);
            w.bucket.insert(&leaves_of_third(), outcomes::whole(&spooled(other)).unwrap());
        }),
    ];
    for (name, tamper) in cases {
        let world = World::of_three().await;
        tamper(&world);
        let checked = world.check().await;
        assert!(!checked.is_verified() && !checked.is_consistent(), "{name}");
        assert!(checked.problem_counts.contains_key(name), "{name}: {:#?}", checked.problems);
    }
}

#[tokio::test]
async fn rows_that_say_otherwise_than_their_keys_are_no_leaves() {
    let world = World::of_three().await;
    let rows = trailkeep_archive::read_outcomes(world.bucket.objects()[&leaves_of_third()].body.clone(), 1 << 30).unwrap();
    let lying: Vec<_> =
        rows.into_iter().map(|row| trailkeep_archive::OutcomeRow { account: Some("444455556666".to_owned()), ..row }).collect();
    world.bucket.insert(&leaves_of_third(), trailkeep_archive::write_outcomes(&lying).unwrap());
    let checked = world.check().await;
    assert!(checked.problems.iter().any(|problem| problem.name == "outcomes_differ" && problem.detail.contains("Region")), "{checked:#?}");
}

#[tokio::test]
async fn of_two_makers_one_gets_the_number_and_the_other_the_next() {
    let world = World::of_three().await;
    let making = world.making(1_800_000_000_000);
    let (one, two) = (spooled([source(1, 1)]), spooled([source(2, 1)]));
    let first = world.statement(day("20260117"), Kind::Provisional, &one);
    let second = world.statement(day("20260118"), Kind::Final, &two);
    let next_one = world.next(first, &making).await.unwrap();
    let next_two = world.next(second.clone(), &making).await.unwrap();
    let issue = async |next, spooled| issue::issue(&world.bucket, next, world.signer.as_ref(), spooled, &making).await.unwrap();
    assert!(matches!(issue(next_two, &two).await, Issued::Written { kept: Kept { sequence: 4, .. }, .. }));
    assert!(matches!(issue(next_one, &one).await, Issued::Lost), "another day, the same number");
    let again = world.statement(day("20260117"), Kind::Provisional, &one);
    let again = world.next(again, &making).await.unwrap();
    assert!(matches!(issue(again, &one).await, Issued::Written { kept: Kept { sequence: 5, .. }, .. }));
    let checked = world.check().await;
    assert!(checked.is_verified() && checked.attestations == 5, "{checked:#?}");
}

#[tokio::test]
async fn what_a_dead_maker_left_is_put_into_its_place() {
    let world = World::of_three().await;
    let body = world.bucket.objects()[THIRD].body.clone();
    world.bucket.remove(THIRD);
    assert_eq!(world.check().await.problem_counts.get("not_in_its_place"), Some(&1));
    assert!(matches!(world.attest("20260117", Kind::Provisional).await, Issued::Written { kept: Kept { sequence: 4, .. }, .. }));
    assert_eq!(world.bucket.objects()[THIRD].body, body);
    assert!(world.check().await.is_verified());
}

/// Leaves of a maker that died before it took the number, which is given to others: nothing is written over, and it does not hinder them.
#[tokio::test]
async fn what_a_dead_maker_left_in_outcomes_is_passed_over_by_its_root() {
    let world = World::of_three().await;
    let making = world.making(1_800_000_000_000);
    let (dead, next) = (spooled([source(7, 1)]), Kept { sequence: 4, day: day("20260117"), kind: Kind::Provisional });
    let left = next.outcomes_key(dead.root);
    outcomes::upload(&world.bucket, &left, &dead, &world.policy).await.unwrap();
    let body = world.bucket.objects()[&left].body.clone();
    assert!(matches!(world.attest("20260117", Kind::Provisional).await, Issued::Written { kept, .. } if kept == next));
    assert_eq!(world.bucket.objects()[&left].body, body, "what is kept is locked");
    let checked = world.check().await;
    assert!(checked.is_verified() && checked.leaves_checked == 4, "{checked:#?}");

    // The same leaves, encoded otherwise, are as good. What only has their name is not.
    let (same, statement) = (spooled([source(8, 1)]), |spooled: &Spooled| world.statement(day("20260118"), Kind::Final, spooled));
    let key = Kept { sequence: 5, day: day("20260118"), kind: Kind::Final }.outcomes_key(same.root);
    let issue = async || {
        let next = world.next(statement(&same), &making).await.unwrap();
        issue::issue(&world.bucket, next, world.signer.as_ref(), &same, &making).await
    };
    world.bucket.insert(&key, outcomes::whole(&dead).unwrap());
    let refused = issue().await.unwrap_err();
    assert!(matches!(&refused, AttestError::Broken { key: named, .. } if *named == key), "{refused}");
    let rows = trailkeep_archive::read_outcomes(outcomes::whole(&same).unwrap().into(), 1 << 20).unwrap();
    let otherwise = trailkeep_archive::write_outcomes(&rows).unwrap();
    world.bucket.insert(&key, otherwise.clone());
    assert!(matches!(issue().await.unwrap(), Issued::Written { kept: Kept { sequence: 5, .. }, .. }));
    assert_eq!(world.bucket.objects()[&key].body, otherwise);
    assert!(world.check().await.is_verified());
}

#[tokio::test]
async fn a_chain_that_is_broken_is_not_gone_on_with() {
    for tamper in [
        (|w: &World| w.rewrite(THIRD, |text| text.replace(ARCHIVE, "s3://other"))) as fn(&World),
        |w| w.bucket.insert(THIRD, "{}"),
        |w| w.bucket.insert("attest/numbers/000000000004.json", "{}"),
        |w| w.bucket.insert("attest/numbers/000000000009.json", w.bucket.objects()[THIRD].body.clone()),
        |w| w.rewrite(THIRD, |text| text.replace("\"refused\":0", "\"refused\":1")),
        |w| w.forge(4, "attest/day=20260117/000000000004-final.json"),
        |w| w.forge(4, "attest/numbers/000000000004.json"),
        |w| w.forge(999_999_999_999, "attest/day=20260117/999999999999-final.json"),
        // Whatever it holds: its key alone would pass for the final attestation of a day.
        |w| w.bucket.insert("attest/day=20260117/000000000002-final.json", "{}"),
    ] {
        let world = World::of_three().await;
        tamper(&world);
        let spooled = spooled([source(1, 1)]);
        let statement = world.statement(day("20260118"), Kind::Final, &spooled);
        let refused = world.next(statement, &world.making(1_800_000_000_000)).await.unwrap_err();
        assert!(matches!(refused, AttestError::Broken { .. }), "{refused}");
    }
}

#[tokio::test]
async fn whose_chain_it_is_and_what_was_not_looked_at_is_said() {
    let world = World::of_three().await;
    let noted = async |leaves| {
        let checked = check(&world.bucket, &Checking { keys: &world.keys(), leaves, ..Checking::default() }).await.unwrap();
        assert!(checked.is_verified());
        checked.notes.join("; ")
    };
    let notes = noted(false).await;
    assert!(notes.contains("attestations are of \"s3://audit\"") && notes.contains("--leaves"), "{notes}");
    assert!(!noted(true).await.contains("--leaves"));
}

#[tokio::test]
async fn numbers_end_where_keys_have_no_more_digits() {
    let world = World::new();
    let (spooled, making) = (spooled([source(1, 1)]), world.making(1_800_000_000_000));
    let (previous, sequence) = (Some(Sha256::of(b"before")), 999_999_999_999);
    let statement = Statement { previous, sequence, ..world.statement(day(DAY), Kind::Final, &spooled) };
    let signature = sign(world.signer.as_ref(), &statement.signing_input().unwrap()).await.unwrap();
    let last = Envelope::new(statement, &signature, world.signer.public_key()).unwrap();
    world.bucket.insert("attest/day=20260115/999999999999-final.json", last.to_json().unwrap());
    let statement = world.statement(day("20260116"), Kind::Final, &spooled);
    let refused = world.next(statement, &making).await.unwrap_err();
    assert!(refused.to_string().contains("no number comes after it"), "{refused}");
}

#[tokio::test]
async fn a_source_is_proved_against_the_final_attestation_of_its_day() {
    let world = World::of_three().await;
    let wanted = Wanted { key: source(2, 1).key, ..Wanted::default() };
    let proved = prove(&world.bucket, &wanted, &world.keys()).await.unwrap();
    assert_eq!((proved.kept.sequence, proved.proof.leaf.revision, proved.proof.size, proved.trusted), (3, 2, 6, true));
    proved.proof.verify(&Envelope::parse(&proved.attestation).unwrap().statement).unwrap();
    let first = prove(&world.bucket, &Wanted { revision: Some(1), ..wanted.clone() }, &[]).await.unwrap();
    assert_eq!((first.proof.leaf, first.trusted), (source(2, 1), false));

    let refused = async |wanted: Wanted| prove(&world.bucket, &wanted, &[]).await.unwrap_err();
    assert!(matches!(refused(Wanted { key: source(9, 1).key, ..Wanted::default() }).await, ProveError::NotThere { sources: 6, .. }));
    assert!(matches!(refused(Wanted { bucket: Some("other".to_owned()), ..wanted.clone() }).await, ProveError::NotThere { .. }));
    let later = source(2, 1).key.replace("20260115", "20260120").replace("/15/", "/20/");
    assert!(matches!(refused(Wanted { key: later, ..Wanted::default() }).await, ProveError::NotAttested { .. }));
    assert!(matches!(refused(Wanted { key: "readme.txt".to_owned(), ..Wanted::default() }).await, ProveError::NoDay(_)));
    let other = [key().public_key().clone()];
    assert!(matches!(prove(&world.bucket, &wanted, &other).await, Err(ProveError::Attestation { .. })));

    let leaves = (0..6).map(|number| source(number, 1));
    world.bucket.insert(&leaves_of_third(), outcomes::whole(&spooled(leaves)).unwrap());
    assert!(matches!(refused(wanted).await, ProveError::Leaves(LeavesError::Root { .. })));
}

#[tokio::test]
async fn a_key_in_two_buckets_wants_the_bucket_to_be_named() {
    let world = World::new();
    let spooled = spooled([source(1, 1), Leaf { bucket: "copies".to_owned(), ..source(1, 1) }]);
    let making = world.making(1_800_000_000_000);
    let next = world.next(world.statement(day(DAY), Kind::Final, &spooled), &making).await.unwrap();
    issue::issue(&world.bucket, next, world.signer.as_ref(), &spooled, &making).await.unwrap();
    let wanted = Wanted { key: source(1, 1).key, ..Wanted::default() };
    let refused = prove(&world.bucket, &wanted, &[]).await.unwrap_err();
    assert!(matches!(&refused, ProveError::SeveralBuckets { buckets, .. } if *buckets == ["copies", "org-logs"]), "{refused}");
    assert!(prove(&world.bucket, &Wanted { bucket: Some("copies".to_owned()), ..wanted }, &[]).await.is_ok());
}

#[tokio::test]
async fn leaves_that_contradict_each_other_are_counted_and_one_of_them_is_taken() {
    let other = Leaf { outcome: "altered".to_owned(), ..source(1, 1) };
    let one = spooled([source(1, 1), other.clone(), source(1, 1)]);
    let two = spooled([other, source(1, 1)]);
    assert_eq!((one.count, one.contradicted, one.root), (1, 1, two.root));
    let none = spooled([]);
    assert_eq!((none.count, none.root), (0, Sha256::of(b"")));
    assert_eq!(Listing::of(&MemoryBucket::new()).await.unwrap().days(), BTreeMap::new());
}
