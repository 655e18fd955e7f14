//! What every [`NotificationQueue`] must do. An adapter's test calls [`queue`] with a function that makes an empty queue without dead letters; what
//! only one adapter can show (permissions, limits of messages in flight) is left to its own tests.
//! SQS promises neither order nor that a short wait finds what is there, so nothing here asks for either.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use crate::ports::queue::{
    EntryError, MAX_OF_A_CALL, MAX_OF_A_SEND_BYTES, NotificationQueue, OutgoingMessage, QueueDepth, QueueError, QueueMessage, TraceContext,
};

/// Hides for longer than a scenario takes.
const LONG: Duration = Duration::from_mins(10);
/// Hides for as short as SQS can.
const SHORT: Duration = Duration::from_secs(1);
/// Longest wait for what must come.
const DEADLINE: Duration = Duration::from_secs(30);

/// What an emulator does otherwise than SQS, so that the scenario leaves it out. Adapters of ours have none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// A receipt that was replaced by a newer one still hides the message.
    pub old_receipts_hide: bool,
    /// A deleted message is refused otherwise than as expired when it is hidden, or not at all.
    pub deleted_messages_hide: bool,
    /// A receipt that never was one is deleted without an error.
    pub unknown_receipts_delete: bool,
    /// Deleting what is deleted is answered as an expired receipt.
    pub deleting_again_expires: bool,
    /// Messages do not keep to SQS's limit of bytes.
    pub other_sizes: bool,
}

/// Runs the suite; `open` makes an empty queue each time. Needs a tokio runtime with time.
///
/// # Panics
/// Where the adapter breaks the contract.
pub async fn queue(open: impl AsyncFn() -> Arc<dyn NotificationQueue>) {
    queue_except(open, Exceptions::default()).await;
}

/// As [`queue`], on an emulator that is known to differ from SQS.
///
/// # Panics
/// Where the adapter breaks the contract.
pub async fn queue_except(open: impl AsyncFn() -> Arc<dyn NotificationQueue>, exceptions: Exceptions) {
    // Beside one another: each has a queue of its own, and most of their time is spent waiting.
    tokio::join!(
        async { an_empty_queue_answers_nothing(&*open().await).await },
        async { what_was_sent_is_received_and_deleted(&*open().await).await },
        async { a_message_that_was_not_deleted_comes_back(&*open().await).await },
        async { hiding_again_keeps_a_message_away(&*open().await).await },
        async { hiding_for_nothing_brings_a_message_back_and_counts(&*open().await).await },
        async { an_old_receipt_has_expired(&*open().await, exceptions).await },
        async { what_is_deleted_stays_deleted(&*open().await, exceptions).await },
        async { one_bad_receipt_leaves_nine_deleted(&*open().await, exceptions).await },
        async { ten_is_the_most_of_a_call(&*open().await).await },
        async { a_waiting_receiver_hears_of_a_message(&*open().await).await },
        async { every_character_that_sqs_allows_comes_back(&*open().await).await },
        async { large_messages_are_sent_and_larger_ones_refused(&*open().await, exceptions).await },
        async { trace_contexts_are_kept(&*open().await).await },
        async { its_depth_is_told(&*open().await).await },
    );
}

fn message(body: impl Into<String>) -> OutgoingMessage {
    OutgoingMessage { body: body.into(), ..OutgoingMessage::default() }
}

async fn send(queue: &dyn NotificationQueue, bodies: &[&str]) {
    let messages: Vec<OutgoingMessage> = bodies.iter().copied().map(message).collect();
    let sent = queue.send(&messages).await.expect("messages are sent");
    assert_eq!(sent, vec![Ok(()); bodies.len()]);
}

/// Receives until `count` messages are there, hidden for `hidden` each.
async fn receive(queue: &dyn NotificationQueue, count: usize, hidden: Duration) -> Vec<QueueMessage> {
    let (mut received, deadline) = (Vec::new(), Instant::now() + DEADLINE);
    while received.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} messages came in {DEADLINE:?}", received.len());
        let more = queue.receive(count - received.len(), Duration::from_secs(1), hidden).await.expect("receiving works");
        received.extend(more);
    }
    received
}

