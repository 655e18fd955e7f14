//! What the event-id indexes leave unread, and that nothing but the cost depends on them.

use serde_json::{Value, json};
use trailkeep_archive::{Category, EventEntry, EventPlace, Partition, layout::event_index_key, write_event_index};
use trailkeep_pipeline::memory::MemoryBucket;

use crate::archives::{ask, batch, day, empty, engine, event, land};

const DAYS: [u32; 3] = [20_260_101, 20_260_102, 20_260_103];
const BATCHES: u64 = 4;

/// Four Batches with a file on each of three days. The event `n` of a day is in the Batch `n % 4`.
fn twelve_files() -> MemoryBucket {
    let bucket = empty();
    for n in 0..BATCHES {
        let rows = |eventday| (0..40).filter(|number| number % BATCHES == n).map(|number| event(eventday, number)).collect::<Vec<_>>();
        let files = DAYS.map(|eventday| (Category::Management, eventday, rows(eventday)));
        land(&bucket, batch(n), &files);
        bucket.insert(&event_index_key(&batch(n)), index(&files));
    }
    bucket
}

fn index(files: &[(Category, u32, Vec<Value>)]) -> Vec<u8> {
    let entries = files.iter().flat_map(|(category, eventday, rows)| {
        let place = EventPlace::new(&Partition { category: *category, eventday: *eventday }, 0);
        rows.iter().map(move |row| EventEntry::of_id(row["event_uid"].as_str().unwrap(), place))
    });
    write_event_index(entries.collect())
}

fn uid(eventday: u32, n: u64) -> String {
    event(eventday, n)["event_uid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_looked_for_in_its_own_file_under_all_names_of_the_id() {
    let engine = engine(twelve_files()).await;
    let uid = uid(20_260_102, 17);
    for sql in [
        format!("SELECT event_uid AS id FROM events WHERE event_uid = '{uid}'"),
        format!("SELECT metadata.uid AS id FROM events WHERE metadata.uid = '{uid}'"),
        format!("SELECT event_uid AS id FROM events WHERE region = 'eu-west-1' AND '{uid}' = event_uid"),
        format!("SELECT event_uid AS id FROM events WHERE event_uid IN ('{uid}', 'none')"),
        format!("SELECT event_uid AS id FROM events WHERE event_uid IN ('{uid}', 'none', 'b', 'c', 'd', 'e', 'f')"),
        format!("SELECT eventid AS id FROM cloudtrail WHERE eventid = '{uid}'"),
        format!("SELECT metadata.uid AS id FROM security_lake_v1 WHERE metadata.uid = '{uid}'"),
    ] {
        let (rows, io) = ask(&engine, &sql).await;
        assert_eq!(rows, vec![json!({"id": uid})], "{sql}");
        assert_eq!((io.files_listed, io.files_pruned_by_index, io.files_scanned), (12, 11, 1), "{sql}: {io:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_costs_one_request_for_each_index() {
    let engine = engine(twelve_files()).await;
    let (rows, io) = ask(&engine, "SELECT * FROM events WHERE event_uid = 'none'").await;
    // Lists: events/, sources/ and index/ of the Batches' one day.
    assert_eq!((rows.len(), io.files_scanned, io.gets, io.lists), (0, 0, BATCHES, 3), "{io:?}");
    assert_eq!(io.bytes, BATCHES * (16 + 30 * 8 + 8));
    let ids: Vec<String> = DAYS.iter().flat_map(|day| (0..2).map(|n| format!("'{}'", uid(*day, n)))).collect();
    let (rows, io) = ask(&engine, &format!("SELECT event_uid FROM events WHERE event_uid IN ({})", ids.join(", "))).await;
    assert_eq!((rows.len(), io.files_scanned), (6, 6), "{io:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_index_a_batch_is_searched() {
    let bucket = twelve_files();
    let sql = format!("SELECT event_uid AS id FROM events WHERE event_uid = '{}'", uid(20_260_103, 6));
    let answer = vec![json!({"id": uid(20_260_103, 6)})];
    // The event is in Batch 2; the index of Batch 1 is lost first.
    for (lost, scanned) in [(1, 4), (2, 6), (3, 9), (0, 12)] {
        bucket.remove(&event_index_key(&batch(lost)));
        let (rows, io) = ask(&engine(bucket.clone()).await, &sql).await;
        assert_eq!((rows, io.files_scanned), (answer.clone(), scanned), "without the index of {lost}: {io:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_none_changes_no_answer() {
    let whole = twelve_files().objects().get(&event_index_key(&batch(2))).unwrap().body.to_vec();
    let other_version = [whole.get(..5).unwrap(), b"\x02", whole.get(6..).unwrap()].concat();
    let backwards: Vec<u8> = whole.iter().rev().copied().collect();
    let sql = format!("SELECT event_uid AS id FROM events WHERE event_uid = '{}'", uid(20_260_103, 6));
    for index in [vec![], vec![0; whole.len()], whole.get(..whole.len() / 2).unwrap().to_vec(), other_version, backwards] {
        let bucket = twelve_files();
        bucket.insert(&event_index_key(&batch(2)), index);
        let (rows, io) = ask(&engine(bucket).await, &sql).await;
        assert_eq!(rows, vec![json!({"id": uid(20_260_103, 6)})]);
        assert_eq!(io.files_scanned, 3, "{io:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_files_are_opened_without_asking_the_index() {
    let bucket = empty();
    for n in 0..2 {
        land(&bucket, batch(n), &[(Category::Management, DAYS[0], day(DAYS[0], 10))]);
        // Were it asked, it would know of no event.
        bucket.insert(&event_index_key(&batch(n)), write_event_index(Vec::new()));
    }
    let (rows, io) = ask(&engine(bucket).await, &format!("SELECT event_uid FROM events WHERE event_uid = '{}'", uid(DAYS[0], 3))).await;
    assert_eq!((rows.len(), io.files_pruned_by_index, io.files_scanned), (2, 0, 2));
}
