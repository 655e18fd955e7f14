//! Measures the encoder alone, single-threaded and without a ledger: what part of ingest is its.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    time::Instant,
};

use trailkeep_archive::Partition;
use trailkeep_events::{Encoder, EncoderConfig, ObjectContext, PartitionSink};

use crate::{Figures, tree::log_objects};

struct Directory(PathBuf);

impl PartitionSink for Directory {
    type Writer = BufWriter<File>;

    fn open(&mut self, partition: &Partition) -> std::io::Result<Self::Writer> {
        File::create(self.0.join(format!("{}-{}.parquet", partition.category, partition.eventday))).map(BufWriter::new)
    }
}

/// Encodes a tree with a memory budget in MiB.
pub(crate) fn run(tree: &Path, out: &Path, budget_mib: usize) -> anyhow::Result<Figures> {
    let paths = log_objects(tree)?;
    std::fs::create_dir_all(out)?;
    let start = Instant::now();
    let config = EncoderConfig {
        batch: "bench".to_owned(),
        classes: trailkeep_ocsf::Classes::Lake,
        redaction: trailkeep_ocsf::Redaction::default(),
        raw_data_inline: false,
        zstd_level: 1,
        budget_bytes: budget_mib << 20,
        limits: trailkeep_records::InflateLimits::default(),
    };
    let mut encoder = Encoder::new(config, Directory(out.into()));
    let (mut stored, mut inflated_bytes) = (0, 0);
    for (index, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path)?;
        stored += bytes.len() as u64;
        let key = path.to_string_lossy();
        let inflated = encoder.inflate(&bytes);
        inflated_bytes += inflated.inflated_bytes();
        let context = ObjectContext {
            source: index as u32,
            bucket: "b",
            key: &key,
            log_key: None,
            segment: "raw/s.gz",
            segment_offset: 0,
            segment_length: bytes.len() as u64,
        };
        encoder.add(inflated, context)?;
    }
    let encoded = encoder.finish()?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Figures {
        objects: paths.len() as u64,
        rows: encoded.files.iter().map(|f| f.rows).sum(),
        stored_bytes: stored,
        inflated_bytes,
        parquet_bytes: encoded.files.iter().map(|f| f.bytes).sum(),
        seconds,
    })
}
