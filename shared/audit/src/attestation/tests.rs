//! Statements, signatures, proofs and chains, and every way to tamper with them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{Day, Sha256};

fn pkcs8() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap().as_ref().to_vec())
}

fn public_key() -> PublicKey {
    PublicKey::from_spki(&sign_with_pkcs8(pkcs8(), b"").unwrap().public_key_der).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn leaf(number: u32) -> Leaf {
    Leaf {
        bucket: "logs".to_owned(),
        key: format!("AWSLogs/{number:03}"),
        revision: 1,
        version: number.is_multiple_of(2).then(|| "v\"1".to_owned()),
        inflated_sha256: (!number.is_multiple_of(3)).then(|| Sha256::of(&number.to_be_bytes())),
        outcome: "verified".to_owned(),
    }
}

fn tree(leaves: u32) -> Tree {
    Tree::of((0..leaves).rev().map(leaf).collect()).unwrap()
}

fn statement(leaves: u32) -> Statement {
    let tree = tree(leaves);
    Statement {
        version: VERSION,
        claim: WORDS.to_owned(),
        archive: "0f5c-archive".to_owned(),
        day: day("20260115"),
        kind: Kind::Provisional,
        sequence: 1,
        issued_at_ms: 1_768_608_000_000,
        sources: SourcesStatement {
            count: tree.len(),
            merkle_root: tree.root(),
            outcomes: [("verified".to_owned(), tree.len())].into(),
            reread: ReReading::default(),
        },
        digests: DigestsStatement { verified: 24, refused: 0, heads: vec![] },
        coverage: CoverageStatement::default(),
        findings: FindingsStatement::default(),
        trails: vec![],
        trust_root: TrustRoot {
            cloudtrail_keys_sha256: Sha256::of(b"keys"),
            cloudtrail_keys_origin: "a file".to_owned(),
            signer: "test key".to_owned(),
            signer_fingerprint: public_key().fingerprint(),
        },
        previous: None,
        supersedes: None,
    }
}

fn sign(statement: Statement) -> Envelope {
    let signed = sign_with_pkcs8(pkcs8(), &statement.signing_input().unwrap()).unwrap();
    Envelope::new(statement, &signed.signature, &public_key()).unwrap()
}

#[test]
fn every_leaf_of_trees_of_1_to_70_leaves_is_proved_and_nothing_else_is() {
    for leaves in 1..=70 {
        let (tree, statement) = (tree(leaves), statement(leaves));
        for index in 0..leaves {
            let proof = InclusionProof::make(statement.day, &tree, index.into(), leaf(index)).unwrap();
            assert!(proof.verify(&statement).is_ok(), "{index} of {leaves}");
            assert!(proof.path.len() <= 7);
            assert_eq!(InclusionProof::parse(&proof.to_json().unwrap()).unwrap(), proof);
            for other in [index.wrapping_sub(1), index + 1, leaves] {
                let moved = InclusionProof { index: other.into(), ..proof.clone() };
                assert!(moved.verify(&statement).is_err(), "{index} as {other} of {leaves}");
            }
            let longer = InclusionProof { path: [proof.path.clone(), vec![Sha256::of(b"")]].concat(), ..proof.clone() };
            assert!(longer.verify(&statement).is_err());
            assert!(InclusionProof::make(statement.day, &tree, index.into(), leaf(index + 1)).is_err());
        }
        assert!(InclusionProof::make(statement.day, &tree, leaves.into(), leaf(leaves)).is_err());
    }
    assert_eq!(tree(0).root(), Sha256::of(b""));
}

#[test]
fn a_tree_of_three_is_the_node_of_a_node_and_a_leaf() {
    let hashes: Vec<Sha256> = (0..3).map(|number| leaf(number).hash().unwrap()).collect();
    let node = |left: Sha256, right: Sha256| Sha256::of(&[&[1][..], &left.0, &right.0].concat());
    assert_eq!(tree(3).root(), node(node(hashes[0], hashes[1]), hashes[2]));
    let text = r#"{"bucket":"logs","inflated_sha256":null,"key":"AWSLogs/000","outcome":"verified","revision":1,"version":"v\"1"}"#;
    assert_eq!(hashes[0], Sha256::of(&[&[0][..], text.as_bytes()].concat()));
}

#[test]
fn a_source_is_counted_once_and_in_order() {
    assert!(matches!(Tree::of(vec![leaf(1), leaf(1)]), Err(OrderError::NotAscending { .. })));
    let mut tree = Tree::default();
    tree.push(leaf(2)).unwrap();
    assert!(tree.push(leaf(1)).is_err());
    tree.push(Leaf { revision: 2, ..leaf(2) }).unwrap();
    assert_eq!(tree.len(), 2);
}

#[test]
fn the_root_of_leaves_that_come_one_by_one_is_that_of_the_tree() {
    let mut streaming = TreeRoot::default();
    for leaves in 0..=300 {
        assert_eq!((streaming.root(), streaming.len()), (tree(leaves).root(), leaves.into()), "{leaves}");
        streaming.push(leaf(leaves)).unwrap();
    }
    assert!(streaming.push(leaf(300)).is_err() && streaming.push(leaf(7)).is_err());
    assert_eq!(streaming.len(), 301);
}

#[test]
fn a_local_key_is_rsa_or_p_256_and_what_it_signs_is_verified() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    for (der, algorithm) in [(rsa.as_ref(), Algorithm::RsaPkcs1Sha256), (pkcs8(), Algorithm::EcdsaSha256)] {
        let key = LocalKey::from_pkcs8(der).unwrap();
        assert_eq!(key.public_key().algorithm(), algorithm);
        let signature = key.sign(b"text").unwrap();
        assert!(key.public_key().verifies(b"text", &signature) && !key.public_key().verifies(b"other", &signature));
        assert_eq!(PublicKey::from_spki(key.public_key().spki()).unwrap().fingerprint(), key.public_key().fingerprint());
        assert!(!format!("{key:?}").contains("pair"));
    }
    for other in [&b""[..], b"-----BEGIN PRIVATE KEY-----", &[0x30; 200], &vec![0; MAX_KEY_BYTES + 1]] {
        assert_eq!(LocalKey::from_pkcs8(other).unwrap_err(), KeyError::Private);
    }
}

