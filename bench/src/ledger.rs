//! Ledgers alone: admitting sources in chunks as the collector does, committing Batches of ten thousand, marking them published.

use std::{sync::Arc, time::Instant};

use serde::Serialize;
use trailkeep_archive::BatchId;
use trailkeep_local::{SqliteLedger, SqliteOptions};
use trailkeep_pipeline::{
    memory::MemoryLedger,
    ports::ledger::{Flip, Landed, LandedSource, Ledger, ManifestRef, SourceId, WorkerId},
};

/// Sources of one admit.
const CHUNK: usize = 128;
/// Sources of one Batch.
const BATCH: usize = 10_000;

/// What it came to.
#[derive(Debug, Serialize)]
pub(crate) struct Rates {
    sources: usize,
    /// Admitting and committing.
    seconds: f64,
    /// Marking what landed as published, besides.
    mark_seconds: f64,
    sources_per_s: f64,
}

pub(crate) fn run(kind: &str, sources: usize) -> anyhow::Result<Rates> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let ledger: Arc<dyn Ledger> = match kind {
        "memory" => Arc::new(MemoryLedger::new("bench")),
        "sqlite" => {
            let options = SqliteOptions { process: "bench".to_owned(), new_id: "00".to_owned() };
            Arc::new(SqliteLedger::open(&folder.path().join("ledger.sqlite"), &options)?)
        }
        _ => anyhow::bail!("no such ledger: memory or sqlite"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    runtime.block_on(land(&*ledger, sources))
}

async fn land(ledger: &dyn Ledger, sources: usize) -> anyhow::Result<Rates> {
    ledger.set_ready(1).await?;
    let owner = WorkerId::new("bench", 0);
    let all: Vec<SourceId> = (0..sources).map(source).collect();
    let (mut seconds, mut mark_seconds) = (0.0, 0.0);
    for (number, batch_sources) in all.chunks(BATCH).enumerate() {
        let batch = BatchId::new(1_768_500_000_000 + number as i64, number as u64);
        let began = Instant::now();
        ledger.open(&batch, &owner, 1, 0).await?;
        for chunk in batch_sources.chunks(CHUNK) {
            ledger.admit(&batch, chunk).await?;
        }
        let manifest = ManifestRef { key: format!("staging/{batch}/manifest.json"), sha256: "00".repeat(32) };
        anyhow::ensure!(ledger.commit(&batch, &owner, 1, &manifest, 0).await? == Flip::Done, "batch {batch} was not committed");
        seconds += began.elapsed().as_secs_f64();
        let landed: Vec<LandedSource> = batch_sources.iter().cloned().map(|source| LandedSource { source, landed: landed() }).collect();
        let began = Instant::now();
        ledger.mark_published(&batch, &landed, 0).await?;
        mark_seconds += began.elapsed().as_secs_f64();
    }
    Ok(Rates { sources, seconds, mark_seconds, sources_per_s: sources as f64 / seconds })
}

fn source(number: usize) -> SourceId {
    let key = format!(
        "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-central-1/2026/01/15/111122223333_CloudTrail_eu-central-1_20260115T1000Z_{number:016}.json.gz"
    );
    SourceId::new("org-logs", key)
}

fn landed() -> Landed {
    Landed { version: None, etag: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()), stored_bytes: 4_096, stored_sha256: [7; 32] }
}
