//! Another auditor comes in the middle of a round: this one ends, and what it would have remembered is found again.

use async_trait::async_trait;
use trailkeep_pipeline::{
    memory::MemoryLedger,
    ports::{
        bucket::LogBucket,
        ledger::{LeaseAnswer, Ledger as _, WorkerId},
    },
};

use super::world::World;
use crate::{LeaseError, LogBuckets, NoteError, OnceError, OutsideError, Ports, RoundError};

const STATE: &str = "auditor/state";

/// What another auditor does while this one looks into the log bucket: after it verified, and before it wrote or sent anything.
#[derive(Debug)]
enum Deed {
    TakesTheLease,
    WritesTheState,
}

#[derive(Debug)]
struct Rival {
    ledger: MemoryLedger,
    deed: Deed,
}

fn rival() -> WorkerId {
    WorkerId::new("rival", 0)
}

#[async_trait]
impl LogBuckets for Rival {
    async fn bucket(&self, _: &str) -> Result<Option<std::sync::Arc<dyn LogBucket>>, OutsideError> {
        match self.deed {
            // The holder moves its counter meanwhile.
            Deed::TakesTheLease => {
                let mut over = None;
                while let LeaseAnswer::HeldBy(held) = self.ledger.take_lease("auditor", &rival(), over.as_ref()).await.unwrap() {
                    over = Some(held);
                }
            }
            Deed::WritesTheState => {
                let over = self.ledger.note(STATE).await.unwrap().map(|note| note.version);
                assert!(self.ledger.put_note(STATE, over, b"{\"version\":1,\"content\":{}}").await.unwrap());
            }
        }
        Ok(None)
    }
}

fn with_one_missing() -> World {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    World::new(|key| key == chosen)
}

fn ports(world: &World, deed: Deed) -> Ports {
    let rival = Rival { ledger: world.ledger.clone(), deed };
    Ports { log_buckets: Some(std::sync::Arc::new(rival)), ..world.ports() }
}

#[test]
fn a_lease_lost_in_the_middle_of_a_round_ends_it_and_nothing_more_is_written_or_sent() {
    let world = with_one_missing();
    let ended = world.round_with(World::settings(), ports(&world, Deed::TakesTheLease)).unwrap_err();
    assert!(matches!(ended, OnceError::Round(RoundError::Lease(LeaseError::Lost))), "{ended}");
    assert_eq!((world.asked(), world.rows(), world.heard()), (Vec::new(), Vec::new(), Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(world.ledger.note(STATE)).unwrap().is_none(), "nothing of it is remembered");
    assert!(runtime.block_on(world.ledger.beat_lease("auditor", &rival())).unwrap(), "what is another's is not given back");
    runtime.block_on(world.ledger.release_lease("auditor", &rival())).unwrap();
    assert_eq!(world.round().heal_sent, 1, "the next round does it");
}

#[test]
fn a_note_that_somebody_else_wrote_meanwhile_is_left_and_the_next_round_tells_the_same_findings() {
    let world = with_one_missing();
    let ended = world.round_with(World::settings(), ports(&world, Deed::WritesTheState)).unwrap_err();
    assert!(matches!(&ended, OnceError::Round(RoundError::Note(NoteError::Taken { name })) if name == STATE), "{ended}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let there = runtime.block_on(world.ledger.note(STATE)).unwrap().unwrap();
    assert_eq!(&there.body[..], b"{\"version\":1,\"content\":{}}", "the other's note stands");
    world.pass(60_000);
    let report = world.round();
    assert_eq!((report.outcome(), report.missing), ("done", 1));
    let ids: std::collections::BTreeSet<String> =
        world.rows().into_iter().filter(|row| row.name == "missing_within_grace").map(|row| row.id).collect();
    assert_eq!(ids.len(), 1, "told twice, as one finding");
}
