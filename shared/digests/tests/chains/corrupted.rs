//! Every corruption of a chain of five hours, and what is said of it.

use trailkeep_digests::{Window, walk};

use crate::forge::{HOUR, Object, SigningKey, T0, Trail, gzip, judge, keys_of, read_all, told};

/// Corrupts a whole chain of five hours and compares what is told; the beginning, the same everywhere, is left out.
fn check(corrupt: impl FnOnce(&mut Vec<Object>, &mut Trail), expect: &[&str]) {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..5);
    corrupt(&mut objects, &mut trail);
    let report = judge(&trail, &objects, 5);
    let lines: Vec<String> = told(&report).into_iter().filter(|line| line != "begins ?-0").collect();
    assert_eq!(lines, expect);
    assert!(!report.is_clean());
}

/// Replaces a text in a Digest's content, which keeps its metadata.
fn alter(objects: &mut [Object], index: usize, from: &str, to: &str) {
    let text = String::from_utf8(objects[index].json.clone()).expect("JSON is text");
    assert!(text.contains(from));
    objects[index] = objects[index].clone().with_json(text.replacen(from, to, 1).into_bytes());
}

#[test]
fn an_altered_digest() {
    let proven = ["proven 0-2", "proven 3-5"];
    check(
        |objects, _| alter(objects, 2, "abcdEFGH00000001", "abcdEFGH00000002"),
        &["[2] signature_invalid, differs_from_next", proven[0], proven[1]],
    );
    // The newest has none after it; its own signature is enough.
    check(|objects, _| alter(objects, 4, "abcdEFGH00000001", "abcdEFGH00000002"), &["[4] signature_invalid", "proven 0-4"]);
}

#[test]
fn swapped_digests() {
    check(
        |objects, _| {
            let keys = (objects[1].key.clone(), objects[3].key.clone());
            objects.swap(1, 3);
            (objects[1].key, objects[3].key) = keys;
        },
        &[
            "[1] moved, stamp_differs, differs_from_next",
            "[3] moved, stamp_differs, differs_from_next",
            "proven 0-1",
            "proven 2-3",
            "proven 4-5",
        ],
    );
}

#[test]
fn one_deleted() {
    check(|objects, _| drop(objects.remove(2)), &["missing_digests 2-3 1", "proven 0-2", "proven 3-5"]);
}

#[test]
fn two_in_a_row_deleted() {
    check(|objects, _| drop(objects.drain(1..3)), &["missing_digests 1-3 2", "proven 0-1", "proven 3-5"]);
}

#[test]
fn the_newest_deleted() {
    check(|objects, _| drop(objects.pop()), &["missing_newest 4-5 1", "proven 0-4"]);
    check(|objects, _| objects.truncate(2), &["missing_newest 2-5 3", "proven 0-2"]);
}

#[test]
fn the_oldest_deleted() {
    let mut trail = Trail::new();
    let objects = trail.hours(0..4);
    assert_eq!(told(&judge(&trail, &objects[1..], 4)), ["missing_digests ?-1 1", "proven 1-4"]);
    // Those before were not looked for.
    let window = Window { since_ms: Some(T0 + HOUR), ..Window::default() };
    let report = walk(&trail.chain(), &read_all(&objects[1..], &crate::forge::usual_keys()), &window);
    assert_eq!(told(&report), ["proven 1-4"]);
}

#[test]
fn all_deleted() {
    check(|objects, _| objects.clear(), &["no_digests"]);
}

#[test]
fn a_duplicated_stamp() {
    // An exact copy under another prefix: it is not where it was signed to be.
    check(
        |objects, _| {
            let mut copy = objects[2].clone();
            copy.key = format!("copy/{}", copy.key);
            objects.push(copy);
        },
        &["[5] moved, duplicated_stamp", "duplicated_stamp 3 Some(2) [5]", "proven 0-5"],
    );
    // Two that were signed for one time: the one that the next names is taken.
    check(
        |objects, trail| {
            let mut other = Trail { folder: format!("a/{}", trail.folder), ..trail.clone() };
            other.previous = Some(pointer_to(&objects[1]));
            objects.push(other.hour(2));
        },
        &["[5] duplicated_stamp", "duplicated_stamp 3 Some(2) [5]", "proven 0-5"],
    );
    // The same object given twice is one.
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..3);
    objects.push(objects[1].clone());
    assert_eq!(told(&judge(&trail, &objects, 3)), ["begins ?-0", "proven 0-3"]);
}