#[test]
fn what_is_signed_is_seven_short_lines() {
    let statement = Statement { archive: "é".repeat(100_000), ..statement(5) };
    let input = statement.signing_input().unwrap();
    assert!(input.len() <= MAX_SIGNING_INPUT_BYTES);
    let text = String::from_utf8(Statement { archive: "a".to_owned(), ..statement }.signing_input().unwrap()).unwrap();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!((lines.len(), &lines[..5], lines[6]), (7, &["trailkeep-attestation-v1", "a", "20260115", "provisional", "1"][..], "null"));
}

#[test]
fn an_envelope_reads_back_and_verifies_with_its_key_alone() {
    let envelope = sign(statement(5));
    let bytes = envelope.to_json().unwrap();
    let read = Envelope::parse(&bytes).unwrap();
    assert_eq!(read, envelope);
    read.verify(&public_key()).unwrap();

    let other = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let signed = sign_with_pkcs8(other.as_ref(), &read.statement.signing_input().unwrap()).unwrap();
    let other = PublicKey::from_spki(&signed.public_key_der).unwrap();
    assert!(matches!(read.verify(&other), Err(EnvelopeError::OtherKey { .. })));
    let renamed = Envelope { fingerprint: other.fingerprint(), ..read.clone() };
    assert!(matches!(renamed.verify(&other), Err(EnvelopeError::OtherKey { .. })));
    assert!(Envelope::new(read.statement.clone(), &signed.signature, &public_key()).is_err());
    let algorithm = Envelope { algorithm: Algorithm::RsaPkcs1Sha256, ..read.clone() };
    assert!(matches!(algorithm.verify(&public_key()), Err(EnvelopeError::OtherAlgorithm)));
    let upper = Envelope { signature: read.signature.to_uppercase(), ..read };
    assert!(matches!(upper.verify(&public_key()), Err(EnvelopeError::SignatureForm)));

    let spaced = [b" ", bytes.as_slice()].concat();
    assert!(matches!(Envelope::parse(&spaced), Err(EnvelopeError::NotCanonical)));
    let more = String::from_utf8(bytes).unwrap().replacen('{', r#"{"aaa":1,"#, 1);
    assert!(matches!(Envelope::parse(more.as_bytes()), Err(EnvelopeError::Json(_))));
}

#[test]
fn rsa_keys_verify_and_odd_encodings_of_keys_are_refused() {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki = pair.public_key().as_der().unwrap();
    let key = PublicKey::from_spki(spki.as_ref()).unwrap();
    let mut statement = statement(3);
    statement.trust_root.signer_fingerprint = key.fingerprint();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &statement.signing_input().unwrap(), &mut signature).unwrap();
    let envelope = Envelope::new(statement, &signature, &key).unwrap();
    assert_eq!(
        (envelope.algorithm, serde_json::to_value(envelope.algorithm).unwrap()),
        (Algorithm::RsaPkcs1Sha256, Value::from("RSASSA_PKCS1_V1_5_SHA_256"))
    );

    let p256 = sign_with_pkcs8(pkcs8(), b"").unwrap().public_key_der;
    let pkcs1: &RsaKeyPair = &pair;
    let appended = |der: &[u8]| [der, &[0]].concat();
    for wrong in
        [&[][..], pkcs1.public_key().as_ref(), p256.split_at(26).1, &appended(&p256), &appended(spki.as_ref()), &[0x30; 91], pkcs8()]
    {
        assert!(matches!(PublicKey::from_spki(wrong), Err(KeyError::Public)), "{wrong:?}");
    }
    for wrong in [&[][..], b"garbage", &p256, &vec![0; MAX_KEY_BYTES + 1]] {
        assert!(matches!(sign_with_pkcs8(wrong, b""), Err(KeyError::Private)));
    }
}

