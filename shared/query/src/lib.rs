//! Asks an archive in SQL with DataFusion.
//!
//! Tables: `events`, `sources`, `quarantine`, and the auditor's `accounts`, `findings`, `outcomes`; views: `cloudtrail`, `security_lake_v1`,
//! `current_accounts`, `open_findings`; `audited_events` and `audited_cloudtrail` put beside each row what came of its source, and its account as
//! it was (`design.md` says how), which `events` and `cloudtrail` do for a question that names one of these columns. A question lists what it can touch, leaves out files by category, event day, time and event id, and row groups by
//! statistics and bloom filters; [`IoStats`] tells what was left.
//! Where the archive lies is the [`AuditBucket`] port's matter; writing it is not done here.
//!
//! [`AuditBucket`]: trailkeep_pipeline::ports::bucket::AuditBucket

mod audited;
mod catalog;
mod dialect;
mod engine;
mod error;
mod functions;
mod io;
mod json_path;
mod naming;
mod plan_io;
pub mod recorded;
pub mod render;
mod session;
mod statement;
mod suggest;
mod tables;
mod trino;

pub use engine::{Engine, EngineConfig, QueryCost, QueryResult};
pub use error::QueryError;
pub use io::IoStats;
