//! A small tree, read back: keys, Digests, records, sizes. One is made for all tests that only read.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a failed unwrap is a failed test; the texts are ASCII")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::Path,
    sync::OnceLock,
};

use base64::Engine as _;
use rsa::{Pkcs1v15Sign, RsaPublicKey, pkcs1::DecodeRsaPublicKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trailkeep_keys::{KeyKind, LogClass, LogKey, classify};

use crate::{
    DEFAULT_BUCKET, PUBLIC_KEYS_FILE, Scale, Summary, SynthConfig, SynthError,
    actors::Actors,
    catalogue,
    chance::Chance,
    estate::Estate,
    generate,
    record::{self, Setting},
    time,
};

/// Objects with their keys.
type Parsed = Vec<(LogKey, Value)>;

/// Every file of a tree by its path below the root.
type Files = BTreeMap<String, Vec<u8>>;

fn read_tree(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn make(config: &SynthConfig) -> (Summary, Files) {
    let root = tempfile::tempdir().unwrap();
    let summary = generate(config, root.path()).unwrap();
    (summary, read_tree(root.path()))
}

fn small() -> &'static (Summary, Files) {
    static TREE: OnceLock<(Summary, Files)> = OnceLock::new();
    TREE.get_or_init(|| make(&SynthConfig { accounts: 7, regions: 2, hours: 8, seed: 7, ..SynthConfig::default() }))
}

#[expect(clippy::disallowed_types, reason = "the input is this crate's own and its trailer tells the size")]
fn inflate(stored: &[u8]) -> Vec<u8> {
    assert_eq!(stored[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, stored[8], 0xff], "no name and no time in the header");
    let length = u32::from_le_bytes(stored[stored.len() - 4..].try_into().unwrap()) as usize;
    let mut out = vec![0; length];
    assert_eq!(libdeflater::Decompressor::new().gzip_decompress(stored, &mut out).unwrap(), length);
    out
}

/// The log objects of a tree with their keys, and the Digests likewise.
fn split(files: &Files) -> (Parsed, Parsed) {
    let (mut logs, mut digests) = (Vec::new(), Vec::new());
    for (path, bytes) in files {
        let parse = || serde_json::from_slice(&inflate(bytes)).unwrap();
        match classify(path, Some(bytes.len() as u64)) {
            KeyKind::Log(key) => logs.push((key, parse())),
            KeyKind::Digest(key) => digests.push((key, parse())),
            other => assert!(path == PUBLIC_KEYS_FILE || path.ends_with(".metadata.json"), "{path}: {other:?}"),
        }
    }
    (logs, digests)
}

fn records(logs: &[(LogKey, Value)]) -> impl Iterator<Item = (&LogKey, &Value)> {
    logs.iter().flat_map(|(key, object)| {
        let records = if key.class == LogClass::Aggregated { object } else { &object["Records"] };
        records.as_array().unwrap().iter().map(move |record| (key, record))
    })
}

fn event_ms(record: &Value) -> i64 {
    let text: String = record["eventTime"].as_str().unwrap().chars().filter(|letter| !"-:".contains(*letter)).collect();
    text.parse::<trailkeep_keys::Stamp>().unwrap().unix_ms()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let config = SynthConfig { accounts: 2, regions: 1, hours: 2, seed: 3, scale: Scale::EventsPerHour(120), ..SynthConfig::default() };
    let (first, second) = (make(&config), make(&config));
    assert_eq!(first.0, second.0);
    assert!(first.1 == second.1, "two trees of one seed differ");
    let other = make(&SynthConfig { seed: 4, ..config });
    assert!(first.1.keys().ne(other.1.keys()), "another seed gave the same names");
}

#[test]
fn every_file_has_a_key_of_the_grammar_and_every_hour_its_digest() {
    let (summary, files) = small();
    let (logs, digests) = split(files);
    assert_eq!((logs.len() as u64, digests.len() as u64), (summary.objects, summary.digests));
    assert_eq!(summary.digests, 7 * 2 * 8 + 2, "one for every hour, and two backfills");
    assert!(logs.iter().chain(&digests).all(|(key, _)| !matches!(key.name, trailkeep_keys::FileName::Other(_)) && !key.region_mismatch()));
    for class in [LogClass::CloudTrail, LogClass::Insight, LogClass::NetworkActivity, LogClass::Aggregated] {
        assert!(logs.iter().any(|(key, _)| key.class == class), "no {class}");
    }
    let empty = digests.iter().filter(|(_, digest)| digest["logFiles"].as_array().unwrap().is_empty()).count();
    assert!(empty > 0 && empty < digests.len() / 2, "{empty} empty digests of {}", digests.len());
}

fn is_backfill(key: &LogKey) -> bool {
    matches!(key.name, trailkeep_keys::FileName::Digest { backfill: true, .. })
}

/// The public keys by fingerprint.
fn public_keys(files: &Files) -> HashMap<String, RsaPublicKey> {
    let list: Value = serde_json::from_slice(&files[PUBLIC_KEYS_FILE]).unwrap();
    let entries = list["PublicKeyList"].as_array().unwrap();
    let read = |entry: &Value| {
        let der = base64::engine::general_purpose::STANDARD.decode(entry["Value"].as_str().unwrap()).unwrap();
        assert_eq!(entry["Fingerprint"], hex::encode(<md5::Md5 as md5::Digest>::digest(&der)));
        (entry["Fingerprint"].as_str().unwrap().to_owned(), RsaPublicKey::from_pkcs1_der(&der).unwrap())
    };
    entries.iter().map(read).collect()
}

#[test]
fn digests_are_signed_chained_and_list_every_log_with_its_hash() {
    let (_, files) = small();
    let keys = public_keys(files);
    assert_eq!(keys.len(), 2);
    let (logs, digests) = split(files);
    let mut listed = HashSet::new();
    let mut before: Option<(LogKey, Value, String)> = None;
    for (key, digest) in digests {
        let path = key.to_key();
        let json = inflate(&files[&path]);
        let metadata: Value = serde_json::from_slice(&files[&format!("{path}.metadata.json")]).unwrap();
        assert_eq!(metadata["signature-algorithm"], "SHA256withRSA");
        let signature = metadata["signature"].as_str().unwrap().to_owned();
        let backfill = is_backfill(&key);
        assert_eq!(metadata["backfill-generation-timestamp"].is_string(), backfill);
        let chained =
            before.as_ref().filter(|(previous, ..)| !backfill && (previous.account, previous.region) == (key.account, key.region));
        match chained {
            None => assert!(digest["previousDigestS3Object"].is_null() && digest["previousDigestSignature"].is_null()),
            Some((previous, content, previous_signature)) => {
                let previous_path = previous.to_key();
                assert_eq!(digest["previousDigestS3Object"], previous_path);
                assert_eq!(digest["previousDigestSignature"], *previous_signature);
                assert_eq!(digest["previousDigestHashValue"], hex::encode(Sha256::digest(inflate(&files[&previous_path]))));
                assert_eq!(digest["digestStartTime"], content["digestEndTime"]);
            }
        }
        let previous_signature = digest["previousDigestSignature"].as_str().unwrap_or("null");
        let signed = format!(
            "{}\n{DEFAULT_BUCKET}/{path}\n{}\n{previous_signature}",
            digest["digestEndTime"].as_str().unwrap(),
            hex::encode(Sha256::digest(&json))
        );
        let public = &keys[digest["digestPublicKeyFingerprint"].as_str().unwrap()];
        public.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(signed), &hex::decode(&signature).unwrap()).unwrap();
        for log in digest["logFiles"].as_array().unwrap() {
            let object = log["s3Object"].as_str().unwrap();
            assert_eq!(log["hashValue"], hex::encode(Sha256::digest(inflate(&files[object]))), "{object}");
            assert!(listed.insert(object.to_owned()), "{object} is listed twice");
        }
        if backfill {
            assert_eq!(digest["logFiles"].as_array().unwrap().len(), 1);
        } else {
            before = Some((key, digest, signature));
        }
    }
    let expected: HashSet<String> = logs.iter().filter(|(key, _)| key.class == LogClass::CloudTrail).map(|(key, _)| key.to_key()).collect();
    assert_eq!(listed, expected);
}

