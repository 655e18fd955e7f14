//! What an investigator needs about log files that are not verified: gathered by a second look at the Digests and rows of `sources/` that findings
//! point to.

use std::collections::HashMap;

use trailkeep_archive::SourceRow;
use trailkeep_audit::completeness::{FileId, Finding as JoinFinding, FindingKind};
use trailkeep_records::time::to_rfc3339;

use crate::{
    chains::Signed,
    digests::{DigestRow, Events},
    sources::Files,
    verdict::{Evidence, Finding},
};

/// Most revisions and Digests that one finding tells of.
const MAX_TOLD: usize = 4;

/// What was found in the second look.
#[derive(Debug, Default)]
pub(crate) struct SecondLook {
    /// Rows of files, each with the number of its `sources/` file.
    landed: HashMap<FileId, Vec<(usize, SourceRow)>>,
    /// Events of the Digests that list files, by their rows.
    events: HashMap<usize, Events>,
}

impl SecondLook {
    pub(crate) fn landed(&mut self, id: FileId, file: usize, row: SourceRow) {
        let rows = self.landed.entry(id).or_default();
        if rows.len() < MAX_TOLD {
            rows.push((file, row));
            rows.sort_by_key(|(_, row)| (row.revision, row.batch));
        }
    }

    pub(crate) fn listed(&mut self, digest: usize, events: Events) {
        self.events.insert(digest, events);
    }

    /// The finding, as it is told; without `files` in a log bucket.
    pub(crate) fn told(&self, finding: &JoinFinding, rows: &[DigestRow], verified: &[Option<Signed>], files: Option<&Files>) -> Finding {
        let mut evidence = self.listing(finding, rows, verified);
        for (file, row) in self.landed.get(&finding.id).into_iter().flatten() {
            // Of several revisions the first tells where it lies.
            let mut add = |name, value: Option<String>| {
                if let Some(value) = value {
                    evidence.entry(name).or_insert(value);
                }
            };
            add("landed_in", files.and_then(|files| files.key(*file)).map(str::to_owned));
            add("landed_batch", files.and_then(|files| files.batch(*file)).map(|batch| batch.to_string()));
            add("landed_at", to_rfc3339(row.landed_at));
            add("landed_sha256", row.inflated_sha256.clone());
            add("landed_version", row.version.clone());
            add("segment", Some(row.segment.clone()));
            add("segment_range", Some(format!("{}+{}", row.segment_offset, row.segment_length)));
            if let Some(reason) = &row.reason {
                add("quarantined_for", Some(reason.clone()));
            }
            if row.revision > 1 {
                add("later_revision", Some(row.revision.to_string()));
                add("later_sha256", row.inflated_sha256.clone());
                add("later_landed_at", to_rfc3339(row.landed_at));
                add("later_landed_in", files.and_then(|files| files.key(*file)).map(str::to_owned));
            }
        }
        Finding {
            name: finding.kind.name(),
            account: Some(finding.place.account.to_string()),
            region: Some(finding.place.region.to_string()),
            bucket: finding.name.as_ref().map(|name| name.bucket.clone()),
            key: finding.name.as_ref().map(|name| name.key.clone()),
            provisional: finding.kind == FindingKind::MissingWithinGrace,
            detail: detail(finding),
            evidence,
            ..Finding::default()
        }
    }

    /// What the earliest Digest says that lists the file.
    fn listing(&self, finding: &JoinFinding, rows: &[DigestRow], verified: &[Option<Signed>]) -> Evidence {
        let mut evidence = Evidence::new();
        let Some(listed) = finding.listed.iter().min_by_key(|listed| listed.digest_end_ms) else { return evidence };
        let digest = listed.digest as usize;
        evidence.insert("listed_sha256", listed.hash.to_string());
        if let Some(row) = rows.get(digest) {
            evidence.insert("listed_by", row.key.to_string());
            evidence.insert("digest_bucket", row.bucket.to_string());
        }
        let times = |from_ms: Option<i64>| from_ms.and_then(to_rfc3339);
        let signed = verified.get(digest).copied().flatten();
        let fingerprint = signed.and_then(|signed| signed.fingerprint).map(|fingerprint| fingerprint.to_string());
        let events = self.events.get(&digest).copied().unwrap_or_default();
        let told = [
            ("digest_signed_by", fingerprint),
            ("digest_from", times(signed.map(|signed| signed.start_ms))),
            ("digest_to", times(signed.map(|signed| signed.end_ms))),
            ("digest_oldest_event", times(events.oldest_ms)),
            ("digest_newest_event", times(events.newest_ms)),
        ];
        evidence.extend(told.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if finding.listed.len() > 1 {
            let others = finding.listed.iter().filter(|other| other.digest != listed.digest).take(MAX_TOLD);
            let others = others.filter_map(|other| Some(format!("{} {}", other.hash, rows.get(other.digest as usize)?.key)));
            evidence.insert("also_listed_as", others.collect::<Vec<_>>().join(", "));
        }
        evidence
    }
}

fn detail(finding: &JoinFinding) -> String {
    let detail = match finding.kind {
        FindingKind::Missing => "a verified Digest lists it, and it has not landed in 30 days",
        FindingKind::MissingWithinGrace => "a verified Digest lists it, and it has not landed yet",
        FindingKind::Altered => "a verified Digest lists it with another hash",
        FindingKind::ListedDifferently => "verified Digests list it with different hashes",
        FindingKind::Quarantined => "it landed as it is listed, and nothing of it could be read",
        FindingKind::Unlisted => "it landed, and no verified Digest of its time lists it: someone put it there",
        FindingKind::RevisionDiffers => "other content landed later under its key",
    };
    let hashes = finding.listed.iter().map(|listed| format!("listed as {}", listed.hash));
    let landed = finding.landed.iter().filter_map(|landed| Some(format!("revision {} landed as {}", landed.revision, landed.hash?)));
    let all: Vec<String> = std::iter::once(detail.to_owned()).chain(hashes).chain(landed).collect();
    all.join("; ")
}
