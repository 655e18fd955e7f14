//! Public keys: as CloudTrail lists them, as they are kept, and what is no key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use trailkeep_digests::{KeyReason, Origin, PublicKeys, PublicKeysError};

use crate::forge::{REGION, SigningKey, T0};

fn origin() -> Origin {
    Origin { source: "cloudtrail.eu-west-1.amazonaws.com, asked by 111122223333".to_owned(), at_ms: T0 }
}

fn region() -> trailkeep_keys::Region {
    REGION.parse().expect("a region")
}

/// Keys that AWS publishes as examples (CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation"; the
/// AWS command line's example of `list-public-keys`). Spellings and kinds of time are theirs.
const PUBLISHED: [&str; 3] = [
    r#"{"publicKeyList":[{"ValidityStartTime":"1436317441.0","ValidityEndTime":"1438909441.0","Fingerprint":"8eba5db5bea9b640d1c96a77256fe7f2","Value":"MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB"}]}"#,
    r#"{"publicKeyList":[{"ValidityStartTime":"1434589460.0","ValidityEndTime":"1437181460.0","Fingerprint":"8933b39ddc64d26d8e14ffbf6566fee4","Value":"MIIBCgKCAQEApfYL2FiZhpN74LNWVUzhR+VheYhwhYm8w0n5Gf6i95ylW5kBAWKVEmnAQG7BvS5g9SMqFDQx52fW7NWV44IvfJ2xGXT+wT+DgR6ZQ+6yxskQNqV5YcXj4Aa5Zz4jJfsYjDuO2MDTZNIzNvBNzaBJ+r2WIWAJ/Xq54kyF63B6WE38vKuDE7nSd1FqQuEoNBFLPInvgggYe2Ym1Refe2z71wNcJ2kY+q0h1BSHrSM8RWuJIw7MXwF9iQncg9jYzUlNJomozQzAG5wSRfbplcCYNY40xvGd/aAmO0m+Y+XFMrKwtLCwseHPvj843qVno6x4BJN9bpWnoPo9sdsbGoiK3QIDAQAB"}]}"#,
    r#"{"PublicKeyList":[{"ValidityStartTime":1453076702.0,"ValidityEndTime":1455668702.0,"Fingerprint":"7f3f401420072e50a65a141430817ab3","Value":"MIIBCgKCAQEAlSS3cl92HDycr/MTj0moOhas8habjrraXw+KzlWF0axSI2tcF+3iJ9BKQAVSKxGwxwu3m0wG3J+kUl1xboEcEPHYoIYMbgfSw7KGnuDKwkLzsQWhUJ0cIbOHASox1vv/5fNXkrHhGbDCHeVXm804c83nvHUEFYThr1PfyP/8HwrCtR3FX5OANtQCP61C1nJtSSkC8JSQUOrIP4CuwJjc+4WGDk+BGH5m9iuiAKkipEHWmUl8/P7XpfpWQuk4h8g3pXZOrNXr08lbh4d39svj7UqdhvOXoBISp9t/EXYuePGEtBdrKD9Dz+VHwyUPtBQvYr9BnkF88qBnaPNhS44rzwIDAQAB"}]}"#,
];

#[test]
fn the_keys_that_aws_publishes_have_their_fingerprints() {
    let mut keys = PublicKeys::new();
    for list in PUBLISHED {
        assert!(keys.add_list(list.as_bytes(), Some(region()), &origin()).expect("a list").is_empty());
    }
    assert_eq!(keys.len(), 3);
    let of_cli = keys.with_fingerprint("7f3f401420072e50a65a141430817ab3".parse().expect("a fingerprint")).next().expect("it was taken");
    assert_eq!(of_cli.validity_ms(), (1_453_076_702_000, 1_455_668_702_000));
}

#[test]
fn kept_keys_come_back_with_where_and_when_they_were_got() {
    let (one, two) = (SigningKey::new(), SigningKey::new());
    let list = json!({"PublicKeyList": [
        {"Value": one.value(), "Fingerprint": one.fingerprint(), "ValidityStartTime": "2026-01-01T00:00:00+00:00", "ValidityEndTime": "2026-02-01T00:00:00Z"},
        {"Value": two.value(), "ValidityStartTime": 1_767_225_600, "ValidityEndTime": 1_769_904_000, "Region": "us-east-1"},
    ]});
    let mut keys = PublicKeys::new();
    assert!(keys.add_list(list.to_string().as_bytes(), Some(region()), &origin()).expect("a list").is_empty());
    let file = keys.to_json();
    let mut again = PublicKeys::new();
    assert!(again.add_kept(file.as_bytes()).expect("a file").is_empty());
    assert_eq!(again.to_json(), file);
    assert_eq!(again.len(), 2);
    for key in again.iter() {
        assert_eq!((key.origin(), key.validity_ms()), (&origin(), (1_767_225_600_000, 1_769_904_000_000)));
    }
    // What is there keeps its first origin.
    let later = Origin { source: "later".to_owned(), at_ms: T0 + 1 };
    again.add_list(list.to_string().as_bytes(), Some(region()), &later).expect("a list");
    assert_eq!(again.to_json(), file);
}

