//! What was never a Digest, or is one no more: a reason for each, never a panic, never "verified".

use serde_json::{Value, json};
use trailkeep_digests::{Digest, MAX_INFLATED_BYTES, MAX_LOG_FILES, Member, Reason};

use crate::forge::{HOUR, T0, Trail};

/// Signs a Digest whose content is changed, and tells the reasons.
fn signed(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Vec<&'static str> {
    let mut trail = Trail::new();
    let _ = trail.hour(0);
    trail.changed(T0 + HOUR, T0 + 2 * HOUR, change).names()
}

#[test]
fn each_missing_and_odd_member_has_its_reason() {
    let members = &Member::ALL[..15];
    for member in members {
        let missing = signed(|content| drop(content.remove(member.json())));
        assert_eq!(missing, [Reason::Missing(*member).name()]);
        let long = "x".repeat(5000);
        for odd in [json!(17), json!(-1), json!(1.5), json!(true), json!(["x"]), json!({"x": "y"}), json!(""), json!(long), json!("\u{7}")]
        {
            if *member == Member::LogFiles && odd.is_array() {
                continue;
            }
            let reasons = signed(|content| content[member.json()] = odd.clone());
            let expected = [Reason::Odd(*member), Reason::WrongSignatureAlgorithm, Reason::WrongPreviousHashAlgorithm];
            assert!(expected.iter().any(|reason| reasons == [reason.name()]), "{member:?} {odd}: {reasons:?}");
        }
    }
}

#[test]
fn null_is_for_event_times_and_for_all_that_is_about_the_previous_digest() {
    for member in &Member::ALL[..15] {
        let reasons = signed(|content| content[member.json()] = Value::Null);
        let expected = match member {
            Member::NewestEventTime | Member::OldestEventTime => vec![],
            _ if member.json().starts_with("previous") => vec!["partial_previous"],
            _ => vec![Reason::Odd(*member).name()],
        };
        assert_eq!(reasons, expected, "{member:?}");
    }
}

#[test]
fn each_missing_and_odd_member_of_a_log_file_has_its_reason() {
    for member in &Member::ALL[15..21] {
        let missing = signed(|content| drop(content["logFiles"][1].as_object_mut().and_then(|file| file.remove(member.json()))));
        assert_eq!(missing, [Reason::Missing(*member).name()]);
        let odd = signed(|content| content["logFiles"][1][member.json()] = json!([1]));
        assert_eq!(odd, [Reason::Odd(*member).name()]);
    }
    for element in [json!(1), json!(null), json!("x"), json!([]), json!(true), json!(0.5), json!(-1)] {
        assert_eq!(signed(|content| content["logFiles"][0] = element), ["odd_log_files"]);
    }
    assert_eq!(signed(|content| content["logFiles"][0] = json!({})).len(), 6);
}

#[test]
fn metadata_must_be_there() {
    let without = |change: fn(&mut crate::forge::Object)| {
        let mut object = Trail::new().hour(0);
        change(&mut object);
        object.names()
    };
    assert_eq!(without(|object| object.signature = None), ["missing_metadata_signature"]);
    assert_eq!(without(|object| object.algorithm = None), ["missing_metadata_signature_algorithm"]);
    assert_eq!(without(|object| object.signature = Some("zz".repeat(256))), ["odd_metadata_signature"]);
    assert_eq!(without(|object| object.signature = Some(String::new())), ["odd_metadata_signature"]);
    assert_eq!(without(|object| object.signature = object.signature.take().map(|text| text.to_uppercase())), ["odd_metadata_signature"]);
    assert_eq!(without(|object| object.signature = object.signature.take().map(|text| format!("00{text}"))), ["signature_invalid"]);
}

#[test]
fn hexadecimal_that_is_none() {
    for member in ["digestPublicKeyFingerprint", "previousDigestHashValue", "previousDigestSignature"] {
        for wrong in ["not hexadecimal", "abc", "AB", "0x00", "é"] {
            let reasons = signed(|content| content[member] = wrong.into());
            assert!(matches!(reasons.as_slice(), [one] if one.starts_with("odd_")), "{member} {wrong}: {reasons:?}");
        }
    }
    assert_eq!(signed(|content| content["logFiles"][0]["hashValue"] = "00".into()), ["odd_log_file_hash_value"]);
}

#[test]
fn times_out_of_order() {
    assert_eq!(signed(|content| content["digestStartTime"] = "2026-01-15T02:00:00Z".into()), ["times_out_of_order"]);
    assert_eq!(signed(|content| content["digestStartTime"] = "2027-01-15T02:00:00Z".into()), ["times_out_of_order"]);
    assert_eq!(signed(|content| content["oldestEventTime"] = "2027-01-15T02:00:00Z".into()), ["event_times_out_of_order"]);
    let file = signed(|content| content["logFiles"][0]["newestEventTime"] = "2001-01-15T02:00:00Z".into());
    assert_eq!(file, ["event_times_out_of_order"]);
    for odd in ["yesterday", "2026-01-15T02:00:00", "2026-01-15T02:00:00+01:00", "2026-02-30T02:00:00Z", "1768435200"] {
        assert_eq!(signed(|content| content["digestEndTime"] = odd.into()), ["odd_digest_end_time"], "{odd}");
    }
    assert_eq!(signed(|content| content["digestEndTime"] = "2026-01-15T02:00:01Z".into()), ["stamp_differs"]);
}

