//! What the pipeline wants of the world outside: object stores, a ledger, a queue, and whom to tell.

pub mod announcer;
pub mod bucket;
pub mod ledger;
pub mod queue;
