//! A log bucket, a queue, an archive and a ledger in memory, and collectors on them.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::task::JoinHandle;
use trailkeep_archive::{ClassLabel, QuarantineRow, SourceRow, layout, read_quarantine, read_sources};
use trailkeep_notifications::{ObjectNotice, s3_event};
use trailkeep_pipeline::{
    archive_guard,
    batch::BatchSettings,
    ingest::{EncodingConfig, Surroundings},
    memory::{MemoryBucket, MemoryLedger, MemoryQueue},
    ports::{bucket::LogBucket, queue::NotificationQueue as _},
    protocol::{Moment, Protocol},
};
use trailkeep_records::InflateLimits;

use crate::{
    AdmissionRules, Bounds, BreakerSettings, Collector, CollectorMetrics, Ended, Origin, Ports, QueueTimes, SealPolicy, Settings, Stop,
    Timeouts,
};

pub(super) const BUCKET: &str = "org-logs";
/// Caps the tables that are read back, in decoded bytes.
const CAP: u64 = 64 << 20;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The real clocks.
#[derive(Debug)]
struct Clocks {
    began: Instant,
    skew_ms: i64,
}

impl Surroundings for Clocks {
    fn now(&self) -> Moment {
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64 + self.skew_ms;
        Moment { unix_ms, monotonic_ms: self.began.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        u64::from_ne_bytes(bytes)
    }
}

/// Everything that outlives a collector.
pub(super) struct World {
    pub(super) logs: MemoryBucket,
    pub(super) audit: MemoryBucket,
    pub(super) ledger: MemoryLedger,
    pub(super) queue: MemoryQueue,
}

/// A running collector.
pub(super) struct Running {
    stop: Stop,
    task: JoinHandle<Ended>,
    pub(super) shown: crate::Shown,
}

impl Running {
    /// Asks it to stop and waits until it has.
    pub(super) async fn stop(self) -> Ended {
        self.stop.ask();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap()
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(self) -> Ended {
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap()
    }

    /// Ends it as a crash would: nothing is given back, nothing is told.
    pub(super) fn kill(self) {
        self.task.abort();
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            logs: MemoryBucket::named(BUCKET),
            audit: MemoryBucket::new(),
            ledger: MemoryLedger::new("ledger").without_landed(),
            queue: MemoryQueue::new("notifications").with_max_receive_count(4),
        }
    }

    /// A world with `objects` LogObjects of two Records each in its bucket.
    pub(super) fn with_logs(objects: usize) -> Self {
        let world = Self::new();
        for number in 0..objects {
            world.logs.insert(&log_key(number), log(number));
        }
        world
    }

    /// Announces objects of the bucket, `of_a_message` in each message.
    pub(super) fn announce(&self, numbers: impl IntoIterator<Item = usize>, of_a_message: usize) {
        let notices: Vec<ObjectNotice> = numbers.into_iter().map(|number| notice(&log_key(number))).collect();
        for some in notices.chunks(of_a_message) {
            self.queue.push(s3_event(some));
        }
    }

    /// Starts a collector with quick settings, changed by `change`.
    pub(super) async fn start(&self, process: &str, change: impl FnOnce(&mut Settings)) -> Running {
        self.start_skewed(process, 0, change).await
    }

    /// As [`World::start`], with a wall clock that is wrong by `skew_ms`.
    pub(super) async fn start_skewed(&self, process: &str, skew_ms: i64, change: impl FnOnce(&mut Settings)) -> Running {
        let mut settings = quick();
        change(&mut settings);
        let surroundings = Arc::new(Clocks { began: Instant::now(), skew_ms });
        let joined = archive_guard::join(&self.audit, &self.ledger, surroundings.now().unix_ms).await.unwrap();
        let lease = settings.beat * 8;
        let protocol = Protocol::new(Arc::new(self.ledger.clone()), Arc::new(self.audit.clone()), joined.epoch, lease);
        let store = Arc::new(self.logs.clone()) as Arc<dyn LogBucket>;
        let replica = Origin { bucket: "replica".into(), canonical: BUCKET.into(), store: Arc::clone(&store) };
        let ports = Ports {
            queue: Arc::new(self.queue.clone()),
            origins: vec![Origin { bucket: BUCKET.into(), canonical: BUCKET.into(), store }, replica],
            protocol: Arc::new(protocol),
            surroundings,
            process: process.to_owned(),
        };
        let stop = Stop::default();
        let collector = Collector::new(settings, ports, CollectorMetrics::default(), stop.clone());
        let shown = collector.shown();
        Running { stop, task: tokio::spawn(collector.run()), shown }
    }

    /// Waits until the queue holds nothing more, hidden or not.
    pub(super) async fn quiet(&self) {
        self.until("the queue is empty", || self.queue.messages_left() == 0).await;
    }

