//! Who delivered, hour by hour, of those who should have: an archive held against the organization.
//!
//! [`look`] reads `sources/`, expects what the kept accounts make expected, and tells gaps with their likely causes. What the archive's own events say
//! (trails that were stopped, accounts that joined and left) is given to it: asking the archive in SQL is another crate's affair. What was seen before
//! is given too ([`Seen`]), and comes back, so that an hourly look reads the days of its window and not all that ever landed.

mod asked;
mod error;
mod expected;
pub mod kept;
mod look;
mod observed;
mod seen;
#[cfg(test)]
mod tests;
mod told;

pub use asked::{Asked, DEFAULT_DAYS, NOT_DUE_MS, Recorded};
pub use error::LookError;
pub use expected::Basis;
pub use look::look;
pub use observed::Observed;
pub use seen::{Seen, SeenError};
pub use told::{OBSERVED_ONLY, Told};
