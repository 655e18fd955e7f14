//! Tests of the protocol: a small worker that lands a tree of sources, run against stores in memory. `faults` lets it die after every single call
//! of a port; `races` lets it sleep there while another worker takes its place; here are the cases by name.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod cases;
mod counted;
mod digests;
mod faults;
mod races;
mod world;
