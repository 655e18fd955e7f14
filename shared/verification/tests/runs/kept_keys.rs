//! The public keys that an archive keeps, and what whoever may write below `keys/` can do to them.

use std::sync::Arc;

use trailkeep_archive::layout::public_keys_key;
use trailkeep_digests::{PublicKey, PublicKeys};
use trailkeep_pipeline::memory::MemoryBucket;
use trailkeep_verification::{Asked, Depth, KeptKeys, KeptKeysError, Options, Verdict, kept_keys, verify};

use crate::{
    estate::{Change, Estate, at},
    forge::{HOUR, REGION, SigningKey, T0, keys_of},
};

const BY_HAND: &str = "keys/public-keys.json";
const VALID: (i64, i64) = (T0 - 360 * HOUR, T0 + 360 * HOUR);
const NOW: i64 = T0 + 1_000 * HOUR;

async fn kept(bucket: &MemoryBucket) -> KeptKeys {
    kept_keys(bucket, NOW).await.expect("keys")
}

fn reasons(kept: &KeptKeys) -> Vec<(&str, &str)> {
    kept.refused.iter().map(|refused| (refused.file.as_str(), refused.reason)).collect()
}

fn json(keys: &[Arc<SigningKey>]) -> String {
    keys_of(&keys.iter().map(|key| (key.clone(), VALID)).collect::<Vec<_>>()).to_json()
}

#[tokio::test]
async fn all_files_that_can_be_read_are_united() {
    let bucket = MemoryBucket::new();
    let none = kept(&bucket).await;
    assert!(none.keys.is_empty() && none.files.is_empty() && none.stated().is_none());

    let (old, new, by_hand) = (SigningKey::usual(), SigningKey::new(), SigningKey::new());
    bucket.insert(&public_keys_key(T0), json(std::slice::from_ref(&old)));
    bucket.insert(&public_keys_key(T0 + 1), json(&[old.clone(), new]));
    let stated = kept(&bucket).await.stated().expect("keys");
    assert_eq!(stated.1, format!("{} of the archive", public_keys_key(T0 + 1)), "the newest has them all");
    bucket.insert(BY_HAND, json(&[old, by_hand]));
    let united = kept(&bucket).await;
    assert_eq!((united.keys.len(), reasons(&united)), (3, Vec::new()));
    let files: Vec<&str> = united.files.iter().map(|file| file.key.as_str()).collect();
    assert_eq!(files, [public_keys_key(T0 + 1).as_str(), public_keys_key(T0).as_str(), BY_HAND]);
    let (sha256, origin) = united.stated().expect("keys");
    assert_eq!(sha256, hex::encode(trailkeep_records::hash::sha256(united.keys.to_json().as_bytes())));
    assert!(origin.starts_with("united from ") && files.iter().all(|file| origin.contains(file)), "{origin}");

    let bad = MemoryBucket::new();
    bad.insert(BY_HAND, "no JSON");
    assert!(matches!(kept_keys(&bad, NOW).await, Err(KeptKeysError::Unreadable { .. })));
}

#[tokio::test]
async fn junk_beside_the_keys_is_told_by_name_and_keeps_none_of_them_from_being_used() {
    let key = SigningKey::usual();
    let genuine = public_keys_key(T0);
    let future = public_keys_key(NOW + 25 * HOUR);
    let lying = json(std::slice::from_ref(&key)).replace(&key.fingerprint(), &"0".repeat(32));
    for (file, content, reason) in [
        (public_keys_key(T0 + 1), "no JSON".to_owned(), "unreadable"),
        (public_keys_key(T0 + 1), "{\"format\":9,\"keys\":[]}".to_owned(), "unreadable"),
        (public_keys_key(T0 + 1), " ".repeat((16 << 20) + 1), "unreadable"),
        (public_keys_key(T0 + 1), lying, "fingerprint_differs"),
        (public_keys_key(T0 + 1), json(std::slice::from_ref(&key)).replace("eu-west-1", "Mars"), "no_region"),
        (future.clone(), "no JSON".to_owned(), "unreadable"),
        (future, json(std::slice::from_ref(&key)), "name_from_the_future"),
        (BY_HAND.to_owned(), "[]".to_owned(), "unreadable"),
        ("keys/newest.json".to_owned(), json(&[SigningKey::new()]), "strange_name"),
    ] {
        let bucket = MemoryBucket::new();
        bucket.insert(&genuine, json(std::slice::from_ref(&key)));
        bucket.insert(&file, content);
        let kept = kept(&bucket).await;
        assert_eq!((kept.keys.len(), reasons(&kept)), (1, vec![(file.as_str(), reason)]));
        assert_eq!(kept.finding_counts(), Some(("kept_keys_refused", 1)));
    }
    // As much of it as there may be: what was left out by it is told.
    let bucket = MemoryBucket::new();
    bucket.insert(&genuine, json(std::slice::from_ref(&key)));
    (1..200).for_each(|number| bucket.insert(&public_keys_key(T0 + number), "no JSON"));
    let left = kept_keys(&bucket, NOW).await;
    assert!(left.is_err(), "128 are read, and nothing is verified without keys");
    bucket.insert(BY_HAND, json(&[key]));
    let left = kept(&bucket).await;
    assert_eq!((left.keys.len(), left.refused_count, left.refused.len()), (1, 129, 100));
}

