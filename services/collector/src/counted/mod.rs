//! Counts every call to queue and ledger by operation and outcome: what they cost is in these numbers.

mod ledger;
mod queue;

pub use self::ledger::CountedLedger;
pub(crate) use self::queue::CountedQueue;