/// What the next Digest says about this one.
fn pointer_to(object: &Object) -> [String; 4] {
    let hash = hex::encode(trailkeep_records::hash::sha256(&object.json));
    [object.bucket.clone(), object.key.clone(), hash, object.signature.clone().unwrap_or_default()]
}

#[test]
fn a_wrong_previous_hash_under_a_good_signature() {
    check(
        |objects, trail| {
            objects.truncate(3);
            trail.previous = Some(pointer_to(&objects[2]));
            let hash = hex::encode([7; 32]);
            objects.push(trail.changed(T0 + 3 * HOUR, T0 + 4 * HOUR, |content| content["previousDigestHashValue"] = hash.into()));
            objects.push(trail.hour(4));
        },
        &["[3] previous_hash_differs", "proven 0-3", "proven 4-5"],
    );
}

#[test]
fn a_wrong_previous_signature_under_a_good_signature() {
    check(
        |objects, trail| {
            objects.truncate(3);
            trail.previous = Some(pointer_to(&objects[2]));
            let signature = objects[1].signature.clone();
            objects.push(trail.changed(T0 + 3 * HOUR, T0 + 4 * HOUR, |content| content["previousDigestSignature"] = signature.into()));
            objects.push(trail.hour(4));
        },
        &["[3] previous_signature_differs", "proven 0-3", "proven 4-5"],
    );
}

#[test]
fn the_signature_of_another_digest() {
    check(
        |objects, _| objects[3].signature = objects[2].signature.clone(),
        &["[3] signature_invalid, differs_from_next", "proven 0-3", "proven 4-5"],
    );
}

#[test]
fn a_start_that_is_not_the_previous_end() {
    check(
        |objects, trail| {
            objects.truncate(4);
            trail.previous = Some(pointer_to(&objects[3]));
            objects.push(trail.period(T0 + 4 * HOUR + 60_000, T0 + 5 * HOUR));
        },
        &["[4] start_differs_from_previous_end", "proven 0-4"],
    );
}

#[test]
fn a_digest_that_the_next_one_passes_over() {
    check(
        |objects, trail| {
            objects.truncate(4);
            trail.previous = Some(pointer_to(&objects[2]));
            objects.push(trail.period(T0 + 3 * HOUR, T0 + 5 * HOUR));
        },
        &["[3] not_in_chain", "proven 0-5"],
    );
}

#[test]
fn a_key_outside_its_window() {
    let key = SigningKey::usual();
    let mut trail = Trail::new();
    let objects = trail.hours(0..5);
    let told_with =
        |validity_ms| told(&walk(&trail.chain(), &read_all(&objects, &keys_of(&[(key.clone(), validity_ms)])), &Window::default()));
    // Signing may take two hours.
    assert_eq!(told_with((T0 + 3 * HOUR, T0 + 9 * HOUR)), ["begins ?-0", "proven 0-5"]);
    assert_eq!(told_with((T0, T0 + 4 * HOUR)), ["[4] key_outside_validity", "begins ?-0", "proven 0-4"]);
    assert_eq!(told_with((T0 + 3 * HOUR + 1, T0 + 9 * HOUR)), ["[0] key_outside_validity", "proven 1-5"]);
}

#[test]
fn a_key_that_is_not_kept() {
    let mut trail = Trail { key: SigningKey::new(), ..Trail::new() };
    let objects = trail.hours(0..1);
    assert_eq!(told(&judge(&trail, &objects, 1)), ["[0] unknown_public_key", "no_digests"]);
}