async fn receive_one(queue: &dyn NotificationQueue, hidden: Duration) -> QueueMessage {
    receive(queue, 1, hidden).await.pop().expect("one message")
}

async fn assert_nothing_comes(queue: &dyn NotificationQueue, wait: Duration) {
    assert_eq!(queue.receive(10, wait, LONG).await.expect("receiving works"), []);
}

fn is_expired(answer: &Result<(), EntryError>) -> bool {
    matches!(answer, Err(EntryError::Expired { .. }))
}

async fn an_empty_queue_answers_nothing(queue: &dyn NotificationQueue) {
    assert_nothing_comes(queue, Duration::ZERO).await;
    assert_nothing_comes(queue, SHORT).await;
    assert_eq!(queue.delete(&[]).await.expect("nothing is deleted"), []);
    assert_eq!(queue.hide(&[]).await.expect("nothing is hidden"), []);
    assert_eq!(queue.send(&[]).await.expect("nothing is sent"), []);
    assert!(!queue.address().is_empty());
}

async fn what_was_sent_is_received_and_deleted(queue: &dyn NotificationQueue) {
    send(queue, &["one", "two"]).await;
    let received = receive(queue, 2, LONG).await;
    assert_eq!(received.iter().map(|message| message.body.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["one", "two"]));
    assert_ne!(received[0].id, received[1].id);
    assert_ne!(received[0].receipt, received[1].receipt);
    for message in &received {
        assert_eq!((message.receive_count, &message.trace), (1, &TraceContext::default()));
        assert!(message.sent_ms.is_none_or(|sent| sent > 1_600_000_000_000), "{message:?}");
    }
    let receipts: Vec<&str> = received.iter().map(|message| message.receipt.as_str()).collect();
    assert_eq!(queue.delete(&receipts).await.expect("deleting works"), [Ok(()), Ok(())]);
    assert_nothing_comes(queue, SHORT).await;
}

async fn a_message_that_was_not_deleted_comes_back(queue: &dyn NotificationQueue) {
    send(queue, &["back"]).await;
    let began = Instant::now();
    let first = receive_one(queue, SHORT).await;
    let again = receive_one(queue, LONG).await;
    // Some clocks of queues have whole milliseconds.
    assert!(began.elapsed() >= SHORT.mul_f32(0.9), "it came back after {:?}", began.elapsed());
    assert_eq!((&again.id, &again.body, again.receive_count), (&first.id, &first.body, 2));
    assert_ne!(again.receipt, first.receipt);
}

async fn hiding_again_keeps_a_message_away(queue: &dyn NotificationQueue) {
    send(queue, &["held"]).await;
    // Long enough for a slow machine to hide it again in time.
    let received = receive_one(queue, SHORT * 4).await;
    assert_eq!(queue.hide(&[(&received.receipt, LONG)]).await.expect("hiding works"), [Ok(())]);
    assert_nothing_comes(queue, SHORT * 5).await;
    assert_eq!(queue.hide(&[(&received.receipt, SHORT)]).await.expect("hiding works"), [Ok(())]);
    assert_eq!(receive_one(queue, LONG).await.receive_count, 2);
}

async fn hiding_for_nothing_brings_a_message_back_and_counts(queue: &dyn NotificationQueue) {
    send(queue, &["counted"]).await;
    for count in 1..=4 {
        let received = receive_one(queue, LONG).await;
        assert_eq!((received.body.as_str(), received.receive_count), ("counted", count));
        assert_eq!(queue.hide(&[(&received.receipt, Duration::ZERO)]).await.expect("hiding works"), [Ok(())]);
    }
}

