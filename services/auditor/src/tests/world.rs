//! An invented trail in memory, its archive, and auditors with everything that they talk to.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use trailkeep_archive::{ClassLabel, FindingRow, read_findings};
use trailkeep_digests::{Origin, PublicKeys};
use trailkeep_keys::{KeyKind, LogKey, Region};
use trailkeep_notifications::{Message as Parsed, parse};
use trailkeep_pipeline::{
    archive_guard,
    ingest::{BatchLimits, EncodingConfig, IngestConfig, IngestPorts, OriginConfig, Shutdown, Silent, Surroundings, ingest},
    memory::{MemoryBucket, MemoryLedger, MemoryQueue},
    ports::{
        bucket::{LogBucket, PutPolicy},
        queue::NotificationQueue as _,
    },
    protocol::{LEASE, Moment, Protocol},
};
use trailkeep_synth::{DEFAULT_BUCKET, PUBLIC_KEYS_FILE, Scale, SynthConfig, generate};

use crate::{
    Auditor, AuditorMetrics, KeySource, LogBuckets, Message, OnceError, OutsideError, Ports, RoundReport, Settings, Stop, Teller, Told,
};

/// 2026-01-15T00:00:00Z: the trail begins.
pub(super) const BEGAN_MS: i64 = 1_768_435_200_000;
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Hours of the trail.
pub(super) const HOURS: i64 = 5;

/// Clocks that stand still unless told.
#[derive(Debug)]
pub(super) struct Clock {
    now_ms: AtomicI64,
    drawn: AtomicU64,
}

impl Surroundings for Clock {
    fn now(&self) -> Moment {
        let unix_ms = self.now_ms.load(Ordering::Relaxed);
        Moment { unix_ms, monotonic_ms: (unix_ms - BEGAN_MS).max(0) as u64 }
    }

    fn random(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Who is told, and whether that works.
#[derive(Debug, Default)]
pub(super) struct Ear {
    heard: Mutex<Vec<Message>>,
    pub(super) deaf: AtomicBool,
    /// What speaks of this is not taken.
    pub(super) refuses: Mutex<Option<String>>,
}

#[async_trait]
impl Teller for Ear {
    fn address(&self) -> String {
        "an ear".to_owned()
    }

    async fn tell(&self, messages: &[Message]) -> Told {
        let denied = || Some(OutsideError::Denied { operation: "tell".to_owned(), hint: "a planned failure".to_owned() });
        if self.deaf.load(Ordering::Relaxed) {
            return Told { left: (0..messages.len()).collect(), error: denied(), ..Told::default() };
        }
        let refuses = self.refuses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_refused = |message: &Message| refuses.as_ref().is_some_and(|part| message.body.contains(part.as_str()));
        let mut told = Told::default();
        for (place, message) in messages.iter().enumerate() {
            if is_refused(message) {
                told.refused.insert(place);
                told.error = denied();
            } else {
                self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
            }
        }
        told
    }
}

#[derive(Debug)]
struct Keys(PublicKeys);

#[async_trait]
impl KeySource for Keys {
    async fn keys(&self, _: Region, _: i64, _: i64, _: i64) -> Result<PublicKeys, OutsideError> {
        Ok(self.0.clone())
    }

    fn all(&self) -> Option<&PublicKeys> {
        Some(&self.0)
    }
}

/// ListPublicKeys: gives a Region's keys to whoever asks there, and may refuse.
#[derive(Debug)]
pub(super) struct Published {
    keys: PublicKeys,
    asked: Mutex<Vec<String>>,
    pub(super) refuses: AtomicBool,
}

impl Published {
    /// The Regions that it was asked in since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl KeySource for Published {
    async fn keys(&self, region: Region, _: i64, _: i64, _: i64) -> Result<PublicKeys, OutsideError> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(region.to_string());
        if self.refuses.load(Ordering::Relaxed) {
            return Err(OutsideError::Denied { operation: "cloudtrail:ListPublicKeys".to_owned(), hint: "a planned refusal".to_owned() });
        }
        let mut keys = PublicKeys::new();
        self.keys.iter().filter(|key| key.region() == region).for_each(|key| keys.add(key.clone()));
        Ok(keys)
    }
}

#[derive(Debug)]
struct Buckets(MemoryBucket);

#[async_trait]
impl LogBuckets for Buckets {
    async fn bucket(&self, name: &str) -> Result<Option<Arc<dyn LogBucket>>, OutsideError> {
        Ok((name == DEFAULT_BUCKET).then(|| Arc::new(self.0.clone()) as Arc<dyn LogBucket>))
    }
}

/// Everything that outlives a round.
pub(super) struct World {
    /// What CloudTrail delivered.
    pub(super) logs: MemoryBucket,
    /// What was announced of it: ingest sees this only.
    announced: MemoryBucket,
    pub(super) audit: MemoryBucket,
    pub(super) ledger: MemoryLedger,
    pub(super) queue: MemoryQueue,
    pub(super) ear: Arc<Ear>,
    pub(super) clock: Arc<Clock>,
    keys: PublicKeys,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A trail of which everything was announced but what `lost` names, landed; four hours after its end.
    pub(super) fn new(lost: impl Fn(&str) -> bool) -> Self {
        Self::of(2, Scale::EventsPerHour(1_500), lost)
    }

