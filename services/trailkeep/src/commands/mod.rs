//! One file a command: its arguments and what it does with them.

pub(crate) mod ingest;
pub(crate) mod query;
pub(crate) mod raw;
pub(crate) mod stats;
pub(crate) mod synth;
