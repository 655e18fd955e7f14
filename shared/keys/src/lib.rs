//! The grammar of CloudTrail's S3 keys.
//!
//! `[prefix/]AWSLogs/[organization/]account/class/region/YYYY/MM/DD/file`, for account and organization trails, all
//! five `CloudTrail*` classes, and every partition: Regions are recognised by syntax, never by a list.
//! [`classify`] answers for any key and never fails; what it reads as a log or a Digest gives back the very same key
//! with [`LogKey::to_key`]. What an object *contains* is not decided here but by whoever inflates it.
//!
//! Source of the grammar: CloudTrail User Guide, "Finding your CloudTrail log files" and "CloudTrail digest file
//! structure".

mod class;
mod ids;
mod key;
mod locate;
mod name;
mod stamp;

pub use class::LogClass;
pub use ids::{AccountId, IdError, OrganizationId, Region};
pub use key::{KeyError, KeyKind, LogKey, MAX_KEY_BYTES, classify};
pub use locate::canonical_key;
pub use name::FileName;
pub use stamp::{Stamp, StampError};