async fn an_old_receipt_has_expired(queue: &dyn NotificationQueue, exceptions: Exceptions) {
    send(queue, &["old"]).await;
    let old = receive_one(queue, SHORT).await;
    let new = receive_one(queue, LONG).await;
    assert_eq!(new.id, old.id);
    if !exceptions.old_receipts_hide {
        let hidden = queue.hide(&[(&old.receipt, LONG), (&new.receipt, LONG)]).await.expect("the call goes through");
        assert!(is_expired(&hidden[0]), "{hidden:?}");
        assert_eq!(hidden[1], Ok(()));
    }
    // A standard queue may delete by an old receipt, and may not.
    let deleted = queue.delete(&[&old.receipt]).await.expect("the call goes through");
    assert!(deleted[0].is_ok() || is_expired(&deleted[0]), "{deleted:?}");
    assert_gone(queue, &new.receipt, exceptions).await;
    assert_nothing_comes(queue, SHORT).await;
}

/// Deletes a message that may have been deleted.
async fn assert_gone(queue: &dyn NotificationQueue, receipt: &str, exceptions: Exceptions) {
    let deleted = queue.delete(&[receipt]).await.expect("the call goes through");
    assert!(deleted == [Ok(())] || exceptions.deleting_again_expires && is_expired(&deleted[0]), "{deleted:?}");
}

async fn what_is_deleted_stays_deleted(queue: &dyn NotificationQueue, exceptions: Exceptions) {
    send(queue, &["gone"]).await;
    let received = receive_one(queue, LONG).await;
    assert_eq!(queue.delete(&[&received.receipt]).await.expect("deleting works"), [Ok(())]);
    assert_gone(queue, &received.receipt, exceptions).await;
    if !exceptions.deleted_messages_hide {
        let hidden = queue.hide(&[(&received.receipt, Duration::ZERO)]).await.expect("the call goes through");
        assert!(is_expired(&hidden[0]), "{hidden:?}");
    }
    assert_nothing_comes(queue, SHORT).await;
}

async fn one_bad_receipt_leaves_nine_deleted(queue: &dyn NotificationQueue, exceptions: Exceptions) {
    let bodies: Vec<String> = (0..10).map(|number| format!("body {number}")).collect();
    send(queue, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let received = receive(queue, 10, LONG).await;
    let mut receipts: Vec<&str> = received.iter().map(|message| message.receipt.as_str()).collect();
    receipts[6] = "AQEBnever+a/receipt==";
    let deleted = queue.delete(&receipts).await.expect("the call goes through");
    for (position, answer) in deleted.iter().enumerate() {
        if position != 6 {
            assert_eq!(*answer, Ok(()), "{deleted:?}");
        } else if !exceptions.unknown_receipts_delete {
            assert!(is_expired(answer), "{deleted:?}");
        }
    }
    assert_eq!(queue.hide(&[(&received[6].receipt, Duration::ZERO)]).await.expect("hiding works"), [Ok(())]);
    let left = receive_one(queue, LONG).await;
    assert_eq!((&left.id, left.receive_count), (&received[6].id, 2));
    assert_nothing_comes(queue, SHORT).await;
}

async fn ten_is_the_most_of_a_call(queue: &dyn NotificationQueue) {
    let messages: Vec<OutgoingMessage> = (0..25).map(|number| message(format!("body {number}"))).collect();
    assert_eq!(queue.send(&messages).await.expect("any number is sent"), vec![Ok(()); 25]);
    let most = queue.receive(100, Duration::from_secs(1), LONG).await.expect("receiving works");
    assert!(most.len() <= MAX_OF_A_CALL, "{}", most.len());
    let mut received = most;
    while received.len() < 25 {
        received.extend(receive(queue, (25 - received.len()).min(10), LONG).await);
    }
    let bodies: BTreeSet<String> = received.iter().map(|message| message.body.clone()).collect();
    assert_eq!(bodies, messages.into_iter().map(|message| message.body).collect());
    let eleven: Vec<&str> = received.iter().take(11).map(|message| message.receipt.as_str()).collect();
    let refused = queue.delete(&eleven).await;
    assert!(matches!(refused, Err(QueueError::Failed { .. })), "{refused:?}");
    let eleven: Vec<(&str, Duration)> = eleven.into_iter().map(|receipt| (receipt, LONG)).collect();
    let refused = queue.hide(&eleven).await;
    assert!(matches!(refused, Err(QueueError::Failed { .. })), "{refused:?}");
    assert_eq!(queue.hide(&eleven[..10]).await.expect("ten are hidden"), vec![Ok(()); 10]);
}

async fn a_waiting_receiver_hears_of_a_message(queue: &dyn NotificationQueue) {
    let waiting = queue.receive(10, Duration::from_secs(20), LONG);
    let (received, ()) = tokio::join!(waiting, send(queue, &["at last"]));
    let bodies: Vec<String> = received.expect("receiving works").into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, ["at last"]);
}

