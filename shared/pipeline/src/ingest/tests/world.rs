//! A trail in a bucket in memory, an archive, a ledger, and the count of what is visible.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use trailkeep_archive::{ArchiveDescriptor, QuarantineRow, SourceRow, layout, read_quarantine, read_sources};

use super::super::{
    BatchLimits, EncodingConfig, IngestConfig, IngestError, IngestPorts, IngestSummary, OriginConfig, Shutdown, Silent, Surroundings,
    ingest,
};
use crate::{
    archive_guard,
    memory::{MemoryBucket, MemoryLedger},
    ports::bucket::LogBucket,
    protocol::{LEASE, Moment, Protocol},
};

/// Caps the tables that are read back, in decoded bytes.
const CAP: u64 = 64 << 20;
const BEGAN_MS: i64 = 1_768_500_000_000;

/// A clock that stands still unless told, and numbers in a row.
#[derive(Debug, Default)]
pub(super) struct Standing {
    monotonic_ms: AtomicU64,
    drawn: AtomicU64,
}

impl Surroundings for Standing {
    fn now(&self) -> Moment {
        let passed = self.monotonic_ms.load(Ordering::Relaxed);
        Moment { unix_ms: BEGAN_MS + passed as i64, monotonic_ms: passed }
    }

    fn random(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Everything that outlives a run.
pub(super) struct World {
    pub(super) origin: MemoryBucket,
    pub(super) audit: MemoryBucket,
    pub(super) ledger: MemoryLedger,
    pub(super) surroundings: Arc<Standing>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A copied tree (`named` = none) or a bucket, empty, with an empty archive.
    pub(super) fn new(named: Option<&str>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let origin = named.map_or_else(MemoryBucket::new, MemoryBucket::named);
        Self { origin, audit: MemoryBucket::new(), ledger: MemoryLedger::new("ledger"), surroundings: Arc::default(), runtime }
    }

    /// An empty copied tree beside this world's archive and ledger.
    pub(super) fn with_copied_tree(&self) -> Self {
        Self { audit: self.audit.clone(), ledger: self.ledger.clone(), surroundings: Arc::clone(&self.surroundings), ..Self::new(None) }
    }

    /// A bucket with `objects` LogObjects of two records each.
    pub(super) fn with_logs(objects: usize) -> Self {
        let world = Self::new(Some("example-logs"));
        for number in 0..objects {
            world.origin.insert(&log_key(number), log(number));
        }
        world
    }

    pub(super) fn ports(&self, process: &str) -> IngestPorts {
        self.ports_with(process, LEASE)
    }

    /// With a lease of its own: zero takes every other worker for dead.
    pub(super) fn ports_with(&self, process: &str, lease: Duration) -> IngestPorts {
        let joined: ArchiveDescriptor = self.runtime.block_on(archive_guard::join(&self.audit, &self.ledger, BEGAN_MS)).unwrap();
        let protocol = Protocol::new(Arc::new(self.ledger.clone()), Arc::new(self.audit.clone()), joined.epoch, lease);
        IngestPorts {
            origin: Arc::new(self.origin.clone()) as Arc<dyn LogBucket>,
            protocol: Arc::new(protocol),
            process: process.to_owned(),
            surroundings: Arc::clone(&self.surroundings) as Arc<dyn Surroundings>,
            runtime: self.runtime.handle().clone(),
        }
    }

    pub(super) fn runtime(&self) -> &tokio::runtime::Handle {
        self.runtime.handle()
    }

    /// One run of a process of its own.
    pub(super) fn run(&self, config: &IngestConfig) -> Result<IngestSummary, IngestError> {
        ingest(config, &self.ports("process"), &Shutdown::default(), &Silent)
    }

    /// What `sources/` shows.
    pub(super) fn sources(&self) -> Vec<SourceRow> {
        self.tables(layout::SOURCES).into_iter().flat_map(|bytes| read_sources(bytes, CAP).unwrap()).collect()
    }

    /// What `quarantine/` shows.
    pub(super) fn quarantine(&self) -> Vec<QuarantineRow> {
        self.tables(layout::QUARANTINE).into_iter().flat_map(|bytes| read_quarantine(bytes, CAP).unwrap()).collect()
    }

    fn tables(&self, prefix: &str) -> Vec<Bytes> {
        let objects = self.audit.objects().into_iter().filter(|(key, _)| key.starts_with(prefix));
        objects.map(|(_, object)| object.body).collect()
    }

    /// The original behind a row, read from its segment.
    pub(super) fn original(&self, row: &SourceRow) -> Bytes {
        let segment = self.audit.objects().get(&row.segment).unwrap().body.clone();
        let from = row.segment_offset as usize;
        segment.slice(from..from + row.segment_length as usize)
    }

    /// Asserts that every object of the origin is visible exactly once, byte for byte, and nothing else is.
    pub(super) fn assert_all_landed_once(&self) {
        let mut landed: BTreeMap<String, Bytes> = BTreeMap::new();
        for row in self.sources() {
            let original = self.original(&row);
            assert!(landed.insert(row.key.clone(), original).is_none(), "{} landed twice", row.key);
        }
        let delivered: BTreeMap<String, Bytes> = self.origin.objects().into_iter().map(|(key, object)| (key, object.body)).collect();
        assert_eq!(landed, delivered);
    }
}

/// The defaults of the command line, with `threads` workers.
pub(super) fn config(threads: usize) -> IngestConfig {
    IngestConfig {
        origin: OriginConfig::default(),
        threads,
        encoding: EncodingConfig {
            classes: trailkeep_ocsf::Classes::Lake,
            redaction: trailkeep_ocsf::Redaction::default(),
            raw_data_inline: false,
            zstd_level: 1,
        },
        class: trailkeep_archive::ClassLabel::default(),
        retention: None,
        limits: BatchLimits { builder_bytes: 8 << 20, heartbeat: Duration::from_mins(10), ..BatchLimits::default() },
    }
}

pub(super) fn log_key(number: usize) -> String {
    let (day, minute) = (15 + number % 2, number / 2 % 60);
    let stamp = format!("202601{day}T10{minute:02}Z");
    format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/{day}/111122223333_CloudTrail_us-east-1_{stamp}_{number:016}.json.gz")
}

pub(super) fn digest_key(number: usize) -> String {
    let name = format!("111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20260115T{number:02}0000Z.json.gz");
    format!("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/{name}")
}

/// A LogObject of two records.
pub(super) fn log(number: usize) -> Vec<u8> {
    let record = |part: &str| {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"111122223333","userName":"ana"}},"eventTime":"2026-01-15T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"ListUsers","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli","requestParameters":null,"responseElements":null,"eventID":"00000000-0000-4000-8000-{number:08}{part}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
        )
    };
    gzip(format!(r#"{{"Records":[{},{}]}}"#, record("aaaa"), record("bbbb")).as_bytes())
}

/// A Digest that says it was delivered to `bucket` under `key`.
pub(super) fn digest(bucket: &str, key: &str) -> Vec<u8> {
    let text = format!(
        r#"{{"awsAccountId":"111122223333","digestStartTime":"2026-01-15T00:00:00Z","digestEndTime":"2026-01-15T01:00:00Z","digestS3Bucket":"{bucket}","digestS3Object":"{key}","newestEventTime":"2026-01-15T00:50:00Z","oldestEventTime":"2026-01-15T00:10:00Z","logFiles":[]}}"#
    );
    gzip(text.as_bytes())
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}
