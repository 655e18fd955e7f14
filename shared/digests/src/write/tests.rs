//! What is written is read back as verified by this crate, chained, and the same each time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::OnceLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{BucketAliases, CADENCE_MS, Metadata, Origin, PublicKey, PublicKeys, Reader, StoredDigest, Window, walk};

/// 2026-01-15T00:00:00Z.
const T0: i64 = 1_768_435_200_000;

fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn sign(text: &[u8]) -> Option<Vec<u8>> {
    let mut signature = vec![0; pair().public_modulus_len()];
    pair().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok().map(|()| signature)
}

fn keys() -> PublicKeys {
    let origin = Origin { source: "a test".to_owned(), at_ms: T0 };
    let value = STANDARD.encode(pair().public_key().as_ref());
    let mut keys = PublicKeys::new();
    keys.add(PublicKey::new("eu-west-1".parse().unwrap(), &value, None, (T0, T0 + 100 * CADENCE_MS), origin).unwrap());
    keys
}

fn destination() -> Destination {
    let fingerprint = keys().iter().next().unwrap().fingerprint();
    Destination { bucket: "restored".to_owned(), prefix: "trailkeep".to_owned(), logs_bucket: "restored".to_owned(), fingerprint }
}

fn chain() -> ChainId {
    ChainId {
        organization: None,
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        trail: "trailkeep-test".to_owned(),
        home_region: "us-east-1".parse().unwrap(),
    }
}

fn file(hour: i64, event_ms: Option<i64>) -> Listed {
    let folder = "AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-west-1/2026/01/15";
    Listed {
        key: format!("{folder}/111122223333_CloudTrail_eu-west-1_20260115T{hour:02}05Z_abcdEFGH01234567.json.gz"),
        hash: crate::Hex([hour as u8; 32]),
        oldest_event_ms: event_ms,
        newest_event_ms: event_ms.map(|ms| ms + 1_500),
    }
}

fn hour(number: i64) -> Period {
    Period { from_ms: T0 + number * CADENCE_MS, to_ms: T0 + (number + 1) * CADENCE_MS }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let written = compressor.gzip_compress(bytes, &mut out).unwrap();
    out.truncate(written);
    out
}

fn write(hours: &[i64]) -> Vec<Written> {
    let destination = destination();
    let mut writer = Writer::new(chain(), &destination);
    let files = |number: &i64| if number % 2 == 0 { vec![file(*number, Some(T0)), file(*number + 1, None)] } else { Vec::new() };
    hours.iter().map(|number| writer.close(hour(*number), &files(number), sign).unwrap()).collect()
}

#[test]
fn what_is_written_is_verified_and_chained() {
    let (keys, aliases) = (keys(), BucketAliases::none());
    let mut reader = Reader::new(&keys, &aliases);
    let links: Vec<_> = write(&[0, 1, 2])
        .iter()
        .map(|written| {
            let (stored, signature) = (gzip(&written.json), written.signature.to_string());
            let metadata = Metadata { signature: Some(&signature), signature_algorithm: Some(SIGNATURE_ALGORITHM), ..Metadata::default() };
            reader.read(&StoredDigest { bucket: "restored", key: &written.key, bytes: &stored, metadata }).into_link()
        })
        .collect();
    assert!(links.iter().all(|link| link.reasons().is_empty()), "{links:#?}");
    assert!(links.iter().all(|link| link.chain() == Some(&chain())));
    let report = walk(&chain(), &links, &Window { until_ms: Some(T0 + 3 * CADENCE_MS), ..Window::default() });
    assert_eq!(report.proven, [Period { from_ms: T0, to_ms: T0 + 3 * CADENCE_MS }]);
}

#[test]
fn the_same_arguments_give_the_same_bytes_under_keys_of_their_own() {
    let written = write(&[0, 1]);
    assert_eq!(written, write(&[0, 1]));
    let day = "trailkeep/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15";
    assert_eq!(written[0].key, format!("{day}/111122223333_CloudTrail-Digest_eu-west-1_trailkeep-test_us-east-1_20260115T010000Z.json.gz"));
    let json = String::from_utf8(written[0].json.clone()).unwrap();
    assert!(json.starts_with(r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-15T00:00:00Z","digestEndTime""#), "{json}");
    assert!(
        json.contains(r#""newestEventTime":"2026-01-15T00:00:01Z","oldestEventTime":"2026-01-15T00:00:00Z","previousDigestS3Bucket":null"#)
    );
    assert!(json.contains(r#""newestEventTime":null,"oldestEventTime":null}]}"#), "{json}");
}

#[test]
fn a_break_begins_the_chain_anew() {
    let written = write(&[0, 1, 3]);
    let names_one_before = |written: &Written| Digest::parse(&written.json).unwrap().previous.is_some();
    assert_eq!(written.iter().map(names_one_before).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn what_no_reader_would_take_is_not_written() {
    let destination = destination();
    let mut writer = Writer::new(chain(), &destination);
    let mut fails = |period: Period, files: &[Listed]| writer.close(period, files, sign).unwrap_err();
    assert!(matches!(fails(Period { from_ms: T0, to_ms: T0 }, &[]), WriteError::Period { .. }));
    assert!(matches!(fails(Period { from_ms: T0, to_ms: T0 + 1 }, &[]), WriteError::Period { .. }));
    assert!(matches!(fails(Period { from_ms: i64::MIN, to_ms: i64::MAX }, &[]), WriteError::Period { .. }));
    let backwards = Listed { newest_event_ms: Some(T0 - 10_000), ..file(0, Some(T0)) };
    assert!(matches!(fails(hour(0), &[backwards]), WriteError::Refused { .. }));
    let mut writer = Writer::new(chain(), &destination);
    assert!(matches!(writer.close(hour(0), &[], |_| None), Err(WriteError::Unsigned { .. })));
    assert!(matches!(writer.close(hour(0), &[], |_| Some(vec![1; 8])), Err(WriteError::Unsigned { .. })));
    assert!(writer.close(hour(0), &[], sign).is_ok(), "the chain stays where it was");
}
