//! One file a command: its arguments and what it does with them. `protection` has the arguments that several share.

pub(crate) mod accounts;
pub(crate) mod attest;
pub(crate) mod backfill;
pub(crate) mod compare;
pub(crate) mod coverage;
pub(crate) mod digest;
pub(crate) mod estimate;
pub(crate) mod findings;
pub(crate) mod ingest;
pub(crate) mod ledger;
pub(crate) mod protection;
pub(crate) mod prove;
pub(crate) mod query;
pub(crate) mod queue;
pub(crate) mod raw;
pub(crate) mod stats;
pub(crate) mod synth;
pub(crate) mod verify;
