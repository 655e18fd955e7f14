//! The engine over small archives, in memory and in directories.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod answers;
mod archives;
mod asking;
mod audited;
mod event_ids;
mod findings;
mod named_columns;
mod pruning;
mod views;
