//! Whole collectors on a queue, buckets and a ledger in memory.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bad_input;
mod faults;
mod forbidden;
mod whole_road;
mod world;