#[tokio::test]
async fn where_two_files_contradict_each_other_a_key_is_believed_for_what_both_say() {
    let key = SigningKey::usual();
    let contradicted = |by_hand: PublicKeys, later: bool| async move {
        let bucket = MemoryBucket::new();
        bucket.insert(&public_keys_key(T0), json(&[SigningKey::usual()]));
        bucket.insert(BY_HAND, by_hand.to_json());
        if later {
            bucket.insert(&public_keys_key(T0 + 1), json(&[SigningKey::usual()]));
        }
        kept(&bucket).await
    };
    let newest = public_keys_key(T0);
    let kept = contradicted(keys_of(&[(key.clone(), (T0 + HOUR, T0 + 1_000 * HOUR))]), false).await;
    assert_eq!(reasons(&kept), [(newest.as_str(), "validity_differs")]);
    assert!(kept.refused.iter().all(|refused| refused.detail.contains(BY_HAND)), "both are named");
    assert_eq!(kept.keys.iter().map(PublicKey::validity_ms).collect::<Vec<_>>(), [(T0 + HOUR, VALID.1)]);
    // The same again, after it was written down united: nothing of it is laundered.
    let mut again = PublicKeys::new();
    again.add_kept(kept.keys.to_json().as_bytes()).expect("it is read back");
    assert_eq!(again.len(), 1);

    // Nothing that both say: whichever is newer, and however many there are of one.
    let mut elsewhere = PublicKeys::new();
    elsewhere.add(key.public("us-east-1", VALID));
    for (by_hand, reason) in [(elsewhere, "region_differs"), (keys_of(&[(key.clone(), (VALID.1 + 1, VALID.1 + HOUR))]), "validity_differs")]
    {
        for later in [false, true] {
            let kept = contradicted(by_hand.clone(), later).await;
            assert_eq!((kept.keys.len(), reasons(&kept)), (0, vec![(newest.as_str(), reason)]));
        }
    }
    // What agrees in one thing is not contradicted by what one of them says beside it.
    let mut more = keys_of(&[(key.clone(), VALID)]);
    more.add(key.public("us-east-1", VALID));
    let kept = contradicted(more, false).await;
    assert_eq!((kept.keys.len(), reasons(&kept)), (2, Vec::new()));
    assert_eq!(kept.keys.iter().filter(|key| key.region().to_string() == REGION).count(), 1);
}

async fn told(bucket: &MemoryBucket, archive: &trailkeep_restore::Archive, kept_most: usize) -> Verdict {
    let asked = Asked { since_ms: Some(at(0)), until_ms: Some(at(8)), as_of_ms: at(24), ..Asked::default() };
    let options = Options { depth: Depth::Hashes, findings_kept: kept_most, progress: &|_| {} };
    let kept = kept_keys(bucket, NOW).await.expect("keys");
    let mut verdict = verify(archive, &kept.keys, &asked, options).await.expect("a verdict");
    kept.tell(&mut verdict, kept_most);
    verdict
}

#[tokio::test]
async fn nothing_is_verified_beside_junk_and_each_key_names_the_file_that_it_is_from() {
    let (bucket, archive) = Estate::of(&[Change::Nothing; 9]).archive().await;
    let genuine = public_keys_key(T0);
    bucket.insert(&genuine, json(&[SigningKey::usual()]));
    let verdict = told(&bucket, &archive, 10).await;
    assert!(verdict.verified, "{verdict:#?}");
    let own = SigningKey::new();
    let planted = public_keys_key(T0 + HOUR);
    bucket.insert(&planted, json(&[SigningKey::usual(), own.clone()]));
    let verdict = told(&bucket, &archive, 10).await;
    let from = |fingerprint: String| {
        verdict.trust.iter().find(|key| key.fingerprint == fingerprint).map(|key| (key.obtained_from.as_str(), key.digests))
    };
    let (first, signed) = from(SigningKey::usual().fingerprint()).expect("a key");
    assert!(first.starts_with(&format!("{genuine} of the archive, which says: ")) && signed > 0, "{first}");
    assert!(from(own.fingerprint()).is_some_and(|(from, signed)| from.starts_with(&planted) && signed == 0));

    bucket.insert(&public_keys_key(T0 + 2 * HOUR), "junk");
    for most in [10, 0] {
        let verdict = told(&bucket, &archive, most).await;
        assert_eq!(
            (verdict.verified, verdict.finding_counts.get("kept_keys_refused"), verdict.findings.len()),
            (false, Some(&1), most.min(1))
        );
        assert_eq!(verdict.digests.refused, 0, "what can be verified is");
        let named = verdict.findings.iter().all(|finding| finding.key.as_deref() == Some(public_keys_key(T0 + 2 * HOUR).as_str()));
        assert!(named && verdict.findings.iter().all(|finding| finding.reasons == ["unreadable"]));
    }
}