#[test]
fn records_are_of_the_kinds_that_an_investigator_looks_for() {
    let (summary, files) = small();
    let (logs, _) = split(files);
    let all: Vec<&Value> = records(&logs).map(|(_, record)| record).collect();
    assert_eq!(all.len() as u64, summary.records);
    let count = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|record| test(record)).count();
    for kind in ["AssumedRole", "IAMUser", "Root", "AWSService", "AWSAccount", "WebIdentityUser", "SAMLUser"] {
        assert!(count(&|record| record["userIdentity"]["type"] == kind) > 0, "no identity {kind}");
    }
    for category in ["Management", "Data", "Insight", "NetworkActivity", "Aggregated"] {
        assert!(count(&|record| record["eventCategory"] == category) > 0, "no category {category}");
    }
    let login = |record: &Value| record["eventName"] == "ConsoleLogin";
    assert!(count(&|record| login(record) && record["additionalEventData"]["MFAUsed"] == "No") > 0);
    assert!(count(&|record| login(record) && record["additionalEventData"]["MFAUsed"] == "Yes") > 0);
    assert!(count(&|record| login(record) && record["errorMessage"].is_string() && record["errorCode"].is_null()) > 0);
    for code in ["AccessDenied", "Client.UnauthorizedOperation", "AccessDeniedException", "VpceAccessDenied"] {
        assert!(count(&|record| record["errorCode"] == code) > 0, "no {code}");
    }
    assert!(count(&|record| record["eventName"] == "AuthorizeSecurityGroupIngress") > 0);
    assert!(count(&|record| record["responseElements"]["credentials"]["sessionToken"].is_string()) > 0);
    assert!(count(&|record| record["sourceIPAddress"].as_str().is_some_and(|address| address.starts_with("2001:db8:"))) > 0);
    assert!(count(&|record| record["awsRegion"] == "us-east-1" && record["eventSource"] == "iam.amazonaws.com") > 0);
    let service = count(&|record| record["userIdentity"]["type"] == "AWSService");
    assert!((all.len() / 5..all.len() * 2 / 3).contains(&service), "{service} of {} by services", all.len());
}