#[test]
fn a_key_of_another_region() {
    let mut trail = Trail::new();
    let mut keys = trailkeep_digests::PublicKeys::new();
    keys.add(SigningKey::usual().public("us-east-1", (T0 - HOUR, T0 + 9 * HOUR)));
    let report = walk(&trail.chain(), &read_all(&[trail.hour(0)], &keys), &Window::default());
    assert_eq!(told(&report), ["[0] key_of_another_region", "no_digests"]);
}

#[test]
fn a_signature_with_sha_512() {
    let mut trail = Trail::new().with_sha512();
    let objects = trail.hours(0..1);
    assert_eq!(told(&judge(&trail, &objects, 1)), ["[0] signature_invalid", "no_digests"]);
}

#[test]
fn bogus_algorithm_names() {
    for (member, name) in
        [("digestSignatureAlgorithm", "wrong_signature_algorithm"), ("previousDigestHashAlgorithm", "wrong_previous_hash_algorithm")]
    {
        check(
            |objects, trail| {
                objects.truncate(4);
                trail.previous = Some(pointer_to(&objects[3]));
                objects.push(trail.changed(T0 + 4 * HOUR, T0 + 5 * HOUR, |content| content[member] = "SHA512withRSA".into()));
            },
            &[&format!("[4] {name}"), "proven 0-4"],
        );
    }
    check(|objects, _| objects[4].algorithm = Some("none".to_owned()), &["[4] wrong_metadata_algorithm", "proven 0-4"]);
    let log = Trail::new().changed(T0, T0 + HOUR, |content| content["logFiles"][0]["hashAlgorithm"] = "MD5".into());
    assert_eq!(log.names(), ["wrong_log_file_hash_algorithm"]);
}

#[test]
fn a_second_gzip_member_and_other_containers() {
    let with = |change: fn(&mut Object)| {
        let mut object = Trail::new().hour(0);
        change(&mut object);
        object.names()
    };
    assert!(with(|_| {}).is_empty());
    assert!(with(|object| object.stored.extend(gzip(b"{}"))).contains(&"several_members"));
    assert!(with(|object| object.stored.extend(gzip(b""))).contains(&"several_members"));
    assert_eq!(with(|object| object.stored.push(0)), ["trailing_bytes"]);
    assert_eq!(with(|object| object.stored.extend(b"garbage")), ["trailing_bytes"]);
    assert_eq!(with(|object| object.stored.truncate(object.stored.len() - 3)), ["cut_trailer"]);
    assert_eq!(with(|object| object.stored.truncate(object.stored.len() - 8)), ["cut_trailer"]);
    assert!(with(|object| object.stored.truncate(object.stored.len() / 2)).contains(&"truncated"));
    assert_eq!(with(|object| *object.stored.last_mut().expect("not empty") ^= 1), ["bad_crc"]);
    assert_eq!(with(|object| object.stored = object.json.clone()), ["not_gzip"]);
    assert!(with(|object| object.stored = Vec::new()).contains(&"not_gzip"));
}

#[test]
fn a_moved_digest() {
    check(|objects, _| objects[2].bucket = "example-other".to_owned(), &["[2] moved", "missing_digests 2-3 1", "proven 0-2", "proven 3-5"]);
    // A copy at a later stamp, outside the chain, hides no deletion and proves nothing.
    check(
        |objects, trail| {
            let mut copy = objects[2].clone();
            copy.key = trail.digest_key(T0 + 5 * HOUR, "");
            objects[4] = copy;
        },
        &["[4] moved, stamp_differs", "proven 0-4"],
    );
}

#[test]
fn what_is_put_into_a_hole_does_not_fill_it() {
    check(
        |objects, trail| {
            let mut copy = objects[0].clone();
            copy.key = trail.digest_key(T0 + 3 * HOUR, "");
            objects.drain(1..4);
            objects.insert(1, copy);
        },
        &["[1] moved, stamp_differs", "missing_digests 1-4 2", "proven 0-1", "proven 4-5"],
    );
}
