//! What a tree is made of: how many accounts, Regions and hours, how much in them, and the names that do not vary.

use crate::SynthError;

/// The organization that every tree shows.
pub const ORGANIZATION: &str = "o-exampleorg";

/// The trail's name.
pub const TRAIL: &str = "organization-trail";

/// The bucket that the Digests name, unless another is given.
pub const DEFAULT_BUCKET: &str = "example-org-cloudtrail-logs";

/// The Regions that every AWS account has switched on, in the order in which trees take them; the first is the trail's home.
/// Source: AWS Account Management Reference, "Enable or disable AWS Regions in your account".
pub const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "us-east-2",
    "us-west-1",
    "ca-central-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-south-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "sa-east-1",
];

/// Most Regions a tree can have: each needs a signing key of its own, and making one takes about a second.
pub const MAX_REGIONS: u32 = REGIONS.len() as u32;

/// Most accounts of a tree.
pub(crate) const MAX_ACCOUNTS: u32 = 9_999;

/// Most hours of a tree: a year.
pub(crate) const MAX_HOURS: u32 = 8_784;

/// Length of an hour in milliseconds: what a Digest covers.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// How much goes into a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Mean number of events in an hour of one account and Region.
    EventsPerHour(u32),
    /// About this many bytes of JSON in all, before compression.
    InflatedBytes(u64),
    /// Exactly this many log objects of 1 to 20 records, about 20 KB of JSON each.
    TinyObjects(u32),
}

/// What to generate. The same values give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthConfig {
    /// Member accounts, 1 to 9,999.
    pub accounts: u32,
    /// Regions, 1 to [`MAX_REGIONS`].
    pub regions: u32,
    /// Hours of logging, 1 to 8,784. Every account and Region gets a Digest for each.
    pub hours: u32,
    /// Chooses among all trees of these sizes.
    pub seed: u64,
    /// When the first hour begins, in milliseconds since 1970; cut to the hour.
    pub start_ms: i64,
    /// How much there is.
    pub scale: Scale,
    /// The bucket that Digests name.
    pub bucket: String,
}

impl Default for SynthConfig {
    /// A small organization: 5 accounts × 4 Regions × 6 hours from 2026-01-15T00:00:00Z.
    fn default() -> Self {
        Self {
            accounts: 5,
            regions: 4,
            hours: 6,
            seed: 1,
            start_ms: 1_768_435_200_000,
            scale: Scale::EventsPerHour(250),
            bucket: DEFAULT_BUCKET.to_owned(),
        }
    }
}

impl SynthConfig {
    /// The beginning of the first hour, in milliseconds since 1970.
    pub(crate) fn first_hour_ms(&self) -> i64 {
        self.start_ms.div_euclid(HOUR_MS) * HOUR_MS
    }

    /// The id of the account with this index.
    pub(crate) fn account(index: u32) -> String {
        format!("11112222{:04}", index + 1)
    }

    /// Checks every limit.
    pub(crate) fn check(&self) -> Result<(), SynthError> {
        let within = |what, value, most| {
            if (1..=u64::from(most)).contains(&value) { Ok(()) } else { Err(SynthError::OutOfRange { what, value, most }) }
        };
        within("accounts", u64::from(self.accounts), MAX_ACCOUNTS)?;
        within("regions", u64::from(self.regions), MAX_REGIONS)?;
        within("hours", u64::from(self.hours), MAX_HOURS)?;
        match self.scale {
            Scale::EventsPerHour(events) => within("events per hour", u64::from(events), 1_000_000)?,
            Scale::TinyObjects(objects) => within("tiny objects", u64::from(objects), 10_000_000)?,
            Scale::InflatedBytes(bytes) => {
                if !(10_000..=1 << 40).contains(&bytes) {
                    return Err(SynthError::TargetOutOfRange { bytes });
                }
            }
        }
        // Years 2000 to 2099: what AWS date texts and file names agree on without further thought.
        if !(946_684_800_000..4_070_908_800_000).contains(&self.start_ms) {
            return Err(SynthError::StartOutOfRange { start_ms: self.start_ms });
        }
        let name_fits = (3..=63).contains(&self.bucket.len())
            && self.bucket.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
        if name_fits { Ok(()) } else { Err(SynthError::BucketName { bucket: self.bucket.chars().take(80).collect() }) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn trees_have_the_regions_that_are_expected_of_accounts_by_default() {
        let expected = trailkeep_organization::default_regions("us-east-1".parse().expect("a Region"));
        let expected: BTreeSet<&str> = expected.iter().map(trailkeep_keys::Region::as_str).collect();
        // Which come first is the trees' own affair.
        assert_eq!(REGIONS.into_iter().collect::<BTreeSet<&str>>(), expected);
    }
}