#[test]
fn statements_that_contradict_themselves_are_neither_issued_nor_believed() {
    let changes: [fn(&mut Statement); 8] = [
        |statement| statement.version = 2,
        |statement| statement.claim = "complete".to_owned(),
        |statement| statement.archive = "a\nb".to_owned(),
        |statement| statement.sequence = 0,
        |statement| statement.sequence = 2,
        |statement| statement.sources.count += 1,
        |statement| statement.sources.reread.intact = 1,
        |statement| statement.coverage.covered_hours = 1,
    ];
    for change in changes {
        let mut statement = statement(2);
        change(&mut statement);
        let signed = sign_with_pkcs8(pkcs8(), &statement.signing_input().unwrap()).unwrap();
        assert!(matches!(Envelope::new(statement, &signed.signature, &public_key()), Err(EnvelopeError::Impossible(_))));
    }
}

#[test]
fn nothing_that_is_lacking_adds_up_to_complete() {
    let complete = statement(2);
    assert!(complete.is_complete());
    for (unknown, gaps_left_out) in [(1, 0), (0, 1), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        let coverage = CoverageStatement { unknown, gaps_left_out, ..CoverageStatement::default() };
        assert!(!Statement { coverage, ..complete.clone() }.is_complete(), "{unknown} {gaps_left_out}");
    }
    for (outcome, sound) in [("not_covered", true), ("no_digest", false), ("unlisted_within_grace", false), ("of_a_later_release", false)] {
        let mut other = complete.clone();
        other.sources.outcomes.insert(outcome.to_owned(), 1);
        assert_eq!(other.is_complete(), sound, "{outcome}");
    }
}

/// Day, kind and the place of the one that it supersedes, one after the other.
fn chain(days: &[(&str, Kind, Option<usize>)]) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    for (number, (text, kind, supersedes)) in days.iter().enumerate() {
        let statement = Statement {
            day: day(text),
            kind: *kind,
            sequence: number as u64 + 1,
            issued_at_ms: number as i64,
            previous: chain.last().map(|bytes| Sha256::of(bytes)),
            supersedes: supersedes.map(|at| Sha256::of(&chain[at])),
            ..statement(2)
        };
        chain.push(sign(statement).to_json().unwrap());
    }
    chain
}

fn check(chain: &[Vec<u8>], after: Option<(u64, Sha256)>) -> (ChainReport, String) {
    let report = check_chain(chain.iter().map(Vec::as_slice), &[public_key()], after);
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let problems = problems.join("; ");
    (report, problems)
}

