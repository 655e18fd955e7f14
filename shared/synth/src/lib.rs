//! Writes an organization-like trail tree for demos, tests and benchmarks.
//!
//! [`generate`] fills a directory with what an organization's trail would have delivered to its bucket: log objects of
//! every account and Region, late files, Records that were delivered twice, Insights and network activity, and hourly
//! signed Digests in complete chains. The same [`SynthConfig`] gives the same bytes. Every id, name and address is
//! invented; credentials in it are noise that opens nothing.
//!
//! The shapes follow published statistics of real trails; reading any of it back is left to the other crates.

mod actors;
mod catalogue;
mod chance;
mod config;
mod digest;
mod error;
mod estate;
mod object;
mod plan;
mod record;
mod side;
mod signing;
mod template;
mod time;
mod tree;

pub use config::{DEFAULT_BUCKET, MAX_REGIONS, ORGANIZATION, REGIONS, Scale, SynthConfig, TRAIL};
pub use error::SynthError;
pub use tree::{PUBLIC_KEYS_FILE, Summary, generate};

#[cfg(test)]
mod tests;
