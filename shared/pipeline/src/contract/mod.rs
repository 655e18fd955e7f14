//! Contract suites of the ports: scenarios that run unchanged against every adapter. Behind the feature `contract`.
//! Each adapter's crate brings what opens it and calls the suite from its own tests.

pub mod bucket;
pub mod ledger;
pub mod queue;
