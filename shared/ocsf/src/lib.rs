//! Normalises Records to OCSF 1.8.0: class and activity, every field in a column or in `unmapped`, as Arrow columns in the
//! shape of Security Lake's `cloud_trail_mgmt_2_0` with Trailkeep's own columns behind them.
//!
//! Pure: text and spans in, columns out. The order of rows, row groups and files are `trailkeep-events`' affair.

mod actor;
mod classes;
mod column;
mod columns;
mod dictionary;
mod flatten;
mod head;
mod insight;
mod normalise;
mod observables;
mod place;
mod record;
mod redact;
mod redacted;
mod resources;
mod route;
mod schema;

pub use head::{EventCategory, Head, HeadError};
pub use normalise::{Normaliser, NormaliserConfig};
pub use place::Place;
pub use record::RecordView;
pub use redact::{RedactPathError, Redaction};
pub use route::{Classes, Route, route};
pub use schema::events_schema;

/// The OCSF version that is written.
pub const OCSF_VERSION: &str = "1.8.0";