#[test]
fn duplicates_are_the_same_json_in_another_object() {
    let (summary, files) = small();
    let (logs, _) = split(files);
    let mut seen: HashMap<String, (String, Value)> = HashMap::new();
    let mut copies = 0;
    for (key, record) in records(&logs) {
        let id = record["eventID"].as_str().or(record["eventId"].as_str()).unwrap().to_owned();
        match seen.get(&id) {
            Some((object, first)) => {
                copies += 1;
                assert_eq!(first, record);
                assert_ne!(*object, key.to_key());
            }
            None => drop(seen.insert(id, (key.to_key(), record.clone()))),
        }
    }
    assert_eq!(copies, summary.duplicates);
    assert!(copies > 0 && copies * 20 < summary.records, "{copies} of {}", summary.records);
}

#[test]
fn events_lie_before_the_stamp_and_late_objects_hours_before_it() {
    let (_, files) = small();
    let (logs, _) = split(files);
    let (mut late, mut unsorted) = (HashSet::new(), 0);
    for (key, object) in logs.iter().filter(|(key, _)| key.class == LogClass::CloudTrail) {
        let times: Vec<i64> = object["Records"].as_array().unwrap().iter().map(event_ms).collect();
        unsorted += usize::from(!times.is_sorted());
        for time in times {
            let age_ms = key.delivered_ms().unwrap() - time;
            assert!(age_ms > 0, "{key}");
            if age_ms > 3_600_000 {
                late.insert(key.to_key());
            }
        }
    }
    assert!(!late.is_empty() && late.len() * 10 < logs.len(), "{} late of {}", late.len(), logs.len());
    assert!(unsorted * 4 > logs.len(), "{unsorted} unsorted of {}", logs.len());
}