    /// The same with another number of accounts, and of another size.
    pub(super) fn of(accounts: u32, scale: Scale, lost: impl Fn(&str) -> bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = SynthConfig {
            accounts,
            regions: 1,
            hours: HOURS as u32,
            seed: 5,
            start_ms: BEGAN_MS,
            scale,
            bucket: DEFAULT_BUCKET.to_owned(),
        };
        generate(&config, directory.path()).unwrap();
        let mut keys = PublicKeys::new();
        let json = fs::read(directory.path().join(PUBLIC_KEYS_FILE)).unwrap();
        keys.add_list(&json, None, &Origin { source: "a test".to_owned(), at_ms: BEGAN_MS }).unwrap();
        let world = Self {
            logs: MemoryBucket::named(DEFAULT_BUCKET),
            announced: MemoryBucket::named(DEFAULT_BUCKET),
            audit: MemoryBucket::named("audit"),
            ledger: MemoryLedger::new("ledger"),
            queue: MemoryQueue::new("heal"),
            ear: Arc::default(),
            clock: Arc::new(Clock { now_ms: AtomicI64::new(BEGAN_MS + (HOURS + 4) * HOUR_MS), drawn: AtomicU64::new(1) }),
            keys,
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
        };
        world.load(directory.path(), directory.path());
        for key in world.logs.objects().into_keys().filter(|key| !lost(key)) {
            world.announce(&key);
        }
        world.land();
        world
    }

