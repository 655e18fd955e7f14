//! A world of five sources, one archive, one ledger and, in some, a topic; a worker that lands what is delivered, and the count of what is visible.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use trailkeep_archive::{
    BatchId, Category, ClassLabel, LandedObject, ManifestSource, Outcome, Partition, SourceKind, SourceRow,
    layout::{self, RawKind},
    read_sources, write_sources,
};

use super::{
    super::{Admission, LEASE, Manifest, Moment, OpenBatch, Protocol, ProtocolError},
    counted::{CountedAnnouncer, CountedBucket, CountedLedger, Fate},
};
use crate::{
    archive_guard,
    memory::{MemoryAnnouncer, MemoryBucket, MemoryLedger},
    ports::{
        bucket::{PutPolicy, StagedUpload},
        ledger::{SourceId, WorkerId},
    },
};

pub(super) const SOURCES: u8 = 5;
/// Sources that a worker puts into one Batch.
const BATCH: usize = 3;
const EPOCH_MS: i64 = 1_760_000_000_000;

/// What outlives every worker: the archive, the ledger, the topic.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) bucket: MemoryBucket,
    pub(super) ledger: MemoryLedger,
    /// `None` = nobody is told.
    pub(super) topic: Option<MemoryAnnouncer>,
}

/// What a world is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The ledger knows what landed, as SQLite's does.
    pub(super) keeps_landed: bool,
    /// There is a topic.
    pub(super) announces: bool,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [
        Self { keeps_landed: true, announces: false },
        Self { keeps_landed: true, announces: true },
        Self { keeps_landed: false, announces: false },
        Self { keeps_landed: false, announces: true },
    ];
}

/// A worker's life.
pub(super) struct Worker {
    name: &'static str,
    pub(super) protocol: Protocol,
    batches: u64,
}

pub(super) fn source(number: u8) -> SourceId {
    SourceId::new("example-logs", format!("AWSLogs/111122223333/CloudTrail/{number}.json.gz"))
}

pub(super) fn all_sources() -> Vec<SourceId> {
    (0..SOURCES).map(source).collect()
}

/// `leases` lease lengths after the beginning.
pub(super) fn after(leases: u64) -> Moment {
    let passed = leases * (LEASE.as_millis() as u64 + 1);
    Moment { unix_ms: EPOCH_MS + passed as i64, monotonic_ms: passed }
}

impl World {
    /// A joined archive without a topic; `keeps_landed` = the ledger knows what landed, as SQLite's does.
    pub(super) async fn new(keeps_landed: bool) -> Self {
        Self::of(Kind { keeps_landed, announces: false }).await
    }

    /// A joined archive.
    pub(super) async fn of(kind: Kind) -> Self {
        let ledger = MemoryLedger::new("ledger");
        let ledger = if kind.keeps_landed { ledger } else { ledger.without_landed() };
        let world = Self { bucket: MemoryBucket::named("audit"), ledger, topic: kind.announces.then(MemoryAnnouncer::new) };
        archive_guard::join(&world.bucket, &world.ledger, EPOCH_MS).await.unwrap();
        world
    }

    /// A worker that lives as `fate` has it.
    pub(super) fn worker(&self, name: &'static str, fate: &Arc<Fate>) -> Worker {
        let ledger = Arc::new(CountedLedger(self.ledger.clone(), Arc::clone(fate)));
        let bucket = Arc::new(CountedBucket(self.bucket.clone(), Arc::clone(fate)));
        let mut protocol = Protocol::new(ledger, bucket, 1, LEASE);
        if let Some(topic) = &self.topic {
            protocol = protocol.with_announcer(Arc::new(CountedAnnouncer(topic.clone(), Arc::clone(fate))));
        }
        Worker { name, protocol, batches: 0 }
    }

