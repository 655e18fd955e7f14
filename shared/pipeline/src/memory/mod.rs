//! Adapters in memory, for tests: the ports without a disk and without AWS, with failures on demand.

mod announcer;
mod bucket;
mod ledger;
mod queue;

pub use announcer::{AnnounceFault, Announced, AnnouncedDigests, MemoryAnnouncer};
pub use bucket::{Fault, MemoryBucket, MemoryObject};
pub use ledger::MemoryLedger;
pub use queue::{MemoryQueue, QueueCall, QueueFault};
