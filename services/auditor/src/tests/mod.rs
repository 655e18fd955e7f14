//! Rounds in memory, over an invented trail.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod acknowledging;
mod asking;
mod attesting;
mod days;
mod faults;
mod full_notes;
mod limits;
mod old_segments;
mod pacing;
mod rivals;
mod rounds;
mod silence;
mod standing;
mod telling;
mod world;
