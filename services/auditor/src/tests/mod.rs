//! Rounds in memory, over an invented trail.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod faults;
mod rounds;
mod world;