    /// Waits until something holds.
    pub(super) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            let depth = self.queue.depth().await.unwrap();
            assert!(Instant::now() < deadline, "waited in vain until {what}: {depth:?}, {} landed", self.sources().len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What `sources/` shows.
    pub(super) fn sources(&self) -> Vec<SourceRow> {
        self.tables(layout::SOURCES).into_iter().flat_map(|bytes| read_sources(bytes, CAP).unwrap()).collect()
    }

    /// What `quarantine/` shows.
    pub(super) fn quarantine(&self) -> Vec<QuarantineRow> {
        self.tables(layout::QUARANTINE).into_iter().flat_map(|bytes| read_quarantine(bytes, CAP).unwrap()).collect()
    }

    /// Objects below a prefix.
    pub(super) fn count(&self, prefix: &str) -> usize {
        self.tables(prefix).len()
    }

    fn tables(&self, prefix: &str) -> Vec<Bytes> {
        let objects = self.audit.objects().into_iter().filter(|(key, _)| key.starts_with(prefix));
        objects.map(|(_, object)| object.body).collect()
    }

    /// Asserts that exactly these LogObjects are visible, each once and byte for byte, and that nothing visible is without its `sources/` object.
    pub(super) fn assert_landed_once(&self, numbers: impl IntoIterator<Item = usize>) {
        let objects = self.audit.objects();
        let mut landed: BTreeMap<String, Bytes> = BTreeMap::new();
        for row in self.sources() {
            let from = row.segment_offset as usize;
            let original = objects.get(&row.segment).unwrap().body.slice(from..from + row.segment_length as usize);
            assert_eq!(row.bucket, BUCKET);
            assert!(landed.insert(row.key.clone(), original).is_none(), "{} landed twice", row.key);
        }
        let delivered: BTreeMap<String, Bytes> = numbers.into_iter().map(|number| (log_key(number), Bytes::from(log(number)))).collect();
        assert_eq!(landed.len(), delivered.len());
        assert_eq!(landed, delivered);
        for key in objects.keys() {
            let Some(batch) = layout::ArchiveKey::parse(key).and_then(|key| key.batch()) else { continue };
            assert!(objects.contains_key(&layout::sources_key(&batch)), "{key} is visible and its batch is not");
        }
    }
}

/// Quick: seals after 100 ms, hides for 2 s, tries again at once.
pub(super) fn quick() -> Settings {
    Settings {
        batch: BatchSettings {
            encoding: EncodingConfig {
                classes: trailkeep_ocsf::Classes::Lake,
                redaction: trailkeep_ocsf::Redaction::default(),
                raw_data_inline: false,
                zstd_level: 1,
            },
            class: ClassLabel::default(),
            retention: None,
            inflate: InflateLimits::default(),
            builder_bytes: 16 << 20,
            audit_bucket: None,
        },
        seal: SealPolicy::default().with_age(Duration::from_millis(100)),
        bounds: Bounds { receivers: 2, landers: 2, ..Bounds::default() },
        times: QueueTimes {
            wait: Duration::from_millis(100),
            hidden: Duration::from_secs(2),
            retry_first: Duration::from_millis(50),
            retry_longest: Duration::from_millis(200),
            reject: Duration::from_millis(50),
        },
        admission: AdmissionRules::default(),
        breaker: BreakerSettings { distinct_keys: 3, probe_every: Duration::from_millis(50) },
        timeouts: Timeouts::default(),
        beat: Duration::from_millis(100),
        recover_every: Duration::from_millis(300),
        look_again: Duration::from_millis(100),
        drain: Duration::from_secs(30),
        remembered_days: None,
    }
}

pub(super) fn notice(key: &str) -> ObjectNotice {
    ObjectNotice {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        version: None,
        etag: None,
        size_bytes: None,
        event_time_ms: Some(1_768_500_000_000),
        sequencer: None,
    }
}

pub(super) fn log_key(number: usize) -> String {
    let (day, minute) = (15 + number % 2, number / 2 % 60);
    let stamp = format!("202601{day}T10{minute:02}Z");
    format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/{day}/111122223333_CloudTrail_us-east-1_{stamp}_{number:016}.json.gz")
}

/// A LogObject of two Records.
pub(super) fn log(number: usize) -> Vec<u8> {
    let record = |part: &str| {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"111122223333","userName":"ana"}},"eventTime":"2026-01-15T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"ListUsers","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli","requestParameters":null,"responseElements":null,"eventID":"00000000-0000-4000-8000-{number:08}{part}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
        )
    };
    gzip(format!(r#"{{"Records":[{},{}]}}"#, record("aaaa"), record("bbbb")).as_bytes())
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}