#[test]
fn what_is_no_key_is_refused_and_the_others_are_taken() {
    let key = SigningKey::usual();
    let with = |value: &str, fingerprint: Option<&str>, start: i64, end: i64| json!({"Value": value, "Fingerprint": fingerprint, "ValidityStartTime": start, "ValidityEndTime": end});
    // rsaEncryption (RFC 8017, A.1) around the key.
    let mut spki = hex::decode("30820122300d06092a864886f70d01010105000382010f00").expect("hexadecimal");
    spki.extend(key.der());
    let mut weak = hex::decode("30818902818100").expect("hexadecimal");
    weak.extend([0xc1; 128]);
    weak.extend([2, 3, 1, 0, 1]);
    let mut even = key.der().to_vec();
    let last = even.len() - 6;
    even[last] &= 0xfe;
    let mut longer = key.der().to_vec();
    longer.push(0);
    let long = "f".repeat(1000);
    let list = json!({"PublicKeyList": [
        with(&key.value(), None, 1, 2),
        with("not base64!", None, 1, 2),
        with("", None, 1, 2),
        with(&STANDARD.encode(b"garbage"), Some(&long), 1, 2),
        with(&STANDARD.encode(spki), None, 1, 2),
        with(&STANDARD.encode(weak), None, 1, 2),
        with(&STANDARD.encode(even), None, 1, 2),
        with(&STANDARD.encode(longer), None, 1, 2),
        with(&key.value(), Some("8eba5db5bea9b640d1c96a77256fe7f2"), 1, 2),
        with(&key.value(), None, 2, 1),
        with(&key.value(), None, -1, 1),
        json!({"Value": key.value()}),
        json!({"ValidityStartTime": "soon", "ValidityEndTime": 1, "Value": key.value()}),
        json!({"Region": "EU", "ValidityStartTime": 1, "ValidityEndTime": 1, "Value": key.value()}),
        json!({"ValidityStartTime": 1, "ValidityEndTime": 1}),
    ]});
    let mut keys = PublicKeys::new();
    let refused = keys.add_list(list.to_string().as_bytes(), Some(region()), &origin()).expect("a list");
    let reasons: Vec<(usize, &str)> = refused.iter().map(|refused| (refused.index, refused.reason.name())).collect();
    let expect = [
        (1, "not_base64"),
        (2, "not_pkcs1"),
        (3, "not_pkcs1"),
        (4, "is_spki"),
        (5, "too_weak"),
        (6, "not_rsa"),
        (7, "not_pkcs1"),
        (8, "fingerprint_differs"),
        (9, "validity_out_of_order"),
        (10, "no_validity"),
        (11, "no_validity"),
        (12, "no_validity"),
        (13, "no_region"),
        (14, "no_value"),
    ];
    assert_eq!(reasons, expect);
    assert_eq!(keys.len(), 1);
    assert!(refused.iter().filter_map(|refused| refused.fingerprint.as_deref()).all(|text| text.len() <= 64));
    let one = json!({"PublicKeyList": [with(&key.value(), None, 1, 2)]}).to_string();
    let refused = keys.add_list(one.as_bytes(), None, &origin()).expect("a list");
    assert_eq!(refused.first().map(|refused| refused.reason), Some(KeyReason::NoRegion));
}

#[test]
fn files_that_are_no_lists_of_keys_are_refused_whole() {
    let mut keys = PublicKeys::new();
    for wrong in [&b""[..], b"{}", b"[]", b"{\"PublicKeyList\":1}", b"\xff"] {
        assert!(matches!(keys.add_list(wrong, Some(region()), &origin()), Err(PublicKeysError::Unreadable(_))));
        assert!(matches!(keys.add_kept(wrong), Err(PublicKeysError::Unreadable(_))));
    }
    assert!(matches!(keys.add_kept(b"{\"format\":2,\"other\":[]}"), Err(PublicKeysError::NewerFormat { found: 2 })));
    let large = vec![b' '; trailkeep_digests::MAX_KEYS_BYTES + 1];
    assert!(matches!(keys.add_list(&large, Some(region()), &origin()), Err(PublicKeysError::TooLarge { .. })));
    assert!(matches!(keys.add_kept(&large), Err(PublicKeysError::TooLarge { .. })));
    assert!(keys.is_empty());
}
