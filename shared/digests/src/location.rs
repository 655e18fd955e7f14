//! Where Digests stand, under which other name a replicated bucket is known, and what makes a chain.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use trailkeep_keys::{AccountId, FileName, KeyKind, LogKey, OrganizationId, Region};

/// An object's bucket and key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Buckets that hold copies of others: a replica and the bucket that CloudTrail delivers to and signs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketAliases(BTreeMap<String, String>);

impl BucketAliases {
    /// No aliases: every Digest must stand in the bucket that it names.
    pub fn none() -> Self {
        Self::default()
    }

    /// Says that `replica` holds copies of what is in `delivered_to`.
    #[must_use]
    pub fn with(mut self, replica: impl Into<String>, delivered_to: impl Into<String>) -> Self {
        self.0.insert(replica.into(), delivered_to.into());
        self
    }

    /// The bucket that a replica holds copies of.
    pub fn delivered_to(&self, bucket: &str) -> Option<&str> {
        self.0.get(bucket).map(String::as_str)
    }
}

/// What has one chain: the Digests of one trail for one account and Region.
///
/// The home Region keeps trails of one name apart; the organization keeps a member account's own trail from an organization's
/// trail of the same name. Bucket and prefix are no part of it: a trail may be given others, and its chain goes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId {
    /// The organization, for an organization's trail.
    pub organization: Option<OrganizationId>,
    /// The account whose log files are listed.
    pub account: AccountId,
    /// The Region whose log files are listed.
    pub region: Region,
    /// The trail's name.
    pub trail: String,
    /// The Region that the trail was made in.
    pub home_region: Region,
}

impl ChainId {
    /// Whether both are of one trail for one account and Region, as an account's or as an organization's.
    pub fn is_same_trail(&self, other: &Self) -> bool {
        (self.account, self.region, &self.trail, self.home_region) == (other.account, other.region, &other.trail, other.home_region)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organization) = self.organization {
            write!(f, "{organization} ")?;
        }
        write!(f, "{} {} {} of {}", self.account, self.region, self.trail, self.home_region)
    }
}

/// What the key of a Digest says.
#[derive(Debug, Clone)]
pub struct DigestKey {
    /// The chain.
    pub chain: ChainId,
    /// The end of the period, to the second, milliseconds since 1970.
    pub stamp_ms: i64,
    /// Whether it lists what the first Digest of its period missed.
    pub backfill: bool,
    /// The Regions in path and name differ.
    pub(crate) region_differs: bool,
}

impl DigestKey {
    /// Reads a key; none if it is not the key of a Digest.
    pub fn parse(key: &str) -> Option<Self> {
        let Ok(KeyKind::Digest(parsed)) = LogKey::parse(key) else { return None };
        let FileName::Digest { region, trail, home_region, stamp, backfill, .. } = &parsed.name else { return None };
        stamp.second?;
        let chain = ChainId {
            organization: parsed.organization,
            account: parsed.account,
            region: parsed.region,
            trail: trail.clone(),
            home_region: *home_region,
        };
        Some(Self { chain, stamp_ms: stamp.unix_ms(), backfill: *backfill, region_differs: *region != parsed.region })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_trail_named_like_another_with_a_region_is_another_chain() {
        let key = |trail: &str| {
            let folder = "x/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15";
            format!("{folder}/111122223333_CloudTrail-Digest_eu-west-1_{trail}_us-east-1_20260115T010000Z.json.gz")
        };
        let (short, long) = (DigestKey::parse(&key("t1")).unwrap(), DigestKey::parse(&key("t1_us-east-1")).unwrap());
        assert_eq!((short.chain.trail.as_str(), long.chain.trail.as_str()), ("t1", "t1_us-east-1"));
        assert_ne!(short.chain, long.chain);
        assert_eq!(short.stamp_ms, long.stamp_ms);
        assert!(DigestKey::parse(&key("t1").replace("T010000Z", "T0100Z")).is_none(), "a digest's stamp has seconds");
        assert!(DigestKey::parse(&key("t1").replace("CloudTrail-Digest", "CloudTrail")).is_none());
    }
}
