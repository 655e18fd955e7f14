//! An AWS organization's accounts: the [`Roster`] as it was observed at a time, and the [`History`] that successive observations make.
//!
//! Pure: who asks Organizations is an adapter, where the history is kept is the caller's affair, the time is an argument. A history is the rows of the
//! archive's table `accounts` and nothing else, so that what is read back is what was written.

mod events;
mod history;
mod reconcile;
mod regions;
mod roster;
#[cfg(test)]
mod tests;

pub use events::{EventKind, OrganizationEvent};
pub use history::{AsOf, Changes, History, ObserveError};
pub use reconcile::{Difference, DifferenceKind, MAX_DIFFERENCES, Narrowed, Reconciled, reconcile};
pub use regions::default_regions;
pub use roster::{Account, OrganizationalUnit, Roster, RosterError, State};
