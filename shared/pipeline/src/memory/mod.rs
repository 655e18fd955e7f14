//! Adapters in memory, for tests: the ports without a disk and without AWS, with failures on demand.

mod bucket;
mod ledger;

pub use bucket::{Fault, MemoryBucket, MemoryObject};
pub use ledger::MemoryLedger;