/// What SQS lets through (SQS API Reference, SendMessage): tab, line feed, carriage return, and all from space on but surrogates, U+FFFE and U+FFFF.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

async fn every_character_that_sqs_allows_comes_back(queue: &dyn NotificationQueue) {
    let basic: String = ('\0'..='\u{ffff}').filter(|character| is_allowed(*character)).collect();
    // Of the other planes each 61st, with both ends.
    let others: String = ('\u{10000}'..='\u{10ffff}').step_by(61).chain(['\u{10ffff}']).collect();
    let json = r#"{"key":"a+b%2Fc ä \u00e4 \\ \" </x> &amp; '"}"#;
    send(queue, &[&basic, &others, json]).await;
    let received = receive(queue, 3, LONG).await;
    let bodies: BTreeSet<&str> = received.iter().map(|message| message.body.as_str()).collect();
    assert!(bodies == BTreeSet::from([basic.as_str(), &others, json]), "a body came back changed");
}

async fn large_messages_are_sent_and_larger_ones_refused(queue: &dyn NotificationQueue, exceptions: Exceptions) {
    if exceptions.other_sizes {
        return;
    }
    let sizes = [MAX_OF_A_SEND_BYTES, MAX_OF_A_SEND_BYTES + 1, 600_000, 600_001];
    let messages: Vec<OutgoingMessage> = sizes.iter().map(|size| message("x".repeat(*size))).collect();
    let sent = queue.send(&messages).await.expect("the call goes through");
    let accepted: Vec<bool> = sent.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, false, true, true], "{sent:?}");
    let received = receive(queue, 3, LONG).await;
    let lengths: BTreeSet<usize> = received.iter().map(|message| message.body.len()).collect();
    assert_eq!(lengths, BTreeSet::from([MAX_OF_A_SEND_BYTES, 600_000, 600_001]));
}

async fn trace_contexts_are_kept(queue: &dyn NotificationQueue) {
    let traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let contexts = BTreeMap::from([
        ("both", TraceContext { traceparent: traceparent.clone(), tracestate: Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE".to_owned()) }),
        ("one", TraceContext { traceparent, tracestate: None }),
        ("none", TraceContext::default()),
    ]);
    let messages: Vec<OutgoingMessage> =
        contexts.iter().map(|(body, trace)| OutgoingMessage { body: (*body).to_owned(), trace: trace.clone() }).collect();
    assert_eq!(queue.send(&messages).await.expect("messages are sent"), vec![Ok(()); 3]);
    for received in receive(queue, 3, LONG).await {
        assert_eq!(Some(&received.trace), contexts.get(received.body.as_str()), "{}", received.body);
    }
}

async fn its_depth_is_told(queue: &dyn NotificationQueue) {
    send(queue, &["1", "2", "3", "4", "5"]).await;
    depth_becomes(queue, QueueDepth { visible: 5, in_flight: 0, delayed: 0 }).await;
    let received = receive(queue, 2, LONG).await;
    depth_becomes(queue, QueueDepth { visible: 3, in_flight: 2, delayed: 0 }).await;
    assert_eq!(queue.delete(&[&received[0].receipt]).await.expect("deleting works"), [Ok(())]);
    depth_becomes(queue, QueueDepth { visible: 3, in_flight: 1, delayed: 0 }).await;
}

/// SQS tells approximately, and right after a while.
async fn depth_becomes(queue: &dyn NotificationQueue, expected: QueueDepth) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let depth = queue.depth().await.expect("the depth is told");
        if depth == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{depth:?}, expected {expected:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
