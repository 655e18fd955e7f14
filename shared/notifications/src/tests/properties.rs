//! Properties: nothing makes it panic, and keys come back as they were.

use proptest::prelude::*;

use super::{BUCKET, KEY, event, in_envelope, record};
use crate::{Entry, Message, ObjectNotice, cloudtrail_message, parse, s3_event};

fn notice(key: String, version: Option<String>, size_bytes: Option<u64>, event_time_ms: Option<i64>) -> ObjectNotice {
    ObjectNotice { bucket: BUCKET.to_owned(), key, version, etag: Some("abc-2".to_owned()), size_bytes, event_time_ms, sequencer: None }
}

fn usable(key: &str) -> bool {
    !key.is_empty() && key.len() <= 1_024 && !key.chars().any(char::is_control) && !key.split('/').any(|segment| segment == "..")
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(body in any::<String>()) {
        parse(&body);
    }

    #[test]
    fn no_change_to_a_real_message_makes_it_panic(
        enveloped in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[\"{}\\[\\]:,0-9a-z%+\\\\ ]{0,6}"), 1..6),
    ) {
        let bare = event(&[record(KEY), record("a%2Bb")]).to_string();
        let mut body = if enveloped { in_envelope(&bare) } else { bare };
        for (at, length, text) in changes {
            // Bodies are ASCII here, so that each place is one between characters.
            let from = at.index(body.len());
            body.replace_range(from..(from + length).min(body.len()), &text);
            if body.is_empty() {
                break;
            }
        }
        let parsed = parse(&body);
        if let Message::Objects { entries, .. } = parsed.message {
            for notice in entries.iter().filter_map(Entry::object) {
                prop_assert!(usable(&notice.key));
            }
        }
    }

    #[test]
    fn keys_come_back_as_they_were_written(
        key in "[^\\p{Cc}]{1,200}",
        version in proptest::option::of("[A-Za-z0-9._+/-]{1,64}"),
        size_bytes in proptest::option::of(any::<u64>()),
        event_time_ms in proptest::option::of(0_i64..4_102_444_800_000),
    ) {
        prop_assume!(usable(&key) && version.as_deref() != Some("null"));
        let notice = notice(key.clone(), version, size_bytes, event_time_ms);
        let Message::Objects { entries, .. } = parse(&in_envelope(&s3_event(std::slice::from_ref(&notice)))).message else {
            return Err(TestCaseError::fail("no objects"));
        };
        prop_assert_eq!(entries, vec![Entry::Object(notice)]);
        let Message::Objects { entries, .. } = parse(&cloudtrail_message(BUCKET, std::slice::from_ref(&key))).message else {
            return Err(TestCaseError::fail("no objects"));
        };
        prop_assert_eq!(entries[0].object().map(|notice| &notice.key), Some(&key));
    }
}
