//! An inventory's file as CSV in gzip, read as a stream.

use std::io::{self, Read};

use anyhow::{Context as _, ensure};
use trailkeep_notifications::form_decoded;
use trailkeep_records::{InflateLimits, inflate::GzipStream};

use super::{Listed, Out, Row};

/// Most that a file may inflate to: 64 GiB, read as a stream.
const MAX_INFLATED_BYTES: u64 = 64 << 30;

/// Places of the columns that are read. Source: S3 User Guide, "Amazon S3 Inventory list".
struct Columns {
    key: usize,
    size: Option<usize>,
    etag: Option<usize>,
    version: Option<usize>,
    latest: Option<usize>,
    delete_marker: Option<usize>,
}

impl Columns {
    fn of(names: &[String]) -> anyhow::Result<Self> {
        let place = |name: &str| names.iter().position(|column| column.eq_ignore_ascii_case(name));
        Ok(Self {
            key: place("Key").with_context(|| format!("the inventory's schema has no Key: {}", names.join(", ")))?,
            size: place("Size"),
            etag: place("ETag"),
            version: place("VersionId"),
            latest: place("IsLatest"),
            delete_marker: place("IsDeleteMarker"),
        })
    }
}

/// `false` where nobody listens any more.
pub(super) fn read(stored: impl Read, columns: &[String], out: &mut Out<'_>) -> anyhow::Result<bool> {
    let columns = Columns::of(columns)?;
    let limits = InflateLimits { inflated_bytes: MAX_INFLATED_BYTES, ..InflateLimits::default() };
    let mut inflated = Inflated(GzipStream::new(stored, limits));
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&mut inflated);
    let mut record = csv::StringRecord::new();
    while rows.read_record(&mut record)? {
        if !out.take(row(&record, &columns)?) {
            return Ok(false);
        }
    }
    drop(rows);
    let flags = inflated.0.shape().flags();
    ensure!(flags.iter().all(|flag| matches!(*flag, "several_members" | "not_gzip")), "it is damaged: {}", flags.join(", "));
    Ok(true)
}

/// The stream as a reader.
struct Inflated<R>(GzipStream<R>);

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(io::Error::other)
    }
}

fn row(record: &csv::StringRecord, columns: &Columns) -> anyhow::Result<Row> {
    let field = |place: Option<usize>| place.and_then(|place| record.get(place)).filter(|text| !text.is_empty());
    let line = || record.position().map_or(0, csv::Position::line);
    let encoded = record.get(columns.key).with_context(|| format!("line {} has no key", line()))?;
    let key = form_decoded(encoded).with_context(|| format!("the key in line {} is not UTF-8", line()))?;
    // Delete markers have no size.
    let size_bytes = match field(columns.size) {
        Some(text) => text.parse().with_context(|| format!("{text:?} in line {} is no size", line()))?,
        None => 0,
    };
    let is = |place: Option<usize>, text: &str| field(place).is_some_and(|value| value.eq_ignore_ascii_case(text));
    Ok(Row {
        object: Listed {
            key,
            size_bytes,
            etag: field(columns.etag).map(|etag| etag.trim_matches('"').to_owned()),
            version: field(columns.version).filter(|version| *version != "null").map(ToOwned::to_owned),
        },
        older: is(columns.latest, "false"),
        delete_marker: is(columns.delete_marker, "true"),
    })
}
