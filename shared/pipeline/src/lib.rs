//! Lands Deliveries in Batches: ports, the Batch protocol, the worker.

pub mod archive_guard;
pub mod archive_lease;
pub mod batch;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod ingest;
pub mod memory;
pub mod ports;
pub mod protocol;
