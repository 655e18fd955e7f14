//! Rounds in memory, over an invented trail.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod asking;
mod attesting;
mod days;
mod faults;
mod full_notes;
mod limits;
mod pacing;
mod rivals;
mod rounds;
mod silence;
mod telling;
mod world;
