//! Tests of whole runs against stores in memory. `world` has the trees and the counting; here are the cases by name.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod announcing;
mod event_index;
mod exactly_once;
mod findings;
mod naming;
mod rebuilds;
mod world;
