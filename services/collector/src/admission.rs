//! Who is let in. A queue is an input that others can write to: only configured buckets, organizations and accounts are landed, anything else is
//! rejected. What configuration leaves out on purpose (accounts, Regions) is filtered, which is no fault of the message.

use std::collections::BTreeSet;

use trailkeep_keys::{KeyKind, LogKey, classify};
use trailkeep_pipeline::batch::Kind;

/// Which objects of the configured buckets are landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdmissionRules {
    /// Organizations whose trails are landed (`o-…`).
    pub organizations: BTreeSet<String>,
    /// Accounts whose own trails are landed, besides those of the organizations. With neither organizations nor accounts, all that the
    /// buckets hold is landed.
    pub accounts: BTreeSet<String>,
    /// Left out on purpose: only these accounts; empty = all.
    pub only_accounts: BTreeSet<String>,
    /// Left out on purpose: these accounts.
    pub without_accounts: BTreeSet<String>,
    /// Left out on purpose: only these Regions; empty = all.
    pub only_regions: BTreeSet<String>,
    /// Left out on purpose: these Regions.
    pub without_regions: BTreeSet<String>,
}

/// What an object's key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is landed.
    Land {
        /// LogObject or Digest.
        kind: Kind,
        /// The day of its delivery, as its key states it, `yyyymmdd`.
        day: u32,
    },
    /// Not CloudTrail's, and no fault: another service's file, a folder marker.
    Ignore(&'static str),
    /// Not CloudTrail's, though it stands where CloudTrail writes: written down, not landed.
    Note(&'static str),
    /// Left out on purpose.
    Filter(&'static str),
    /// It must not be here.
    Reject(&'static str),
}

impl AdmissionRules {
    /// Judges a key of a configured bucket.
    pub fn judge(&self, key: &str, size_bytes: Option<u64>) -> Judgement {
        match classify(key, size_bytes) {
            KeyKind::Log(key) => self.judge_key(&key, Kind::Log),
            KeyKind::Digest(key) => self.judge_key(&key, Kind::Digest),
            KeyKind::OtherService { .. } => Judgement::Ignore("other_service"),
            KeyKind::FolderMarker => Judgement::Ignore("folder_marker"),
            KeyKind::Unrecognised { reason } => Judgement::Note(reason),
        }
    }

    fn judge_key(&self, key: &LogKey, kind: Kind) -> Judgement {
        let account = key.account.to_string();
        if !self.admits(key, &account) {
            let known = key.organization.is_none() || self.organizations.is_empty();
            return Judgement::Reject(if known { "account_not_configured" } else { "organization_not_configured" });
        }
        let region = key.region.to_string();
        if self.without_accounts.contains(&account) || leaves_out(&self.only_accounts, &account) {
            return Judgement::Filter("account");
        }
        if self.without_regions.contains(&region) || leaves_out(&self.only_regions, &region) {
            return Judgement::Filter("region");
        }
        Judgement::Land { kind, day: key.delivery_day }
    }

    fn admits(&self, key: &LogKey, account: &str) -> bool {
        if self.organizations.is_empty() && self.accounts.is_empty() {
            return true;
        }
        let organization = key.organization.as_ref().map(ToString::to_string);
        organization.is_some_and(|organization| self.organizations.contains(&organization)) || self.accounts.contains(account)
    }
}

fn leaves_out(only: &BTreeSet<String>, one: &str) -> bool {
    !only.is_empty() && !only.contains(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str = "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-central-1/2026/08/22/111122223333_CloudTrail_eu-central-1_20260822T0005Z_abcdefGHIJ012345.json.gz";
    const OWN: &str = "AWSLogs/444455556666/CloudTrail/eu-central-1/2026/08/22/444455556666_CloudTrail_eu-central-1_20260822T0005Z_abcdefGHIJ012345.json.gz";

    const LANDED: Judgement = Judgement::Land { kind: Kind::Log, day: 20_260_822 };

    fn set(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_organizations_and_accounts_the_bucket_decides() {
        let rules = AdmissionRules::default();
        assert_eq!(rules.judge(MEMBER, Some(9)), LANDED);
        assert_eq!(rules.judge(OWN, None), LANDED);
    }

    #[test]
    fn other_organizations_and_accounts_are_rejected() {
        let rules = AdmissionRules { organizations: set(&["o-a1b2c3d4e5"]), ..AdmissionRules::default() };
        assert_eq!(rules.judge(MEMBER, None), LANDED);
        assert_eq!(rules.judge(OWN, None), Judgement::Reject("account_not_configured"));
        let other = MEMBER.replace("o-a1b2c3d4e5", "o-zzzzzzzzzz");
        assert_eq!(rules.judge(&other, None), Judgement::Reject("organization_not_configured"));
        let both = AdmissionRules { accounts: set(&["444455556666"]), ..rules };
        assert_eq!(both.judge(OWN, None), LANDED);
    }

    #[test]
    fn what_is_left_out_on_purpose_is_filtered() {
        let rules =
            AdmissionRules { without_accounts: set(&["111122223333"]), only_regions: set(&["us-east-1"]), ..AdmissionRules::default() };
        assert_eq!(rules.judge(MEMBER, None), Judgement::Filter("account"));
        assert_eq!(rules.judge(OWN, None), Judgement::Filter("region"));
    }

    #[test]
    fn other_files_are_told_apart() {
        let rules = AdmissionRules::default();
        let config = "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile";
        assert_eq!(rules.judge(config, Some(0)), Judgement::Ignore("other_service"));
        assert_eq!(rules.judge("AWSLogs/111122223333/", None), Judgement::Ignore("folder_marker"));
        assert_eq!(rules.judge(MEMBER, Some(0)), Judgement::Note("zero_size"));
        assert!(matches!(rules.judge("notes.txt", None), Judgement::Note(_)));
    }
}