#[test]
fn other_accounts_organizations_and_places() {
    assert_eq!(signed(|content| content["awsAccountId"] = "444455556666".into()), ["account_differs"]);
    assert_eq!(signed(|content| content["awsAccountId"] = "1111".into()), ["odd_aws_account_id"]);
    assert_eq!(signed(|content| content["digestS3Bucket"] = "example-other".into()), ["moved"]);
    assert_eq!(signed(|content| content["digestS3Bucket"] = "a/b".into()), ["odd_digest_s3_bucket"]);
    let mut object = Trail::new().hour(0);
    object.key = object.key.replace("AWSLogs/", "AWSLogs/o-otherorgid00/");
    assert_eq!(object.names(), ["moved"]);
    object.key = object.key.replace("/eu-west-1/", "/eu-west-2/");
    assert_eq!(object.names(), ["region_differs", "moved", "log_file_of_another_region", "key_of_another_region"]);
    object.key = "not/a/key".to_owned();
    assert_eq!(object.names(), ["not_a_digest_key"]);
    object.key = Trail::new().hour(0).key.replace("CloudTrail-Digest", "CloudTrail");
    assert_eq!(object.names(), ["not_a_digest_key"]);
}

#[test]
fn what_is_no_json_or_more_than_one() {
    let good = Trail::new().hour(0);
    let text = String::from_utf8(good.json.clone()).expect("JSON is text");
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "17",
        "\"x\"",
        "{\"a\":1}x",
        "\u{feff}{}",
        "{\"logFiles\":[}",
        &format!("{text}{text}"),
        &format!("{text}x"),
    ];
    for body in bodies {
        let names = good.clone().with_json(body.as_bytes().to_vec()).names();
        assert!(names.contains(&"not_json"), "{body}: {names:?}");
    }
    assert!(good.clone().with_json(b"{\"awsAccountId\":\"\xff\"}".to_vec()).names().contains(&"not_json"));
    let stranger = [b"{\"stranger\":\"\xff\",", &text.as_bytes()[1..]].concat();
    assert_eq!(good.clone().with_json(stranger).names(), ["not_json"]);
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!good.clone().with_json(deep.into_bytes()).names().is_empty());
    let twice = text.replacen("{\"", "{\"awsAccountId\":\"111122223333\",\"", 1);
    assert!(good.clone().with_json(twice.into_bytes()).names().contains(&"repeated_member"));
    let lists = text.replacen("{\"", "{\"logFiles\":[],\"", 1);
    assert!(good.with_json(lists.into_bytes()).names().contains(&"repeated_member"));
}

#[test]
fn escapes_and_unknown_members_are_read() {
    let good = Trail::new().hour(0);
    let text = String::from_utf8(good.json.clone()).expect("JSON is text");
    let escaped = text.replace('/', "\\/").replacen('{', "{\"later\":{\"a\":[1,null]},", 1);
    let (plain, escaped) = (Digest::parse(text.as_bytes()).expect("a digest"), Digest::parse(escaped.as_bytes()).expect("a digest"));
    assert_eq!(plain, escaped);
}

#[test]
fn huge_digests_are_refused_by_their_caps() {
    let good = Trail::new().hour(0);
    let zeros = good.clone().with_json(vec![b' '; MAX_INFLATED_BYTES + 1]).names();
    assert!(zeros.contains(&"inflation_ratio") || zeros.contains(&"inflated_too_large"), "{zeros:?}");
    // Digits of noise: gzip halves them, so that neither ratio nor stored size is what stops them.
    let words = (0..=MAX_INFLATED_BYTES as u32 / 8).map(|n| n.wrapping_mul(2_654_435_761) ^ n.rotate_left(9));
    let noise: Vec<u8> = words.flat_map(|word| format!("{word:08x}").into_bytes()).collect();
    assert_eq!(good.clone().with_json(noise).names(), ["inflated_too_large"]);
    let text = String::from_utf8(good.json.clone()).expect("JSON is text");
    let file = text.split_once("\"logFiles\":[").and_then(|(_, rest)| rest.split_once("},")).map(|(file, _)| format!("{file}}}"));
    let list = vec![file.expect("a listed file"); 150_000].join(",");
    let fifty = good.clone().with_json(format!("{{\"logFiles\":[{list}]}}").into_bytes());
    assert!(fifty.json.len() > 50_000_000);
    assert!(fifty.names().contains(&"missing_aws_account_id"));
    let many = good.with_json(format!("{{\"logFiles\":[{}]}}", vec!["{}"; MAX_LOG_FILES * 2].join(",")).into_bytes());
    assert!(many.names().contains(&"missing_log_file_s3_bucket"));
}
