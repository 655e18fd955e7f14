//! The class folders that CloudTrail writes into. Other services' folders are named in `key`.

use std::fmt;

/// What an object holds, told by the folder below the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogClass {
    /// Management and data events.
    CloudTrail,
    /// Signed hourly lists of log objects.
    Digest,
    /// Insights events.
    Insight,
    /// Events of VPC endpoints.
    NetworkActivity,
    /// Five-minute summaries of data events (since November 2025).
    Aggregated,
}

impl LogClass {
    /// Every class.
    pub const ALL: [Self; 5] = [Self::CloudTrail, Self::Digest, Self::Insight, Self::NetworkActivity, Self::Aggregated];

    /// The folder name, which is also the second part of file names.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::CloudTrail => "CloudTrail",
            Self::Digest => "CloudTrail-Digest",
            Self::Insight => "CloudTrail-Insight",
            Self::NetworkActivity => "CloudTrail-NetworkActivity",
            Self::Aggregated => "CloudTrail-Aggregated",
        }
    }

    /// The class of a folder; the whole segment counts, as `CloudTrail` is the beginning of five other names.
    pub fn from_folder(folder: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.folder() == folder)
    }
}

impl fmt::Display for LogClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder())
    }
}
