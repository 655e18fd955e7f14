//! Rounds of an auditor over an archive that is there, at moments that are given: its loop is what is measured, with a ledger in memory and nobody to tell.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_trait::async_trait;
use serde::Serialize;
use trailkeep_auditor::{Auditor, AuditorMetrics, KeySource, OutsideError, Ports, Settings, Stop};
use trailkeep_digests::{Origin, PublicKeys};
use trailkeep_keys::Region;
use trailkeep_local::DirectoryBucket;
use trailkeep_pipeline::{ingest::Surroundings, memory::MemoryLedger, protocol::Moment};

/// What a round came to.
#[derive(Debug, Serialize)]
pub(crate) struct Round {
    seconds: f64,
    /// The most memory that was resident while it ran.
    peak_mb: f64,
    failed: Vec<&'static str>,
    digests: u64,
    log_files: u64,
    findings_opened: u64,
    findings_open: u64,
    gaps: u64,
}

/// A wall clock that stands still, beside one that moves.
#[derive(Debug)]
struct Clock {
    unix_ms: AtomicI64,
    began: Instant,
}

impl Surroundings for Clock {
    fn now(&self) -> Moment {
        Moment { unix_ms: self.unix_ms.load(Ordering::Relaxed), monotonic_ms: self.began.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Zeros would do for one process.
        let _ = getrandom::fill(&mut bytes);
        u64::from_ne_bytes(bytes)
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

/// Runs a round at each of these moments (RFC 3339), one after the other in one process. Writes `keys/` and `findings/` into the archive.
pub(crate) fn run(archive: &Path, keys: &Path, moments: &[&str]) -> anyhow::Result<Vec<Round>> {
    let mut known = PublicKeys::new();
    known.add_list(&fs::read(keys)?, None, &Origin { source: "a benchmark".to_owned(), at_ms: 0 })?;
    let clock = Arc::new(Clock { unix_ms: AtomicI64::new(0), began: Instant::now() });
    let ports = Ports {
        archive: Arc::new(DirectoryBucket::open(archive)?),
        ledger: Arc::new(MemoryLedger::new("bench")),
        heal_queue: None,
        digest_queue: None,
        teller: None,
        keys: Some(Arc::new(Keys(known))),
        organization: None,
        log_buckets: None,
        signer: None,
        heads: None,
        surroundings: Arc::clone(&clock) as Arc<dyn Surroundings>,
        process: "bench".to_owned(),
    };
    let settings = Settings {
        without_organization: true,
        archive_name: Some("bench".to_owned()),
        lease: Duration::from_secs(60),
        ..Settings::default()
    };
    let auditor = Auditor::new(settings, ports, AuditorMetrics::default(), Stop::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rounds = Vec::new();
    for moment in moments {
        let unix_ms = trailkeep_records::time::parse_iso(moment).with_context(|| format!("{moment:?} is no moment of time"))?;
        clock.unix_ms.store(unix_ms, Ordering::Relaxed);
        forget_peak()?;
        let began = Instant::now();
        let report = runtime.block_on(auditor.once())?;
        rounds.push(Round {
            seconds: began.elapsed().as_secs_f64(),
            peak_mb: crate::collector::peak_mb()?,
            failed: report.failed,
            digests: report.digests_verified,
            log_files: report.files_verified,
            findings_opened: report.findings_opened,
            findings_open: report.findings_open,
            gaps: report.gaps,
        });
    }
    Ok(rounds)
}

/// From here on the peak is counted anew.
fn forget_peak() -> anyhow::Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be reset")
}
