//! The collector's whole loop with queue, buckets and ledger in memory, so that the collector is what is measured.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use trailkeep_archive::{ClassLabel, layout, read_sources};
use trailkeep_collector::{
    AdmissionRules, Bounds, BreakerSettings, Collector, CollectorMetrics, Ended, Origin, Ports, QueueTimes, SealPolicy, Settings, Stop,
    Timeouts,
};
use trailkeep_keys::{KeyKind, classify};
use trailkeep_notifications::{ObjectNotice, s3_event};
use trailkeep_pipeline::{
    archive_guard,
    batch::BatchSettings,
    ingest::{EncodingConfig, Surroundings},
    memory::{MemoryBucket, MemoryLedger, MemoryQueue},
    ports::bucket::AuditBucket as _,
    protocol::{LEASE, Moment, Protocol},
};
use trailkeep_records::InflateLimits;
use trailkeep_telemetry::Meters;

const BUCKET: &str = "org-logs";
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a drain of a full queue came to.
#[derive(Debug, Serialize)]
pub(crate) struct Drained {
    objects: usize,
    inflated_bytes: u64,
    /// From the first receive to a published archive with every message deleted.
    seconds: f64,
    /// CPU seconds in the same time.
    cpu_seconds: f64,
    events_objects: usize,
    peak_mb: f64,
}

/// Lags of objects, from their announcement to their publication.
#[derive(Debug, Serialize)]
pub(crate) struct Lags {
    objects: usize,
    median_s: f64,
    p99_s: f64,
    longest_s: f64,
}

/// Files of one day of an organization at default settings.
#[derive(Debug, Serialize)]
pub(crate) struct Day {
    objects: usize,
    events_objects: usize,
    by_category: BTreeMap<String, usize>,
    batches: usize,
    median_bytes: u64,
}

/// Everything in memory.
struct World {
    logs: MemoryBucket,
    audit: MemoryBucket,
    queue: MemoryQueue,
    notices: Vec<ObjectNotice>,
}

#[derive(Debug)]
struct Clocks(Instant);

impl Surroundings for Clocks {
    fn now(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { unix_ms: since_epoch.as_millis() as i64, monotonic_ms: self.0.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Zeros would do for one process.
        let _ = getrandom::fill(&mut bytes);
        u64::from_ne_bytes(bytes)
    }
}

impl World {
    fn read(tree: &Path) -> anyhow::Result<Self> {
        let world =
            Self { logs: MemoryBucket::named(BUCKET), audit: MemoryBucket::new(), queue: MemoryQueue::new("queue"), notices: Vec::new() };
        let mut notices = Vec::new();
        for path in files_below(tree)? {
            let key = path.strip_prefix(tree)?.to_string_lossy().into_owned();
            if !matches!(classify(&key, None), KeyKind::Log(_)) {
                continue;
            }
            let body = std::fs::read(&path)?;
            notices.push(ObjectNotice {
                bucket: BUCKET.to_owned(),
                key: key.clone(),
                version: None,
                etag: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
                size_bytes: Some(body.len() as u64),
                event_time_ms: None,
                sequencer: None,
            });
            world.logs.insert(&key, body);
        }
        Ok(Self { notices, ..world })
    }

    async fn collector(&self, settings: Settings, metrics: CollectorMetrics, stop: &Stop) -> anyhow::Result<Collector> {
        let surroundings = Arc::new(Clocks(Instant::now()));
        let ledger = MemoryLedger::new("bench").without_landed();
        let joined = archive_guard::join(&self.audit, &ledger, surroundings.now().unix_ms).await?;
        let protocol = Protocol::new(Arc::new(ledger), Arc::new(self.audit.clone()), joined.epoch, LEASE);
        let ports = Ports {
            queue: Arc::new(self.queue.clone()),
            origins: vec![Origin { bucket: BUCKET.into(), canonical: BUCKET.into(), store: Arc::new(self.logs.clone()) }],
            protocol: Arc::new(protocol),
            surroundings,
            process: "bench".to_owned(),
        };
        Ok(Collector::new(settings, ports, metrics, stop.clone()))
    }

