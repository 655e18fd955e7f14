//! Measures the encoder alone, single-threaded and without a ledger: what part of ingest is its.

use std::{fs::File, io::BufWriter, path::PathBuf, time::Instant};

use trailkeep_archive::Partition;
use trailkeep_events::{Encoder, EncoderConfig, ObjectContext, PartitionSink};

struct Directory(PathBuf);

impl PartitionSink for Directory {
    type Writer = BufWriter<File>;

    fn open(&mut self, partition: &Partition) -> std::io::Result<Self::Writer> {
        File::create(self.0.join(format!("{}-{}.parquet", partition.category, partition.eventday))).map(BufWriter::new)
    }
}

fn files(dir: &std::path::Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, out)?;
        } else if path.to_string_lossy().contains("_CloudTrail_") && path.extension().is_some_and(|e| e == "gz") {
            out.push(path);
        }
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(tree), Some(out)) = (arguments.get(1), arguments.get(2)) else { anyhow::bail!("usage: trailkeep-bench TREE OUT") };
    let mut paths = Vec::new();
    files(tree.as_ref(), &mut paths)?;
    paths.sort();
    std::fs::create_dir_all(out)?;
    let budget_bytes = arguments.get(3).and_then(|b| b.parse().ok()).unwrap_or(128) << 20;
    let start = Instant::now();
    let config = EncoderConfig {
        batch: "bench".to_owned(),
        classes: trailkeep_ocsf::Classes::Lake,
        redaction: trailkeep_ocsf::Redaction::default(),
        raw_data_inline: false,
        zstd_level: 1,
        budget_bytes,
        limits: trailkeep_records::InflateLimits::default(),
    };
    let mut encoder = Encoder::new(config, Directory(out.into()));
    let (mut stored, mut inflated_bytes) = (0, 0);
    for (index, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path)?;
        stored += bytes.len();
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
    let rows: u64 = encoded.files.iter().map(|f| f.rows).sum();
    let bytes: u64 = encoded.files.iter().map(|f| f.bytes).sum();
    let broken: usize = encoded.reports.iter().map(|r| r.quarantined.len()).sum();
    let text = format!(
        "{} objects, {rows} rows, {broken} broken, stored {stored}, inflated {inflated_bytes}, events {bytes} ({:.3} of stored), {seconds:.2} s, {:.1} MB/s\n",
        paths.len(),
        bytes as f64 / stored as f64,
        inflated_bytes as f64 / seconds / 1e6
    );
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(())
}
