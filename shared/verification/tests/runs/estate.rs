//! An archive in memory: Digests of a chain, the log files that they list, and what was done to them.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_archive::{
    ArchiveDescriptor, BatchId, LedgerKind, LedgerRef, Outcome, SourceKind, SourceRow,
    layout::{self, RawKind},
    write_sources,
};
use trailkeep_keys::{FileName, KeyKind, LogKey};
use trailkeep_pipeline::memory::MemoryBucket;
use trailkeep_records::hash::sha256;
use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Depth, FileOutcome, Options, Verdict, verify_each};

use crate::forge::{ACCOUNT, BUCKET, HOUR, Object, REGION, T0, Trail, usual_keys};

/// What is done in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    DigestDeleted,
    DigestUnsigned,
    LogMissing,
    LogAltered,
    LogForged,
    /// The chain begins anew.
    Restart,
}

/// Something that landed.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) key: String,
    pub(crate) sha256: String,
    pub(crate) revision: u32,
    pub(crate) landed_ms: i64,
    metadata: BTreeMap<String, String>,
    stored: Vec<u8>,
}

/// What is in the archive, before it is written.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    pub(crate) landed: Vec<Landed>,
    pub(crate) digests: Vec<Object>,
}

impl Estate {
    /// A chain with this change in each hour.
    pub(crate) fn of(changes: &[Change]) -> Self {
        let mut estate = Self::default();
        let mut trail = Trail::new();
        for (hour, change) in (0..).zip(changes) {
            if *change == Change::Restart {
                trail.previous = None;
            }
            let mut digest = trail.hour(hour);
            estate.logs(&digest, hour, *change);
            if *change == Change::DigestUnsigned {
                digest.signature = Some("0a".repeat(256));
            }
            estate.digests.push(digest.clone());
            if *change != Change::DigestDeleted {
                estate.digest(&digest, T0 + (hour + 1) * HOUR + 600_000);
            }
        }
        estate
    }

    fn logs(&mut self, digest: &Object, hour: i64, change: Change) {
        let landed_ms = T0 + hour * HOUR + HOUR * 3 / 4;
        let listed: serde_json::Value = serde_json::from_slice(&digest.json).expect("JSON");
        for (index, file) in (0..).zip(listed["logFiles"].as_array().expect("a list")) {
            let text = |name: &str| file[name].as_str().expect("a text").to_owned();
            let (key, mut hash) = (text("s3Object"), text("hashValue"));
            if index == 0 {
                match change {
                    Change::LogMissing => continue,
                    Change::LogAltered => hash = "ab".repeat(32),
                    Change::LogForged => self.log(&key.replace("_abcd", "_zzzz"), &"cd".repeat(32), 1, landed_ms),
                    _ => {}
                }
            }
            self.log(&key, &hash, 1, landed_ms);
        }
    }

    pub(crate) fn log(&mut self, key: &str, sha256: &str, revision: u32, landed_ms: i64) {
        let (key, sha256) = (key.to_owned(), sha256.to_owned());
        self.landed.push(Landed { key, sha256, revision, landed_ms, metadata: BTreeMap::new(), stored: b"stored".to_vec() });
    }

    pub(crate) fn digest(&mut self, digest: &Object, landed_ms: i64) {
        let pairs = [("signature", &digest.signature), ("signature-algorithm", &digest.algorithm)];
        let metadata = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
        let (key, stored) = (digest.key.clone(), digest.stored.clone());
        self.landed.push(Landed { key, sha256: hex::encode(sha256(&digest.json)), revision: 1, landed_ms, metadata, stored });
    }

    /// Writes it: one Batch for each hour in which something landed.
    pub(crate) async fn archive(&self) -> (MemoryBucket, Archive) {
        let bucket = MemoryBucket::new();
        let descriptor = ArchiveDescriptor::new(LedgerRef { kind: LedgerKind::Memory, id: "0f".to_owned() }, T0);
        bucket.insert(layout::ARCHIVE_JSON, descriptor.to_bytes());
        let mut batches: BTreeMap<i64, Vec<&Landed>> = BTreeMap::new();
        for landed in &self.landed {
            batches.entry(landed.landed_ms.div_euclid(HOUR)).or_default().push(landed);
        }
        for (number, landed) in batches {
            let batch = BatchId::new(number * HOUR, number.unsigned_abs());
            let (mut digests, mut logs, mut rows) = (Vec::new(), Vec::new(), Vec::new());
            for one in landed {
                rows.push(row(one, batch, &mut digests, &mut logs));
            }
            bucket.insert(&layout::digests_key(&batch, RawKind::Gz), digests);
            bucket.insert(&layout::raw_key(&"standard".parse().expect("a label"), &batch, RawKind::Gz), logs);
            bucket.insert(&layout::sources_key(&batch), write_sources(&rows).expect("rows can be written"));
        }
        let archive = Archive::open(Arc::new(bucket.clone())).await.expect("an archive");
        (bucket, archive)
    }
}

fn row(landed: &Landed, batch: BatchId, digests: &mut Vec<u8>, logs: &mut Vec<u8>) -> SourceRow {
    let (kind, parsed) = match LogKey::parse(&landed.key).expect("a key of CloudTrail's") {
        KeyKind::Digest(key) => (SourceKind::Digest, key),
        KeyKind::Log(key) => (SourceKind::Log, key),
        other => panic!("{other:?}"),
    };
    let is_digest = matches!(parsed.name, FileName::Digest { .. });
    let (segment, bytes) = if is_digest {
        (layout::digests_key(&batch, RawKind::Gz), digests)
    } else {
        (layout::raw_key(&"standard".parse().expect("a label"), &batch, RawKind::Gz), logs)
    };
    let offset = bytes.len() as u64;
    bytes.extend(&landed.stored);
    SourceRow {
        bucket: BUCKET.to_owned(),
        key: landed.key.clone(),
        version: Some(format!("version {}", landed.revision)),
        etag: None,
        revision: landed.revision,
        kind,
        organization: None,
        account: Some(ACCOUNT.to_owned()),
        region: Some(REGION.to_owned()),
        delivered_at: parsed.delivered_ms(),
        modified_at: None,
        content_type: None,
        content_encoding: None,
        metadata: landed.metadata.clone(),
        stored_bytes: landed.stored.len() as u64,
        inflated_bytes: Some(1),
        stored_sha256: hex::encode(sha256(&landed.stored)),
        inflated_sha256: Some(landed.sha256.clone()),
        outcome: if is_digest { Outcome::Kept } else { Outcome::Landed },
        reason: None,
        flags: Vec::new(),
        records: 0,
        landed: 0,
        duplicates: 0,
        quarantined: 0,
        first_event_at: None,
        last_event_at: None,
        segment,
        segment_version: None,
        segment_checksum: None,
        segment_offset: offset,
        segment_length: landed.stored.len() as u64,
        batch,
        landed_at: landed.landed_ms,
    }
}

/// The verdict, and what came of each file.
pub(crate) async fn run(archive: &Archive, asked: &Asked) -> (Verdict, Vec<FileOutcome>) {
    let options = Options { depth: Depth::Hashes, findings_kept: 1_000, progress: &|_| {} };
    let mut files = Vec::new();
    let verdict = verify_each(archive, &usual_keys(), asked, options, &mut |file| files.push(file)).await.expect("a verdict");
    files.sort_by(|a, b| (&a.key, a.revision).cmp(&(&b.key, b.revision)));
    (verdict, files)
}

/// Hours after the beginning as a time.
pub(crate) fn at(hours: i64) -> i64 {
    T0 + hours * HOUR
}
