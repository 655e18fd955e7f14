//! The public keys that an archive keeps.

use trailkeep_archive::layout::public_keys_key;
use trailkeep_digests::{PublicKey, PublicKeys};
use trailkeep_pipeline::memory::MemoryBucket;
use trailkeep_verification::{KeptKeys, KeptKeysError, kept_keys};

use crate::forge::{HOUR, REGION, SigningKey, T0, keys_of};

const BY_HAND: &str = "keys/public-keys.json";
const VALID: (i64, i64) = (T0, T0 + 100 * HOUR);

fn reasons(kept: &KeptKeys) -> Vec<(&str, &str)> {
    kept.refused.iter().map(|refused| (refused.file.as_str(), refused.reason)).collect()
}

#[tokio::test]
async fn the_newest_file_and_the_one_put_there_by_hand_are_united() {
    let bucket = MemoryBucket::new();
    let none = kept_keys(&bucket).await.expect("no keys are no error");
    assert!(none.keys.is_empty() && none.files.is_empty());

    let (old, new, by_hand) = (SigningKey::usual(), SigningKey::new(), SigningKey::new());
    bucket.insert(&public_keys_key(T0), keys_of(&[(old.clone(), VALID)]).to_json());
    bucket.insert(&public_keys_key(T0 + 1), keys_of(&[(old.clone(), VALID), (new, VALID)]).to_json());
    bucket.insert(BY_HAND, keys_of(&[(old, VALID), (by_hand, VALID)]).to_json());
    bucket.insert("keys/else.json", "{}");
    let kept = kept_keys(&bucket).await.expect("keys");
    assert_eq!((kept.keys.len(), reasons(&kept)), (3, Vec::new()));
    let files: Vec<&str> = kept.files.iter().map(|file| file.key.as_str()).collect();
    assert_eq!(files, [public_keys_key(T0 + 1).as_str(), BY_HAND]);
    assert!(kept.files.iter().all(|file| file.sha256.len() == 64));

    // A newest one that cannot be read takes nothing away.
    bucket.insert(&public_keys_key(T0 + 2), "no JSON");
    let kept = kept_keys(&bucket).await.expect("keys");
    assert_eq!((kept.keys.len(), reasons(&kept)), (3, vec![(public_keys_key(T0 + 2).as_str(), "unreadable")]));
    let bad = MemoryBucket::new();
    bad.insert(BY_HAND, "no JSON");
    assert!(matches!(kept_keys(&bad).await, Err(KeptKeysError::Unreadable { .. })));
}

#[tokio::test]
async fn what_contradicts_the_newest_file_is_told_and_not_believed() {
    let key = SigningKey::usual();
    let contradicted = |by_hand: PublicKeys| async move {
        let bucket = MemoryBucket::new();
        bucket.insert(&public_keys_key(T0), keys_of(&[(SigningKey::usual(), VALID)]).to_json());
        bucket.insert(BY_HAND, by_hand.to_json());
        kept_keys(&bucket).await.expect("keys")
    };
    // It is believed for the time that both name, and for no other Region.
    let kept = contradicted(keys_of(&[(key.clone(), (T0 + HOUR, T0 + 1_000 * HOUR))])).await;
    assert_eq!(reasons(&kept), [(BY_HAND, "validity_differs")]);
    assert_eq!(kept.keys.iter().map(PublicKey::validity_ms).collect::<Vec<_>>(), [(T0 + HOUR, VALID.1)]);
    let mut elsewhere = PublicKeys::new();
    elsewhere.add(key.public("us-east-1", VALID));
    let kept = contradicted(elsewhere).await;
    assert_eq!(reasons(&kept), [(BY_HAND, "region_differs")]);
    assert_eq!(kept.keys.iter().map(|key| key.region().to_string()).collect::<Vec<_>>(), [REGION]);
    // The same again, after it was written down united: nothing of it is laundered.
    let written = kept.keys.to_json();
    let mut again = PublicKeys::new();
    again.add_kept(written.as_bytes()).expect("it is read back");
    assert_eq!(again.len(), 1);
}
