//! What was signed, for people and programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trailkeep_digests::{Fingerprint, Period, write::Listed};
use trailkeep_keys::{AccountId, Region};

use super::{Write, destination::Out, files::LeftOut};
use crate::figures::{grouped, many, moment};

/// Files that are named one by one; all are counted.
const NAMED: usize = 20;
/// Stretches that are told one by one to a person.
const SHOWN: usize = 40;

/// What a run came to.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    dry_run: bool,
    trail: String,
    to: String,
    /// MD5 of the public key.
    fingerprint: String,
    /// Whether what CloudTrail signed was verified; otherwise each of its Digests that is there counted as signing its hour.
    cloudtrail_verified: bool,
    digests: u64,
    written: u64,
    already_there: u64,
    log_files: u64,
    /// Files with revisions of other content: the newest is listed, as `raw --all` gives it back.
    pub(super) revised: u64,
    /// Files that could not be listed, by reason.
    pub(super) left_out: BTreeMap<&'static str, u64>,
    left_out_keys: Vec<String>,
    stretches: Vec<Stretch>,
    #[serde(skip)]
    pub(super) buckets: BTreeSet<String>,
}

/// A stretch that was signed: one chain from a starting Digest on.
#[derive(Debug, Serialize)]
struct Stretch {
    account: String,
    region: String,
    from: String,
    to: String,
    digests: u64,
    log_files: u64,
    #[serde(skip)]
    place: (AccountId, Region),
    #[serde(skip)]
    to_ms: i64,
}

impl Summary {
    pub(super) fn new(write: &Write, out: &Out, cloudtrail_verified: bool, fingerprint: Fingerprint) -> Self {
        Self {
            dry_run: write.dry_run,
            trail: write.trail.clone(),
            to: out.shown(),
            fingerprint: fingerprint.to_string(),
            cloudtrail_verified,
            digests: 0,
            written: 0,
            already_there: 0,
            log_files: 0,
            revised: 0,
            left_out: BTreeMap::new(),
            left_out_keys: Vec::new(),
            stretches: Vec::new(),
            buckets: BTreeSet::new(),
        }
    }

    /// Adds the chain of a place.
    pub(super) fn add(
        &mut self,
        place: (AccountId, Region),
        hours: &[Period],
        listed: &[Vec<Listed>],
        (written, already_there): (u64, u64),
    ) {
        self.written += written;
        self.already_there += already_there;
        for (hour, files) in hours.iter().zip(listed) {
            self.digests += 1;
            self.log_files += files.len() as u64;
            match self.stretches.last_mut() {
                Some(last) if last.place == place && last.to_ms == hour.from_ms => {
                    last.to_ms = hour.to_ms;
                    last.to = moment(hour.to_ms);
                    last.digests += 1;
                    last.log_files += files.len() as u64;
                }
                _ => self.stretches.push(Stretch {
                    account: place.0.to_string(),
                    region: place.1.to_string(),
                    from: moment(hour.from_ms),
                    to: moment(hour.to_ms),
                    digests: 1,
                    log_files: files.len() as u64,
                    place,
                    to_ms: hour.to_ms,
                }),
            }
        }
    }

    pub(super) fn leave_out(&mut self, key: String, reason: LeftOut) {
        *self.left_out.entry(reason.name()).or_default() += 1;
        if self.left_out_keys.len() < NAMED {
            self.left_out_keys.push(key);
        }
    }

    /// Where digests are.
    pub(super) fn regions(&self) -> BTreeSet<Region> {
        self.stretches.iter().map(|stretch| stretch.place.1).collect()
    }

    /// For a person.
    pub(super) fn told(&self) -> String {
        let (digests, files) = (many(self.digests, "digest", "digests"), many(self.log_files, "log file", "log files"));
        let mut lines = if self.dry_run {
            vec![format!("Would sign {digests} of trail {} in {}, listing {files}. Nothing was written.", self.trail, self.to)]
        } else {
            vec![format!(
                "Signed {digests} of trail {} in {}, listing {files}: {} written, {} there already.",
                self.trail,
                self.to,
                grouped(self.written),
                grouped(self.already_there)
            )]
        };
        lines.push(format!("These are your signatures, not CloudTrail's. The key's fingerprint: {}", self.fingerprint));
        lines.push(if self.cloudtrail_verified {
            "Left out: the time that verified digests of CloudTrail prove.".to_owned()
        } else {
            "Without CloudTrail's public keys none of its digests could be verified: left out is the hour before each one that is there."
                .to_owned()
        });
        if self.digests == 0 {
            lines.push("There is nothing to sign: no log file was delivered in time that CloudTrail did not sign.".to_owned());
        }
        for stretch in self.stretches.iter().take(SHOWN) {
            let Stretch { account, region, from, to, digests, log_files, .. } = stretch;
            let (digests, files) = (many(*digests, "digest", "digests"), many(*log_files, "log file", "log files"));
            lines.push(format!("  {account} {region}  {from} to {to}  {digests}, {files}"));
        }
        if self.stretches.len() > SHOWN {
            lines.push(format!(
                "  and {} more; --output json names all",
                many((self.stretches.len() - SHOWN) as u64, "stretch", "stretches")
            ));
        }
        if self.revised > 0 {
            let files = many(self.revised, "file has", "files have");
            lines.push(format!("{files} revisions of other content: the newest is listed, as raw --all gives it back."));
        }
        for (reason, count) in &self.left_out {
            lines.push(format!("NOT LISTED, {reason}: {}", many(*count, "file", "files")));
        }
        lines.extend(self.left_out_keys.iter().map(|key| format!("  {key}")));
        lines.join("\n") + "\n"
    }
}
