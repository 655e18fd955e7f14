//! What the pipeline wants of the world outside: object stores and a ledger.

pub mod bucket;
pub mod ledger;
