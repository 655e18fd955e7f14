//! What the auditor is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use trailkeep_keys::Region;
use trailkeep_pipeline::{
    batch::Retention,
    ports::bucket::{LockMode, PutPolicy},
};

/// One day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What the auditor is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// From the beginning of one round to that of the next.
    pub every: Duration,
    /// How long the lease's counter must stand still before another auditor takes over.
    pub lease: Duration,
    /// After a message about Digests, how long others are waited for before a round begins.
    pub settle: Duration,
    /// From the beginning of one round to that of one that Digests wake, at least.
    pub distance: Duration,
    /// Replica and origin: as the collector's.
    pub aliases: BTreeMap<String, String>,
    /// Regions that are expected of every account; empty: those that are on by default in the partition.
    pub assume_regions: Vec<Region>,
    /// What the collector leaves out is not asked of it.
    pub admission: Admission,
    /// What attestations and messages call the archive; none: attestations as the newest one does, messages and the first attestation by its address.
    pub archive_name: Option<String>,
    /// Which part of a day's files is read again for its attestation, from 0 to 1.
    pub sample: f64,
    /// The lock of what is written; none: the bucket's own rule.
    pub retention: Option<Retention>,
    /// There is no organization to ask: accounts are those that are kept or were seen, and that is no finding.
    pub without_organization: bool,
    /// Bounds.
    pub bounds: Bounds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_hours(1),
            lease: Duration::from_mins(1),
            settle: Duration::from_mins(2),
            distance: Duration::from_mins(10),
            aliases: BTreeMap::new(),
            assume_regions: Vec::new(),
            admission: Admission::default(),
            archive_name: None,
            sample: 0.001,
            retention: None,
            without_organization: false,
            bounds: Bounds::default(),
        }
    }
}

impl Settings {
    /// How something is written now that is never written again: locked, and only if nothing is there.
    pub fn policy(&self, content_type: &str, now_ms: i64) -> PutPolicy {
        PutPolicy { lock: self.lock(now_ms), content_type: Some(content_type.to_owned()), if_absent: true, ..PutPolicy::default() }
    }

    /// The lock of what is written now.
    pub fn lock(&self, now_ms: i64) -> Option<(LockMode, i64)> {
        self.retention.map(|retention| (retention.mode, now_ms.saturating_add(i64::from(retention.days).saturating_mul(DAY_MS))))
    }

    /// The bucket that notifications name: the replica where there is one, since the collector reads there.
    pub fn replica_of<'a>(&'a self, origin: &'a str) -> &'a str {
        self.aliases.iter().find(|(_, of)| *of == origin).map_or(origin, |(replica, _)| replica)
    }
}

/// What the collector leaves out on purpose; the same options as its.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// Only these accounts; empty: all.
    pub only_accounts: BTreeSet<String>,
    /// Not these accounts.
    pub without_accounts: BTreeSet<String>,
    /// Only these Regions; empty: all.
    pub only_regions: BTreeSet<String>,
    /// Not these Regions.
    pub without_regions: BTreeSet<String>,
}

impl Admission {
    /// Whether the collector would land what this account delivers in this Region.
    pub fn admits(&self, account: &str, region: &str) -> bool {
        let within = |only: &BTreeSet<String>, without: &BTreeSet<String>, name: &str| {
            (only.is_empty() || only.contains(name)) && !without.contains(name)
        };
        within(&self.only_accounts, &self.without_accounts, account) && within(&self.only_regions, &self.without_regions, region)
    }
}

/// Bounds of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Objects that the collector is asked for.
    pub notifications: usize,
    /// Changes of one name and state that are told one by one; more are told as one message with their count.
    pub messages_per_name: usize,
    /// Findings of a verification that are looked at one by one; all are counted.
    pub findings: usize,
    /// Bytes of a note that findings may fill; the ledger takes 350 KiB.
    pub note_bytes: usize,
    /// Objects of the log bucket that are asked for one by one.
    pub looks: usize,
    /// Folders of silent hours that are listed.
    pub folders: usize,
    /// Attestations that are made.
    pub attestations: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            notifications: 10_000,
            messages_per_name: 100,
            findings: 100_000,
            note_bytes: 340 << 10,
            looks: 1_000,
            folders: 1_000,
            attestations: 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_locked_for_so_many_days_from_now() {
        let settings = Settings { retention: Some(Retention { mode: LockMode::Compliance, days: 2 }), ..Settings::default() };
        assert_eq!(settings.lock(5), Some((LockMode::Compliance, 2 * DAY_MS + 5)));
        assert!(settings.policy("application/json", 5).if_absent);
        assert_eq!(Settings::default().lock(5), None);
    }

    #[test]
    fn notifications_name_the_replica() {
        let settings = Settings { aliases: BTreeMap::from([("copy".to_owned(), "logs".to_owned())]), ..Settings::default() };
        assert_eq!((settings.replica_of("logs"), settings.replica_of("others")), ("copy", "others"));
    }

    #[test]
    fn what_the_collector_leaves_out_is_known() {
        let set = |name: &str| BTreeSet::from([name.to_owned()]);
        let admission = Admission { without_accounts: set("1"), only_regions: set("eu-west-1"), ..Admission::default() };
        assert!(admission.admits("2", "eu-west-1"));
        assert!(!admission.admits("1", "eu-west-1") && !admission.admits("2", "us-east-1"));
        assert!(Admission::default().admits("1", "us-east-1"));
    }
}