    /// How often each source is visible: in `raw/`, in `events/`, and in `sources/`.
    pub(super) fn visible(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut visible: BTreeMap<&'static str, Vec<String>> = BTreeMap::from([("raw", vec![]), ("events", vec![]), ("sources", vec![])]);
        for (key, object) in self.bucket.objects() {
            if key.starts_with(layout::SOURCES) {
                let rows = read_sources(object.body, 1 << 20).unwrap();
                visible.get_mut("sources").unwrap().extend(rows.into_iter().map(|row| row.key));
            } else if let Some(kind) = ["raw", "events"].into_iter().find(|kind| key.starts_with(&format!("{kind}/"))) {
                let text = String::from_utf8(object.body.to_vec()).unwrap();
                visible.get_mut(kind).unwrap().extend(text.lines().map(str::to_owned));
            }
        }
        for keys in visible.values_mut() {
            keys.sort();
        }
        visible
    }

    /// Where there is a topic: it was told of each visible object below `events/`, with its Batch, and of nothing that is not there.
    pub(super) fn assert_all_announced(&self, case: &str) {
        let Some(topic) = &self.topic else { return };
        let keys = self.bucket.objects().into_keys().filter(|key| key.starts_with(layout::EVENTS));
        let visible: BTreeSet<String> = keys.collect();
        let announced = topic.announced();
        assert!(announced.iter().all(|told| told.object.key.contains(&told.batch.to_string())), "{case}");
        let told: BTreeSet<String> = announced.into_iter().map(|told| told.object.key).collect();
        assert_eq!(told, visible, "announced after: {case}");
    }

    /// Invariants 1, 2 and 4: each source exactly once, everywhere.
    pub(super) fn assert_all_landed_once(&self, case: &str) {
        let expected: Vec<String> = all_sources().iter().map(|source| source.key().to_owned()).collect();
        for (prefix, keys) in self.visible() {
            assert_eq!(keys, expected, "{prefix}/ after: {case}");
        }
    }

    /// Invariant 4: what `sources/` shows is complete in `raw/` and `events/`, and nothing shows twice.
    pub(super) fn assert_no_half(&self, case: &str) {
        let visible = self.visible();
        for (prefix, keys) in &visible {
            let distinct: BTreeSet<_> = keys.iter().collect();
            assert_eq!(distinct.len(), keys.len(), "{prefix}/ shows something twice: {case}");
        }
        for key in &visible["sources"] {
            assert!(visible["raw"].contains(key) && visible["events"].contains(key), "{key} is marked landed and is not there: {case}");
        }
    }
}

impl Worker {
    /// One round over all that is delivered: recover, then Batch by Batch. Answers what must be delivered again.
    pub(super) async fn round(&mut self, delivered: &[SourceId], now: Moment) -> Result<Vec<SourceId>, ProtocolError> {
        self.protocol.recover(now).await?;
        let mut again = Vec::new();
        for some in delivered.chunks(BATCH) {
            let open = self.open(now).await?;
            let landing = self.land(&open, some, now).await;
            match landing {
                Ok(held) => again.extend(held),
                Err((error, staged)) => {
                    self.protocol.abort(&open, &staged).await?;
                    return Err(error);
                }
            }
        }
        Ok(again)
    }

    /// Rounds until nothing is left, each a lease later than the one before, as redelivery would have it.
    pub(super) async fn until_quiet(&mut self, mut delivered: Vec<SourceId>, mut leases: u64) {
        for _ in 0..8 {
            if let Ok(again) = self.round(&delivered, after(leases)).await {
                delivered = again;
            }
            if delivered.is_empty() {
                return;
            }
            leases += 1;
        }
        panic!("still not quiet: {delivered:?}");
    }

    pub(super) async fn open(&mut self, now: Moment) -> Result<OpenBatch, ProtocolError> {
        self.batches += 1;
        let random = u64::from_be_bytes(Sha256::digest(format!("{} {}", self.name, self.batches))[..8].try_into().unwrap());
        self.protocol.open(BatchId::new(now.unix_ms, random), WorkerId::new(self.name, 0), now).await
    }