    fn load(&self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.load(root, &path);
                continue;
            }
            let key = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if key.ends_with(".metadata.json") || key == PUBLIC_KEYS_FILE {
                continue;
            }
            let beside = fs::read(format!("{}.metadata.json", path.display())).unwrap_or_else(|_| b"{}".to_vec());
            let metadata: BTreeMap<String, String> = serde_json::from_slice(&beside).unwrap();
            self.logs.insert_with(&key, fs::read(&path).unwrap(), PutPolicy { metadata, ..PutPolicy::default() });
        }
    }

    /// Lets ingest see an object, if it is in the log bucket.
    pub(super) fn announce(&self, key: &str) {
        if let Some(object) = self.logs.objects().remove(key) {
            self.announced.insert_with(key, object.body, object.policy);
        }
    }

    /// Puts an object there that nobody signed.
    pub(super) fn forge(&self, like: &str, key: &str) {
        let object = self.logs.objects().remove(like).unwrap();
        self.announced.insert_with(key, object.body, object.policy);
    }

    /// Lets ingest see a log file of one Record: this event of the account, in the trail's Region. `stamp` is the name's time.
    pub(super) fn record(&self, account: &str, event: &str, at: &str, stamp: &str) -> String {
        let id = format!("0000000a-0000-4000-8000-{:012}", self.clock.random());
        let record = format!(
            r#"{{"Records":[{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"{account}"}},"eventTime":"{at}","eventSource":"cloudtrail.amazonaws.com","eventName":"{event}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.0","requestParameters":{{"name":"organization"}},"responseElements":null,"requestID":"{id}","eventID":"{id}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management"}}]}}"#
        );
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(record.as_bytes()).unwrap();
        let like = self.log_keys().into_iter().find(|key| key.contains(account)).unwrap();
        let (name, _) = like.rsplit_once('/').unwrap();
        let key = format!("{name}/{account}_CloudTrail_us-east-1_{stamp}_STOPSTOPSTOPSTOP.json.gz");
        self.announced.insert(&key, gzip.finish().unwrap());
        id
    }

    /// Lands what was announced.
    pub(super) fn land(&self) {
        let joined = self.runtime.block_on(archive_guard::join(&self.audit, &self.ledger, self.now_ms())).unwrap();
        let ports = IngestPorts {
            origin: Arc::new(self.announced.clone()),
            protocol: Arc::new(Protocol::new(Arc::new(self.ledger.clone()), Arc::new(self.audit.clone()), joined.epoch, LEASE)),
            process: format!("ingest-{}", self.clock.random()),
            surroundings: Arc::clone(&self.clock) as Arc<dyn Surroundings>,
            runtime: self.runtime.handle().clone(),
        };
        let config = IngestConfig {
            origin: OriginConfig::default(),
            threads: 1,
            encoding: EncodingConfig {
                classes: trailkeep_ocsf::Classes::Lake,
                redaction: trailkeep_ocsf::Redaction::default(),
                raw_data_inline: false,
                zstd_level: 1,
            },
            class: ClassLabel::default(),
            retention: None,
            limits: BatchLimits { builder_bytes: 8 << 20, heartbeat: Duration::from_mins(10), ..BatchLimits::default() },
        };
        ingest(&config, &ports, &Shutdown::default(), &Silent).unwrap();
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().unix_ms
    }

    pub(super) fn pass(&self, ms: i64) {
        self.clock.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// With the lease as it is by default: on a machine that has much to do a round may stand still for seconds.
    pub(super) fn settings() -> Settings {
        Settings { without_organization: true, archive_name: Some("audit".to_owned()), ..Settings::default() }
    }

    /// The same for tests that wait until a lease has run out.
    pub(super) fn short_lease() -> Settings {
        Settings { lease: Duration::from_secs(1), ..Self::settings() }
    }

    pub(super) fn ports(&self) -> Ports {
        Ports {
            archive: Arc::new(self.audit.clone()),
            ledger: Arc::new(self.ledger.clone()),
            heal_queue: Some(Arc::new(self.queue.clone())),
            digest_queue: None,
            teller: Some(Arc::clone(&self.ear) as Arc<dyn Teller>),
            keys: Some(Arc::new(Keys(self.keys.clone()))),
            organization: None,
            log_buckets: Some(Arc::new(Buckets(self.logs.clone()))),
            signer: None,
            heads: None,
            surroundings: Arc::clone(&self.clock) as Arc<dyn Surroundings>,
            process: format!("auditor-{}", self.clock.random()),
        }
    }

    /// CloudTrail's keys, for whoever asks in the right Region.
    pub(super) fn published(&self) -> Arc<Published> {
        Arc::new(Published { keys: self.keys.clone(), asked: Mutex::default(), refuses: AtomicBool::new(false) })
    }

    pub(super) fn round_with(&self, settings: Settings, ports: Ports) -> Result<RoundReport, OnceError> {
        let auditor = Auditor::new(settings, ports, AuditorMetrics::default(), Stop::default());
        self.runtime.block_on(auditor.once())
    }

    pub(super) fn round(&self) -> RoundReport {
        self.round_with(Self::settings(), self.ports()).unwrap()
    }

    /// What the collector was asked for since the last time; it deletes the messages.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut keys = Vec::new();
        loop {
            let messages = self.runtime.block_on(self.queue.receive(10, Duration::ZERO, Duration::from_mins(1))).unwrap();
            if messages.is_empty() {
                keys.sort();
                return keys;
            }
            for message in &messages {
                let Parsed::Objects { entries, .. } = parse(&message.body).message else { unreachable!("{}", message.body) };
                keys.extend(entries.iter().map(|entry| entry.object().unwrap()).map(|object| {
                    assert_eq!(object.bucket, DEFAULT_BUCKET);
                    object.key.clone()
                }));
            }
            let receipts: Vec<&str> = messages.iter().map(|message| message.receipt.as_str()).collect();
            self.runtime.block_on(self.queue.delete(&receipts)).unwrap();
        }
    }

    /// Rows of `findings/` as name and change, oldest first.
    pub(super) fn rows(&self) -> Vec<FindingRow> {
        let objects = self.audit.objects().into_iter().filter(|(key, _)| key.starts_with("findings/"));
        objects.flat_map(|(_, object)| read_findings(object.body, 64 << 20).unwrap()).collect()
    }

    pub(super) fn changes(&self) -> Vec<(String, &'static str)> {
        self.rows().into_iter().map(|row| (row.name, row.change.as_str())).collect()
    }

    pub(super) fn heard(&self) -> Vec<serde_json::Value> {
        let heard = self.ear.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    /// Log files of the first account, in order.
    pub(super) fn log_keys(&self) -> Vec<String> {
        let is_log =
            |key: &String| matches!(LogKey::parse(key), Ok(KeyKind::Log(log)) if log.class == trailkeep_keys::LogClass::CloudTrail);
        self.logs.objects().into_keys().filter(is_log).collect()
    }
}