#[test]
fn a_chain_of_days_is_sound_and_holes_forks_and_edits_are_told() {
    use Kind::{Final, Provisional};
    let whole = chain(&[
        ("20260114", Provisional, None),
        ("20260115", Provisional, None),
        ("20260114", Final, Some(0)),
        ("20260115", Final, Some(1)),
    ]);
    let (report, _) = check(&whole, None);
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.range, report.head), (Some((1, 4)), Some(Sha256::of(&whole[3]))));
    assert_eq!(report.days.get(&day("20260114")), Some(&(3, Final)));
    let shuffled: Vec<_> = [3, 1, 0, 2, 2].map(|at| whole[at].clone()).into();
    assert!(check(&shuffled, None).0.is_sound());
    assert!(check(&whole[2..], Some((2, Sha256::of(&whole[1])))).0.is_sound());
    assert_eq!(
        check(&whole[2..], Some((2, Sha256::of(b"")))).1,
        "attestation 3 names another attestation before it than the one that is there"
    );
    assert_eq!(check(&whole[1..], None).1, "attestations 1 to 1 are missing");
    let hole = [whole[0].clone(), whole[3].clone()];
    assert_eq!(check(&hole, None).1, "attestations 2 to 3 are missing");
    let mut edited = whole.clone();
    let text = String::from_utf8(edited[1].clone()).unwrap().replace("\"refused\":0", "\"refused\":1");
    edited[1] = text.into_bytes();
    assert_eq!(check(&edited, None).1, "attestation 1 of those given is not verified; attestations 2 to 2 are missing");
    let fork = [whole.clone(), chain(&[("20260114", Provisional, None)])].concat();
    assert!(check(&fork, None).1.contains("two different attestations have number 1"));

    let twice = chain(&[("20260114", Provisional, None), ("20260114", Final, None)]);
    assert_eq!(check(&twice, None).1, "attestation 2 does not take the place of the one before it for 20260114");
    let back = chain(&[("20260114", Final, None), ("20260114", Provisional, Some(0))]);
    assert_eq!(check(&back, None).1, "attestation 2 is provisional, after a final one for 20260114");
    let stranger = chain(&[("20260114", Provisional, None), ("20260115", Final, Some(0))]);
    assert_eq!(check(&stranger, None).1, "attestation 2 does not take the place of the one before it for 20260115");
    assert!(!check(&[], None).0.is_sound());
    assert!(!check_chain([whole[0].as_slice()], &[], None).is_sound());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_byte_is_changed_nothing_verifies(at in any::<prop::sample::Index>(), flip in 1..=255_u8, leaves in 1..40_u32) {
        let mut bytes = sign(statement(leaves)).to_json().unwrap();
        *at.get_mut(&mut bytes) ^= flip;
        prop_assert!(Envelope::parse(&bytes).and_then(|envelope| envelope.verify(&public_key())).is_err());

        let index = at.index(leaves as usize) as u32;
        let mut bytes = InclusionProof::make(day("20260115"), &tree(leaves), index.into(), leaf(index)).unwrap().to_json().unwrap();
        *at.get_mut(&mut bytes) ^= flip;
        prop_assert!(InclusionProof::parse(&bytes).and_then(|proof| proof.verify(&statement(leaves))).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_verify(bytes in prop::collection::vec(any::<u8>(), 0..300), index in any::<u64>(), size in any::<u64>()) {
        prop_assert!(Envelope::parse(&bytes).is_err());
        prop_assert!(InclusionProof::parse(&bytes).is_err());
        prop_assert!(PublicKey::from_spki(&bytes).is_err());
        prop_assert!(sign_with_pkcs8(&bytes, b"").is_err());
        let path = bytes.chunks_exact(32).map(Sha256::of).collect();
        let proof = InclusionProof { version: VERSION, day: day("20260115"), leaf: leaf(1), index, size, path };
        let mut statement = statement(2);
        statement.sources.count = size;
        prop_assert!(proof.verify(&statement).is_err());
    }
}

#[test]
fn the_largest_organization_fits_into_an_envelope_and_counts_without_end_do_not() {
    let head = ChainHead {
        organization: Some("o-exampleorg1".to_owned()),
        account: "111122223333".to_owned(),
        region: "ap-southeast-2".to_owned(),
        trail: "organization-trail".to_owned(),
        home_region: "ap-southeast-2".to_owned(),
        bucket: "organization-cloudtrail-logs-111122223333".to_owned(),
        key: "AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/ap-southeast-2/2026/01/15/111122223333_CloudTrail-Digest_ap-southeast-2_organization-trail_ap-southeast-2_20260115T235959Z.json.gz".to_owned(),
        sha256: Sha256::of(b"digest"),
        end_ms: 1_768_608_000_000,
    };
    let one = canonical_json(&head).unwrap().len() + 1;
    assert!(one * 5_000 * 17 < MAX_ENVELOPE_BYTES * 7 / 10, "a head takes {one} bytes, and gaps and trails want their place");

    let mut statement = statement(1);
    statement.findings.counts = (0..1_024).map(|number| (format!("{number:04}"), 0)).collect();
    let bytes = sign(statement.clone()).to_json().unwrap();
    assert!(Envelope::parse(&bytes).is_ok());
    statement.findings.counts.insert("more".to_owned(), 0);
    let refused = Envelope::parse(&sign(statement).to_json().unwrap()).unwrap_err();
    assert!(matches!(refused, EnvelopeError::Json(_)), "{refused}");
}

#[test]
fn a_signature_is_taken_in_one_form_alone() {
    let (statement, key) = (statement(1), public_key());
    let input = statement.signing_input().unwrap();
    for _ in 0..20 {
        let signed = sign_with_pkcs8(pkcs8(), &input).unwrap().signature;
        let other = ecdsa::raised(&signed).unwrap();
        assert!(key.verifies(&input, &signed) && !key.verifies(&input, &other));
        assert!(matches!(Envelope::new(statement.clone(), &other, &key), Err(EnvelopeError::SignatureInvalid)));
        assert_eq!(key.normal_form(other), signed);
    }
}
