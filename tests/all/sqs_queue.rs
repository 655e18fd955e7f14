//! The contract suite of queues on SQS, as moto and MiniStack emulate it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use anyhow::Result;
use trailkeep_aws::SqsQueue;
use trailkeep_pipeline::{
    contract::queue::{Exceptions, queue_except},
    ports::queue::NotificationQueue,
};
use trailkeep_tests::emulator::{Emulator, Ministack, Moto};

async fn keeps_the_contract(emulator: &Emulator, exceptions: Exceptions) {
    let (client, numbers) = (emulator.sqs(), AtomicU32::new(0));
    let open = async || {
        let name = format!("scenario-{}", numbers.fetch_add(1, Ordering::Relaxed));
        let made = client.create_queue().queue_name(name).send().await.expect("the emulator makes a queue");
        let url = made.queue_url.expect("a queue has a URL");
        Arc::new(SqsQueue::with_client(client.clone(), &url)) as Arc<dyn NotificationQueue>
    };
    Box::pin(queue_except(open, exceptions)).await;
}

#[tokio::test]
async fn sqs_keeps_the_contract_on_moto() -> Result<()> {
    let Some(moto) = Moto::start("the contract of queues on moto")? else { return Ok(()) };
    keeps_the_contract(&moto, Exceptions { old_receipts_hide: true, ..Exceptions::default() }).await;
    Ok(())
}

#[tokio::test]
async fn sqs_keeps_the_contract_on_ministack() -> Result<()> {
    let Some(ministack) = Ministack::start("the contract of queues on MiniStack")? else { return Ok(()) };
    keeps_the_contract(&ministack, Exceptions { deleting_again_expires: true, ..Exceptions::default() }).await;
    Ok(())
}