    fn events(&self) -> Vec<(String, u64)> {
        let objects = self.audit.objects().into_iter().filter(|(key, _)| key.starts_with(layout::EVENTS));
        objects.map(|(key, object)| (key, object.body.len() as u64)).collect()
    }
}

fn settings(landers: usize) -> Settings {
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
            builder_bytes: 128 << 20,
            audit_bucket: Some("audit".to_owned()),
        },
        seal: SealPolicy::default(),
        bounds: Bounds { landers, ..Bounds::default() },
        times: QueueTimes { wait: Duration::from_millis(100), ..QueueTimes::default() },
        admission: AdmissionRules::default(),
        breaker: BreakerSettings::default(),
        timeouts: Timeouts::default(),
        beat: Duration::from_secs(5),
        recover_every: Duration::from_secs(60),
        look_again: Duration::from_secs(15),
        drain: PATIENCE,
        remembered_days: None,
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A queue full of announcements, until all of it is published and deleted.
pub(crate) fn drain(tree: &Path, landers: usize) -> anyhow::Result<Drained> {
    let world = World::read(tree)?;
    for notice in &world.notices {
        world.queue.push(s3_event(std::slice::from_ref(notice)));
    }
    let objects = world.notices.len();
    let (seconds, cpu_seconds) = runtime()?.block_on(async {
        let (stop, meters) = (Stop::default(), Meters::standalone());
        let collector = world.collector(settings(landers), CollectorMetrics::new(&meters.meter("bench")), &stop).await?;
        let (began, cpu) = (Instant::now(), cpu_seconds()?);
        let running = tokio::spawn(collector.run());
        let stored: u64 = world.notices.iter().filter_map(|notice| notice.size_bytes).sum();
        // All of it is in a Batch: what is left to do is the drain's.
        while stored_bytes(&meters) < stored {
            ensure!(began.elapsed() < PATIENCE, "{} of {stored} bytes were taken in", stored_bytes(&meters));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.ask();
        ensure!(matches!(running.await?, Ended::Drained), "it was not drained");
        anyhow::Ok((began.elapsed().as_secs_f64(), cpu_seconds()? - cpu))
    })?;
    ensure!(world.queue.messages_left() == 0, "{} messages are left", world.queue.messages_left());
    let rows = world.audit.objects().into_iter().filter(|(key, _)| key.starts_with(layout::SOURCES));
    let mut inflated_bytes = 0;
    let mut landed = 0;
    for (_, object) in rows {
        for row in read_sources(object.body, 1 << 30)? {
            landed += 1;
            inflated_bytes += row.inflated_bytes.unwrap_or_default();
        }
    }
    ensure!(landed == objects, "{landed} of {objects} objects have landed");
    Ok(Drained { objects, inflated_bytes, seconds, cpu_seconds, events_objects: world.events().len(), peak_mb: peak_mb()? })
}

/// Announcements at a steady rate, and how long each object takes until it is published.
pub(crate) fn lag(tree: &Path, objects_per_s: f64, seal_s: f64, seconds: f64) -> anyhow::Result<Lags> {
    let world = World::read(tree)?;
    let announced: Mutex<HashMap<String, Instant>> = Mutex::default();
    let lags = runtime()?.block_on(async {
        let stop = Stop::default();
        let mut settings = settings(Bounds::default().landers);
        settings.seal = settings.seal.with_age(Duration::from_secs_f64(seal_s));
        let running = tokio::spawn(world.collector(settings, CollectorMetrics::default(), &stop).await?.run());
        let count = ((objects_per_s * seconds) as usize).min(world.notices.len());
        let announcing = async {
            let began = Instant::now();
            for (number, notice) in world.notices.iter().take(count).enumerate() {
                let due = began + Duration::from_secs_f64(number as f64 / objects_per_s);
                if due > Instant::now() {
                    tokio::time::sleep_until(due.into()).await;
                }
                announced.lock().expect("not poisoned").insert(notice.key.clone(), Instant::now());
                world.queue.push(s3_event(std::slice::from_ref(notice)));
            }
        };
        let watching = watch(&world, &announced, count);
        let ((), lags) = tokio::join!(announcing, watching);
        stop.ask();
        running.await?;
        lags
    })?;
    let mut sorted = lags;
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get(((sorted.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Lags { objects: sorted.len(), median_s: at(0.5), p99_s: at(0.99), longest_s: at(1.0) })
}

async fn watch(world: &World, announced: &Mutex<HashMap<String, Instant>>, count: usize) -> anyhow::Result<Vec<f64>> {
    let (mut lags, mut seen, began) = (Vec::new(), std::collections::HashSet::new(), Instant::now());
    while lags.len() < count {
        ensure!(began.elapsed() < PATIENCE, "{} of {count} objects were published", lags.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
        for object in world.audit.list(layout::SOURCES, None).await?.objects {
            if !seen.insert(object.key.clone()) {
                continue;
            }
            let now = Instant::now();
            let body = world.audit.get(&object.key, 1 << 30).await?.context("it was listed")?;
            let announced = announced.lock().expect("not poisoned");
            lags.extend(read_sources(body, 1 << 30)?.iter().filter_map(|row| Some((now - *announced.get(&row.key)?).as_secs_f64())));
        }
    }
    Ok(lags)
}

/// One day of an organization, sealed as the default settings would: objects are announced in the order of their delivery, and a drain stands for
/// each time that a Batch would be sealed by its age.
pub(crate) fn day(tree: &Path) -> anyhow::Result<Day> {
    let world = World::read(tree)?;
    let policy = SealPolicy::default();
    let mut by_slot: BTreeMap<i64, Vec<&ObjectNotice>> = BTreeMap::new();
    for notice in &world.notices {
        let KeyKind::Log(key) = classify(&notice.key, None) else { continue };
        let delivered = key.delivered_ms().context("a log file's name states when it was delivered")?;
        by_slot.entry(delivered / policy.small_age.as_millis() as i64).or_default().push(notice);
    }
    let objects = world.notices.len();
    runtime()?.block_on(async {
        let ledger = MemoryLedger::new("bench").without_landed();
        for notices in by_slot.into_values() {
            let before = world.logs.operations();
            for notice in &notices {
                world.queue.push(s3_event(std::slice::from_ref(*notice)));
            }
            let stop = Stop::default();
            let surroundings = Arc::new(Clocks(Instant::now()));
            let joined = archive_guard::join(&world.audit, &ledger, surroundings.now().unix_ms).await?;
            let protocol = Protocol::new(Arc::new(ledger.clone()), Arc::new(world.audit.clone()), joined.epoch, LEASE);
            let ports = Ports {
                queue: Arc::new(world.queue.clone()),
                origins: vec![Origin { bucket: BUCKET.into(), canonical: BUCKET.into(), store: Arc::new(world.logs.clone()) }],
                protocol: Arc::new(protocol),
                surroundings,
                process: "bench".to_owned(),
            };
            let mut settings = settings(Bounds::default().landers);
            settings.times.wait = Duration::from_millis(10);
            let running = tokio::spawn(Collector::new(settings, ports, CollectorMetrics::default(), stop.clone()).run());
            while world.logs.operations() < before + notices.len() as u64 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            stop.ask();
            ensure!(matches!(running.await?, Ended::Drained), "it was not drained");
        }
        anyhow::Ok(())
    })?;
    let events = world.events();
    let mut by_category: BTreeMap<String, usize> = BTreeMap::new();
    for (key, _) in &events {
        let category = key.split('/').nth(1).unwrap_or_default();
        *by_category.entry(category.to_owned()).or_default() += 1;
    }
    let mut sizes: Vec<u64> = events.iter().map(|(_, bytes)| *bytes).collect();
    sizes.sort_unstable();
    let batches = world.audit.objects().keys().filter(|key| key.starts_with(layout::SOURCES)).count();
    let median_bytes = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    Ok(Day { objects, events_objects: events.len(), by_category, batches, median_bytes })
}

/// All files below a folder, in order.
fn files_below(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// Stored bytes of what was taken into Batches, by the collector's own metric.
fn stored_bytes(meters: &Meters) -> u64 {
    let text = meters.prometheus_text();
    let line = text.lines().find(|line| line.starts_with("trailkeep_collector_source_stored_bytes_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or_default() as u64
}

/// CPU seconds of this process so far (proc(5), `/proc/self/stat`, in ticks of 10 ms).
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Peak resident memory in MB (proc(5), `VmHWM`); what the bench holds in memory for the collector is part of it.
/// The most memory that was resident, in MB.
pub(crate) fn peak_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() * 1024.0 / 1e6)
}
