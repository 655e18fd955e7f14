//! Sending: what messages hold, what is skipped, and what happens where the queue is full, refuses, or somebody stops it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use trailkeep_notifications::{Entry, Message, parse};
use trailkeep_pipeline::{
    memory::{MemoryBucket, MemoryQueue, QueueCall, QueueFault},
    ports::queue::EntryError,
};

use super::*;
use crate::commands::backfill::{
    listing::{Counted, Listing},
    selection::Selection,
};

const FAST: Pace = Pace { objects_per_second: 10_000, max_depth: 1_000, depth_wait: Duration::from_millis(1) };

fn key(day: u32, number: u32) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/{day:02}/111122223333_CloudTrail_us-east-1_202601{day:02}T0905Z_{number:016}.json.gz"
    )
}

async fn objects(days: u32, a_day: u32) -> Objects {
    let bucket = MemoryBucket::named("example-logs");
    for (day, number) in (1..=days).flat_map(|day| (0..a_day).map(move |number| (day, number))) {
        bucket.insert(&key(day, number), "x");
    }
    Objects::Listed(Listing::begin(Arc::new(bucket), Arc::new(Selection::default()), Arc::new(Counted::default())).await.unwrap())
}

fn sending<'a>(queue: &'a MemoryQueue, landed: &'a Landed, pace: Pace) -> (watch::Sender<bool>, Sending<'a>) {
    let (give, stop) = watch::channel(false);
    (give, Sending { queue, bucket: "example-logs", landed, pace, stop, sent: Sent::default() })
}

/// All keys that were announced, in no order, and how many objects each message names.
async fn announced(queue: &MemoryQueue) -> (Vec<String>, Vec<usize>) {
    let (mut keys, mut portions) = (Vec::new(), Vec::new());
    loop {
        let messages = queue.receive(10, Duration::ZERO, Duration::from_secs(600)).await.unwrap();
        if messages.is_empty() {
            keys.sort_unstable();
            return (keys, portions);
        }
        for message in messages {
            let Message::Objects { entries, .. } = parse(&message.body).message else { panic!("{}", message.body) };
            portions.push(entries.len());
            keys.extend(entries.iter().filter_map(Entry::object).map(|notice| notice.key.clone()));
        }
    }
}

#[tokio::test]
async fn a_hundred_objects_go_into_a_message_and_those_that_landed_into_none() {
    let queue = MemoryQueue::new("collector");
    let landed = Landed::of(&[key(1, 3), key(3, 7)]);
    let (_stop, mut sending) = sending(&queue, &landed, FAST);
    sending.run(&mut objects(3, 100).await).await.unwrap();
    assert_eq!(sending.sent, Sent { objects: 298, messages: 3, landed: 2, goes_on_at: None, interrupted: false });
    let (keys, mut portions) = announced(&queue).await;
    let wanted: Vec<String> =
        (1..=3).flat_map(|day| (0..100).map(move |number| key(day, number))).filter(|key| !landed.holds(key)).collect();
    portions.sort_unstable();
    assert_eq!((keys, portions), (wanted, vec![98, 100, 100]));
}

#[tokio::test]
async fn a_full_queue_is_waited_for() {
    let queue = MemoryQueue::new("collector");
    for _ in 0..3 {
        queue.push("somebody's");
    }
    let landed = Landed::default();
    let (_stop, mut sending) = sending(&queue, &landed, Pace { max_depth: 2, ..FAST });
    let mut objects = objects(1, 5).await;
    let mut running = Box::pin(sending.run(&mut objects));
    // It asks again and again, and sends nothing.
    tokio::select! {
        ended = &mut running => panic!("{ended:?}"),
        () = async { while queue.calls(QueueCall::Depth) < 5 { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(queue.calls(QueueCall::Send), 0);
    let received = queue.receive(1, Duration::ZERO, Duration::from_secs(600)).await.unwrap();
    queue.delete(&[received.first().unwrap().receipt.as_str()]).await.unwrap();
    running.await.unwrap();
    assert_eq!((queue.calls(QueueCall::Send), sending.sent.objects), (1, 5));
}

#[tokio::test]
async fn a_stop_says_on_which_day_to_go_on() {
    let queue = MemoryQueue::new("collector");
    queue.push("somebody's");
    let landed = Landed::default();
    let (stop, mut sending) = sending(&queue, &landed, Pace { max_depth: 0, ..FAST });
    let mut objects = objects(2, 3).await;
    let mut running = Box::pin(sending.run(&mut objects));
    tokio::select! {
        ended = &mut running => panic!("{ended:?}"),
        () = async { while queue.calls(QueueCall::Depth) < 2 { tokio::task::yield_now().await } } => {}
    }
    stop.send_replace(true);
    running.await.unwrap();
    assert_eq!(sending.sent, Sent { goes_on_at: Some(20_260_101), interrupted: true, ..Sent::default() });
}

#[tokio::test]
async fn messages_that_the_queue_refuses_are_sent_again_and_others_not() {
    let queue = MemoryQueue::new("collector");
    let refused = || EntryError::Refused { code: "InternalError".to_owned(), detail: "try again".to_owned() };
    queue.partial_failures(QueueCall::Send, [(1, refused())]);
    let landed = Landed::default();
    let (_stop, mut sending) = sending(&queue, &landed, FAST);
    sending.run(&mut objects(1, 250).await).await.unwrap();
    assert_eq!((sending.sent.objects, sending.sent.messages), (250, 3));
    assert_eq!(announced(&queue).await.0.len(), 250);
}

#[tokio::test]
async fn a_queue_that_fails_ends_it_with_the_day_to_go_on_at() {
    let queue = MemoryQueue::new("collector");
    queue.fail_next(QueueCall::Send, QueueFault::Denied);
    let landed = Landed::default();
    let (_stop, mut sending) = sending(&queue, &landed, FAST);
    let error = sending.run(&mut objects(2, 3).await).await.unwrap_err();
    assert!(format!("{error:#}").contains("sqs:SendMessage"), "{error:#}");
    assert_eq!(sending.sent, Sent { goes_on_at: Some(20_260_101), ..Sent::default() });
}

#[test]
fn slow_rates_send_small_messages() {
    let portions = |objects_per_second| Pace { objects_per_second, ..FAST }.portions();
    assert_eq!([1, 20, 200, 10_000].map(portions), [(1, 5), (20, 5), (100, 10), (100, 10)]);
}