    /// Admits and lands; answers what is held elsewhere, or the error with what was staged.
    async fn land(&self, open: &OpenBatch, sources: &[SourceId], now: Moment) -> Result<Vec<SourceId>, (ProtocolError, Vec<StagedUpload>)> {
        let admissions = self.protocol.admit(open, sources, now).await.map_err(|error| (error, vec![]))?;
        let pick = |wanted: fn(&Admission) -> bool| -> Vec<SourceId> {
            sources.iter().zip(&admissions).filter(|(_, admission)| wanted(admission)).map(|(source, _)| source.clone()).collect()
        };
        let ours = pick(|admission| matches!(admission, Admission::Admitted));
        let held = pick(|admission| matches!(admission, Admission::Held { .. }));
        if ours.is_empty() {
            self.protocol.abort(open, &[]).await.map_err(|error| (error, vec![]))?;
            return Ok(held);
        }
        let mut staged = Vec::new();
        for (key, body) in objects(open, &ours) {
            let upload = self.stage(&key, &body).await.map_err(|error| (error, staged.clone()))?;
            staged.push(upload);
        }
        let manifest = manifest(open, &ours, staged.clone());
        self.protocol.commit_and_publish(open, &manifest, now).await.map_err(|error| (error, staged))?;
        Ok(held)
    }

    pub(super) async fn stage(&self, key: &str, body: &[u8]) -> Result<StagedUpload, ProtocolError> {
        let mut writer = self.protocol.bucket().stage(key, &PutPolicy::default()).await?;
        writer.write(body).await?;
        Ok(writer.finish().await?)
    }
}

pub(super) fn manifest(open: &OpenBatch, sources: &[SourceId], uploads: Vec<StagedUpload>) -> Manifest {
    let sources = sources.iter().map(|source| ManifestSource {
        bucket: source.bucket().to_owned(),
        key: source.key().to_owned(),
        version: None,
        etag: None,
        stored_bytes: 7,
        stored_sha256: "07".repeat(32),
        revision: source.revision(),
        outcome: "landed".to_owned(),
    });
    let landed = uploads.iter().filter(|upload| upload.key.starts_with(layout::EVENTS)).map(landed_object).collect();
    let manifest = Manifest::new(open.batch, open.epoch, sources.collect(), uploads, |upload| &upload.key);
    Manifest { landed, ..manifest }
}

fn landed_object(upload: &StagedUpload) -> LandedObject {
    LandedObject {
        key: upload.key.clone(),
        category: Category::Management,
        event_day: 20_251_009,
        accounts: vec!["111122223333".to_owned()],
        account_count: 1,
        regions: vec![],
        first_event_ms: None,
        last_event_ms: None,
        records: 1,
        bytes: upload.size_bytes,
    }
}

/// What a Batch lands: keys as lines, so that they can be counted.
pub(super) fn objects(open: &OpenBatch, sources: &[SourceId]) -> Vec<(String, Bytes)> {
    let batch = &open.batch;
    let lines: String = sources.iter().flat_map(|source| [source.key(), "\n"]).collect();
    let rows: Vec<SourceRow> = sources.iter().map(|source| row(source, batch)).collect();
    let partition = Partition { category: Category::Management, eventday: 20_251_009 };
    vec![
        (layout::events_key(&partition, batch), Bytes::from(lines.clone())),
        (layout::sources_key(batch), Bytes::from(write_sources(&rows).unwrap())),
        (layout::raw_key(&ClassLabel::default(), batch, RawKind::Gz), Bytes::from(lines)),
    ]
}

fn row(source: &SourceId, batch: &BatchId) -> SourceRow {
    SourceRow {
        bucket: source.bucket().to_owned(),
        key: source.key().to_owned(),
        version: None,
        etag: None,
        revision: source.revision(),
        kind: SourceKind::Log,
        organization: None,
        account: Some("111122223333".to_owned()),
        region: None,
        delivered_at: None,
        modified_at: None,
        content_type: None,
        content_encoding: None,
        metadata: BTreeMap::new(),
        stored_bytes: 7,
        inflated_bytes: Some(9),
        stored_sha256: "07".repeat(32),
        inflated_sha256: None,
        outcome: Outcome::Landed,
        reason: None,
        flags: vec![],
        records: 1,
        landed: 1,
        duplicates: 0,
        quarantined: 0,
        first_event_at: None,
        last_event_at: None,
        segment: layout::raw_key(&ClassLabel::default(), batch, RawKind::Gz),
        segment_version: None,
        segment_checksum: None,
        segment_offset: 0,
        segment_length: 7,
        batch: *batch,
        landed_at: EPOCH_MS,
    }
}
