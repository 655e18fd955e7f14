//! What only the queue in memory can show: failures on demand, dead letters, its own strictness. The rest is the contract suite's.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::contract;

const MINUTE: Duration = Duration::from_secs(60);

async fn receive(queue: &MemoryQueue) -> Vec<QueueMessage> {
    queue.receive(10, Duration::ZERO, MINUTE).await.unwrap()
}

#[tokio::test]
async fn the_queue_in_memory_keeps_the_contract() {
    contract::queue::queue(async || Arc::new(MemoryQueue::new("contract")) as Arc<dyn NotificationQueue>).await;
}

#[tokio::test]
async fn a_planned_failure_is_of_one_call_of_its_kind() {
    let queue = MemoryQueue::new("planned");
    queue.push("body");
    queue.fail_next(QueueCall::Receive, QueueFault::Denied);
    queue.fail_next(QueueCall::Receive, QueueFault::OverLimit);
    assert_eq!(queue.depth().await.unwrap().visible, 1);
    let denied = queue.receive(1, Duration::ZERO, MINUTE).await.unwrap_err();
    assert_eq!(denied.to_string(), "not permitted to sqs:ReceiveMessage on the queue memory:planned: allow sqs:ReceiveMessage on it");
    let full = queue.receive(1, Duration::ZERO, MINUTE).await.unwrap_err();
    assert!(matches!(full, QueueError::OverLimit { .. }), "{full}");
    let received = receive(&queue).await;
    assert_eq!((received.len(), received[0].receive_count, queue.calls(QueueCall::Receive)), (1, 1, 3));
}

#[tokio::test]
async fn a_lost_answer_has_taken_effect() {
    let queue = MemoryQueue::new("lost");
    let id = queue.push("body");
    let received = receive(&queue).await;
    queue.fail_next(QueueCall::Delete, QueueFault::AnswerLost);
    let lost = queue.delete(&[&received[0].receipt]).await.unwrap_err();
    assert!(matches!(lost, QueueError::Failed { .. }), "{lost}");
    assert_eq!((queue.messages_left(), queue.deleted()), (0, vec![id]));
}

#[tokio::test]
async fn partial_failures_leave_the_others_alone() {
    let queue = MemoryQueue::new("partly");
    let ids: Vec<String> = (0..3).map(|number| queue.push(format!("body {number}"))).collect();
    let received = receive(&queue).await;
    let receipts: Vec<&str> = received.iter().map(|message| message.receipt.as_str()).collect();
    let refused = EntryError::Refused { code: "InternalError".to_owned(), detail: "planned".to_owned() };
    queue.partial_failures(QueueCall::Delete, [(1, refused.clone())]);
    assert_eq!(queue.delete(&receipts).await.unwrap(), [Ok(()), Err(refused), Ok(())]);
    assert_eq!(queue.deleted(), [ids[0].clone(), ids[2].clone()]);
    assert_eq!(queue.delete(&receipts).await.unwrap(), [Ok(()), Ok(()), Ok(())]);
    assert_eq!((queue.messages_left(), queue.deleted_count()), (0, 3));
}

#[tokio::test]
async fn a_message_received_too_often_becomes_a_dead_letter() {
    let queue = MemoryQueue::new("poison").with_max_receive_count(2);
    let id = queue.push("poison");
    for count in 1..=2 {
        let received = receive(&queue).await;
        assert_eq!(received[0].receive_count, count);
        queue.hide(&[(&received[0].receipt, Duration::ZERO)]).await.unwrap();
    }
    assert_eq!((receive(&queue).await, queue.messages_left()), (Vec::new(), 0));
    let letters = queue.dead_letters();
    assert_eq!((letters[0].id.clone(), letters[0].body.as_str(), letters[0].receive_count), (id, "poison", 2));
}

#[tokio::test]
async fn a_receipt_that_ran_out_neither_hides_nor_deletes() {
    let queue = MemoryQueue::new("strict");
    queue.push("body");
    let old = receive(&queue).await.remove(0).receipt;
    queue.hide(&[(&old, Duration::ZERO)]).await.unwrap();
    let expired = |code: &str| vec![Err(EntryError::Expired { code: code.to_owned() })];
    assert_eq!(queue.delete(&[&old]).await.unwrap(), expired("ReceiptHandleIsInvalid"));
    let new = receive(&queue).await.remove(0).receipt;
    assert_eq!(queue.hide(&[(&old, MINUTE)]).await.unwrap(), expired("MessageNotInflight"));
    assert_eq!(queue.delete(&[&old]).await.unwrap(), expired("ReceiptHandleIsInvalid"));
    assert_eq!((queue.messages_left(), queue.delete(&[&new]).await.unwrap()), (1, vec![Ok(())]));
}

#[tokio::test]
async fn with_as_many_in_flight_as_allowed_receiving_fails() {
    let queue = MemoryQueue::new("full").with_max_in_flight(10);
    (0..15).for_each(|number| drop(queue.push(number.to_string())));
    let received = receive(&queue).await;
    let full = queue.receive(1, Duration::ZERO, MINUTE).await.unwrap_err();
    assert!(matches!(full, QueueError::OverLimit { .. }), "{full}");
    queue.delete(&[&received[0].receipt]).await.unwrap();
    assert_eq!(receive(&queue).await.len(), 5);
}

#[tokio::test]
async fn waiting_receivers_hear_of_each_message() {
    let queue = MemoryQueue::new("waiting");
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.receive(1, MAX_WAIT, MINUTE).await.unwrap() })
        })
        .collect();
    for number in 0..4 {
        tokio::task::yield_now().await;
        queue.push(number.to_string());
    }
    let mut bodies: Vec<String> = Vec::new();
    for receiver in waiting {
        bodies.extend(receiver.await.unwrap().into_iter().map(|message| message.body));
    }
    bodies.sort_unstable();
    assert_eq!(bodies, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_received_and_deleted_once() {
    let queue = MemoryQueue::new("many");
    (0..100_000).for_each(|number| drop(queue.push(number.to_string())));
    let mut bodies = std::collections::BTreeSet::new();
    loop {
        let received = receive(&queue).await;
        if received.is_empty() {
            break;
        }
        let receipts: Vec<&str> = received.iter().map(|message| message.receipt.as_str()).collect();
        assert!(queue.delete(&receipts).await.unwrap().iter().all(Result::is_ok));
        bodies.extend(received.into_iter().map(|message| message.body));
    }
    assert_eq!((bodies.len(), queue.messages_left(), queue.deleted_count()), (100_000, 0, 100_000));
}
