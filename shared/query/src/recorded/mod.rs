//! What an archive's own events say: of its trails, and of the organization. Only what succeeded is taken, and only what the service itself recorded.
//!
//! Records are others' texts: members that are not there, or are of another form, make an event that says less, never a failure.

mod delivering;
mod organization;
mod rows;
#[cfg(test)]
mod tests;
mod trails;

pub use delivering::delivering;
pub use organization::organization_events;
pub use trails::{trail_configurations, trail_configurations_since, trail_events};

use crate::QueryError;

/// Most events that one question takes.
pub const MAX_EVENTS: usize = 200_000;

/// Why the archive's own events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The archive could not be asked.
    #[error("{what} cannot be read")]
    Query {
        /// Which events.
        what: &'static str,
        /// The cause.
        #[source]
        source: QueryError,
    },
    /// More than anybody's trails make.
    #[error("more than {cap} {what} in the window: take a shorter one")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The cap.
        cap: usize,
    },
    /// The answer has other columns than were asked for; a fault of the program.
    #[error("{what} came without the column {column}")]
    Column {
        /// Which events.
        what: &'static str,
        /// The column.
        column: &'static str,
    },
}