#[test]
fn records_are_as_large_as_real_ones_and_compress_as_well() {
    let config = SynthConfig { seed: 11, scale: Scale::InflatedBytes(20_000_000), ..SynthConfig::default() };
    let (summary, files) = make(&config);
    let ratio = summary.inflated_bytes as f64 / summary.stored_bytes as f64;
    assert!((5.0..7.0).contains(&ratio), "compresses {ratio:.2} to 1");
    assert!((18_000_000..22_000_000).contains(&summary.inflated_bytes), "{} bytes", summary.inflated_bytes);
    let (logs, _) = split(&files);
    let mut sizes: Vec<usize> = records(&logs).map(|(_, record)| record.to_string().len()).collect();
    sizes.sort_unstable();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((1_250..1_600).contains(&sizes[sizes.len() / 2]), "median {}", sizes[sizes.len() / 2]);
    assert!((1_450..1_750).contains(&mean), "mean {mean}");
}

#[test]
fn tiny_objects_are_as_many_as_asked_and_about_20_kb() {
    let config = SynthConfig { accounts: 2, regions: 1, hours: 3, scale: Scale::TinyObjects(300), ..SynthConfig::default() };
    let (summary, _) = make(&config);
    assert_eq!(summary.objects, 300);
    let mean = summary.inflated_bytes / summary.objects;
    assert!((15_000..25_000).contains(&mean), "{mean} bytes an object");
}

#[test]
fn every_row_of_the_catalogue_gives_a_record_of_valid_json() {
    let config = SynthConfig::default();
    let mut chance = Chance::new(9, &[]);
    let estate = Estate::new(&config, 2, "eu-west-1", 2);
    let actors = Actors::new(&estate, config.start_ms, &mut chance);
    for event in catalogue::all() {
        for (turn, denied_per_mille) in [(0, 0), (1, 1000), (2, 300)].into_iter().cycle().take(12) {
            let setting = Setting { estate: &estate, trail_bucket: DEFAULT_BUCKET, denied_per_mille, delayed: turn == 2 };
            let mut out = Vec::new();
            let session = actors.get(actors.choose(&mut chance));
            record::write(event, session, config.start_ms, setting, &mut chance, &mut out);
            let text = String::from_utf8(out).unwrap();
            let record: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}: {text}", event.name));
            assert_eq!(record["eventName"], event.name);
            assert_eq!(record["eventTime"], time::iso(config.start_ms));
            assert_eq!(record["eventID"].as_str().map(str::len), Some(36));
            assert!(!text.contains('%') || text.contains("%23") || text.contains("%7B"), "a code is left: {text}");
        }
    }
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("note.txt"), "mine").unwrap();
    let error = generate(&SynthConfig::default(), root.path()).unwrap_err();
    assert!(matches!(error, SynthError::NotEmpty { .. }));
    assert_eq!(read_tree(root.path()).len(), 1);
}

#[test]
fn values_outside_the_limits_are_refused_before_anything_is_written() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("tree");
    for config in [
        SynthConfig { accounts: 0, ..SynthConfig::default() },
        SynthConfig { regions: 18, ..SynthConfig::default() },
        SynthConfig { hours: 9_000, ..SynthConfig::default() },
        SynthConfig { scale: Scale::InflatedBytes(5), ..SynthConfig::default() },
        SynthConfig { start_ms: -1, ..SynthConfig::default() },
        SynthConfig { bucket: "No Bucket".to_owned(), ..SynthConfig::default() },
    ] {
        assert!(generate(&config, &out).is_err(), "{config:?}");
        assert!(!out.exists());
    }
}
