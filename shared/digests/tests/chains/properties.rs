//! What holds for any bytes: no panic, and nothing is verified that was not signed.

use std::sync::OnceLock;

use proptest::prelude::*;
use trailkeep_digests::{BucketAliases, Digest, Link, PublicKeys, Reader, Window, walk};

use crate::forge::{HOUR, Object, T0, Trail, gzip, judge, usual_keys};

fn keys() -> &'static PublicKeys {
    static KEYS: OnceLock<PublicKeys> = OnceLock::new();
    KEYS.get_or_init(usual_keys)
}

fn chain() -> &'static (Trail, Vec<Object>) {
    static CHAIN: OnceLock<(Trail, Vec<Object>)> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let mut trail = Trail::new();
        let objects = trail.hours(0..8);
        (trail, objects)
    })
}

fn read(object: &Object) -> Link {
    Reader::new(keys(), &BucketAliases::none()).read(&object.as_stored()).into_link()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_never_verified(bytes in prop::collection::vec(any::<u8>(), 0..600), packed in any::<bool>()) {
        let mut object = chain().1[1].clone();
        object.stored = if packed { gzip(&bytes) } else { bytes.clone() };
        prop_assert!(!read(&object).reasons().is_empty());
        prop_assert!(Digest::parse(&bytes).is_err());
    }

    #[test]
    fn json_of_any_shape_is_never_verified(text in r#"\{("(awsAccountId|logFiles|digestEndTime|previousDigestSignature|x)":(null|1|"[a-f0-9]{0,8}"|\[\{?\}?\]|\{"s3Bucket":[01]\}),?){0,6}\}"#) {
        let object = chain().1[1].clone().with_json(text.clone().into_bytes());
        prop_assert!(!read(&object).reasons().is_empty());
    }

    #[test]
    fn arbitrary_keys_metadata_and_public_keys_never_panic(key in ".{0,80}", signature in ".{0,40}", list in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut object = chain().1[1].clone();
        object.key = key;
        object.backfill = Some(signature.clone());
        object.signature = Some(signature);
        prop_assert!(!read(&object).reasons().is_empty());
        prop_assert!(PublicKeys::new().add_kept(&list).is_err());
    }

    #[test]
    fn no_byte_of_a_signed_digest_can_be_changed(at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let mut json = chain().1[1].json.clone();
        let at = at.index(json.len());
        json[at] ^= flip;
        prop_assert!(!read(&chain().1[1].clone().with_json(json)).reasons().is_empty());
    }

    #[test]
    fn no_byte_can_be_put_in_or_taken_out(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let good = &chain().1[1];
        let at = at.index(good.json.len());
        let (mut more, mut less) = (good.json.clone(), good.json.clone());
        more.insert(at, byte);
        less.remove(at);
        prop_assert!(!read(&good.clone().with_json(more)).reasons().is_empty());
        prop_assert!(!read(&good.clone().with_json(less)).reasons().is_empty());
    }

    #[test]
    fn a_changed_byte_of_the_stored_object_is_refused_or_changes_nothing_that_was_signed(at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let mut object = chain().1[1].clone();
        let (at, good) = (at.index(object.stored.len()), read(&object));
        object.stored[at] ^= flip;
        let link = read(&object);
        // The header of a gzip member says things that nobody signs: its time, its system.
        prop_assert!(!link.reasons().is_empty() || (at < 10 && link.hash() == good.hash()));
    }

    #[test]
    fn no_digit_of_a_signature_can_be_changed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut object = chain().1[1].clone();
        let signature = object.signature.take().unwrap_or_default();
        let mut bytes = signature.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte & 0x7f;
        object.signature = String::from_utf8(bytes).ok();
        prop_assert!(object.signature.as_ref() == Some(&signature) || !read(&object).reasons().is_empty());
    }

    #[test]
    fn whatever_is_taken_out_is_noticed(kept in prop::collection::vec(any::<bool>(), 8)) {
        let (trail, objects) = chain();
        let some: Vec<Object> = objects.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(object, _)| object.clone()).collect();
        let report = judge(trail, &some, 8);
        prop_assert_eq!(report.is_clean(), kept.iter().all(|kept| *kept));
        // What is proven is what is there, hour by hour.
        for (hour, kept) in (0..).zip(&kept) {
            let period = trailkeep_digests::Period { from_ms: T0 + hour * HOUR, to_ms: T0 + (hour + 1) * HOUR };
            prop_assert_eq!(report.proves(period), *kept);
        }
    }

    #[test]
    fn only_hours_whose_digest_is_there_unchanged_are_proven(given in prop::collection::vec((0_usize..8, 0_u8..6, 0_i64..10), 0..14), head in 0_usize..9) {
        let (trail, objects) = chain();
        let mut there = [false; 8];
        let mangled: Vec<Object> = given.iter().map(|(index, how, hour)| {
            let mut object = objects[*index].clone();
            match how {
                0 => object.key = trail.digest_key(T0 + hour * HOUR, ""),
                1 => object.signature = objects[(*index + 1) % 8].signature.clone(),
                2 => object.key = trail.digest_key(T0 + hour * HOUR, "_backfill"),
                3 => object.bucket = "elsewhere".to_owned(),
                _ => {}
            }
            there[*index] |= *how > 3 || object.key == objects[*index].key && *how == 0;
            object
        }).collect();
        let before = judge(trail, objects.get(..head).unwrap_or_default(), 8).head;
        let links: Vec<Link> = mangled.iter().map(read).collect();
        let window = Window { head: before.as_ref(), since_ms: None, until_ms: Some(T0 + 8 * HOUR) };
        let report = walk(&trail.chain(), &links, &window);
        prop_assert_eq!(report.outcomes.len(), links.len());
        for (hour, there) in (0..).zip(there) {
            let period = trailkeep_digests::Period { from_ms: T0 + hour * HOUR, to_ms: T0 + (hour + 1) * HOUR };
            prop_assert_eq!(report.proves(period), there && hour as usize >= head);
        }
        let all_new = (head..8).all(|hour| there[hour]);
        prop_assert!(all_new || !report.is_clean());
    }

    #[test]
    fn order_does_not_matter_and_windows_add_up(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), cut in 1_usize..8) {
        let (trail, objects) = chain();
        let links: Vec<Link> = order.iter().map(|index| read(&objects[*index])).collect();
        let whole = walk(&trail.chain(), &links, &Window::default());
        prop_assert!(whole.is_clean());
        let (first, second): (Vec<usize>, Vec<usize>) = order.iter().copied().partition(|index| *index < cut);
        let of = |some: &[usize]| some.iter().map(|index| read(&objects[*index])).collect::<Vec<Link>>();
        let before = walk(&trail.chain(), &of(&first), &Window::default());
        let after = walk(&trail.chain(), &of(&second), &Window { head: before.head.as_ref(), ..Window::default() });
        prop_assert!(after.is_clean() && after.breaks.is_empty());
        prop_assert_eq!(after.head, whole.head);
    }
}
