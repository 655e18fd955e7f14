//! Finding a Record with, without and despite the event-id indexes.

use trailkeep_archive::{EventEntry, EventPlace, write_event_index};

use super::*;

/// Batches of one file each.
const BATCHES: i64 = 5;

/// Lands an object a Batch with an index of its ids; gives back the Batches.
fn landed(hand: &mut Hand) -> Vec<BatchId> {
    let place = EventPlace::new(&partition(), 0);
    (0..BATCHES)
        .map(|n| {
            let object = Object::new(log_key("111122223333", "2025/10/09", &format!("09{n:02}")), &[&format!("a-{n}"), &format!("b-{n}")]);
            let entries = object.records.iter().map(|(id, _)| EventEntry::of_id(id, place)).collect();
            let batch = hand.land(n, &[object]);
            hand.bucket.insert(&layout::event_index_key(&batch), write_event_index(entries));
            batch
        })
        .collect()
}

async fn found(archive: &Archive, id: &str) -> usize {
    archive.find_event(&EventFilter { event_id: id.to_owned(), ..EventFilter::default() }).await.unwrap().len()
}

#[tokio::test]
async fn only_the_file_that_has_the_event_is_opened() {
    let mut hand = Hand::new();
    let batches = landed(&mut hand);
    for batch in batches.iter().filter(|batch| **batch != batches[3]) {
        hand.bucket.insert(&layout::events_key(&partition(), batch), "were it opened, this would be an error");
    }
    let archive = hand.open().await;
    assert_eq!((found(&archive, "a-3").await, found(&archive, "b-3").await, found(&archive, "none").await), (1, 1, 0));
}

#[tokio::test]
async fn a_lost_or_damaged_index_changes_no_answer() {
    let mut hand = Hand::new();
    let batches = landed(&mut hand);
    for bytes in [None, Some(vec![]), Some(vec![0; 40]), Some(b"TKEID\x01".to_vec()), Some(vec![0xff; 48])] {
        for batch in &batches {
            let key = layout::event_index_key(batch);
            match &bytes {
                Some(bytes) => hand.bucket.insert(&key, bytes.clone()),
                None => hand.bucket.remove(&key),
            }
        }
        let archive = hand.open().await;
        assert_eq!((found(&archive, "a-0").await, found(&archive, "b-4").await, found(&archive, "none").await), (1, 1, 0), "{bytes:?}");
    }
}
