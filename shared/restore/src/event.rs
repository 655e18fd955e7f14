//! Finds where the Records with an event id lie: event-id indexes first, then bloom filters of the `events` files that are left, then
//! only the row groups that can hold the id, then only the columns that point to the bytes.

use std::collections::BTreeSet;

use arrow_array::{BooleanArray, RecordBatch};
use futures::{StreamExt, TryStreamExt, stream};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowPredicateFn, RowFilter},
        async_reader::ParquetRecordBatchStreamBuilder,
    },
    errors::ParquetError,
};
use trailkeep_archive::{
    BatchId, Category,
    layout::{self, ArchiveKey},
};
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::{
    archive::{Archive, TableFile},
    columns,
    file::{BucketFile, bucket_error},
};

/// Files that are looked into at once.
const FILES_AT_ONCE: usize = 16;
/// The columns that point to a Record's bytes.
const POINTER: [&str; 11] = [
    "event_uid",
    "event_time",
    "record_hash",
    "source_bucket",
    "source_key",
    "raw_segment",
    "raw_offset",
    "raw_length",
    "record_offset",
    "record_length",
    "record_index",
];

/// Which Records are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// Only this UTC event day, `20251009`.
    pub day: Option<u32>,
    /// Only this category.
    pub category: Option<Category>,
}

/// Where a Record's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPointer {
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// Event time, milliseconds since the Unix epoch.
    pub event_at: Option<i64>,
    /// SHA-256 of the Record's verbatim bytes, lower hex.
    pub record_hash: String,
    /// Canonical bucket of the source.
    pub bucket: String,
    /// Key of the source.
    pub key: String,
    /// Key of the segment that holds the source's bytes.
    pub segment: String,
    /// First byte of the source within the segment.
    pub segment_offset: u64,
    /// Bytes of the source within the segment.
    pub segment_length: u64,
    /// First byte of the Record within the source's inflated bytes.
    pub record_offset: u64,
    /// Bytes of the Record.
    pub record_length: u64,
    /// Number of the Record in the source, from 0.
    pub record_index: u64,
}

/// Why Records were not looked for to the end.
#[derive(Debug, thiserror::Error)]
pub enum FindEventError {
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A file of `events/` is no readable Parquet.
    #[error("{key} cannot be read")]
    Damaged {
        /// Key of the file.
        key: String,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// A file of `events/` lacks a column of format 1, or a row of it points nowhere.
    #[error("{key} has no {column} where event {event_id} stands")]
    NoPointer {
        /// Key of the file.
        key: String,
        /// The column.
        column: &'static str,
        /// The event id.
        event_id: String,
    },
}

impl Archive {
    /// Every Record with the event id, in the order of event time, source and place in it. Empty where there is none.
    ///
    /// # Errors
    /// [`FindEventError`].
    pub async fn find_event(&self, filter: &EventFilter) -> Result<Vec<EventPointer>, FindEventError> {
        let prefix = match (filter.category, filter.day) {
            (Some(category), Some(day)) => format!("{}category={category}/eventday={day:08}/", layout::EVENTS),
            (Some(category), None) => format!("{}category={category}/", layout::EVENTS),
            (None, _) => layout::EVENTS.to_owned(),
        };
        // A file whose Batch has no `sources/` object is half of something: it is not looked into.
        let published: BTreeSet<BatchId> = self.sources_files().await?.into_iter().map(|file| file.batch).collect();
        let files = self.table_files(&prefix).await?;
        let files = files.into_iter().filter(|file| published.contains(&file.batch) && on_day(file, filter.day)).collect();
        let files = self.files_with_event_id(&filter.event_id, files).await;
        let found: Vec<Vec<EventPointer>> =
            stream::iter(files).map(|file| self.pointers(file, &filter.event_id)).buffered(FILES_AT_ONCE).try_collect().await?;
        let mut found: Vec<EventPointer> = found.into_iter().flatten().collect();
        found.sort_by(|a, b| (a.event_at, &a.bucket, &a.key, a.record_index).cmp(&(b.event_at, &b.bucket, &b.key, b.record_index)));
        Ok(found)
    }

    async fn pointers(&self, file: TableFile, event_id: &str) -> Result<Vec<EventPointer>, FindEventError> {
        let reader = BucketFile { bucket: self.bucket().clone(), key: file.key.clone(), size_bytes: file.size_bytes };
        let rows = search(reader, event_id).await.map_err(|error| match bucket_error(error) {
            Ok(error) => FindEventError::Bucket(error),
            Err(source) => FindEventError::Damaged { key: file.key.clone(), source },
        })?;
        let mut found = Vec::new();
        for batch in &rows {
            for row in (0..batch.num_rows()).filter(|row| columns::text(batch, "event_uid", *row) == Some(event_id)) {
                let no_pointer = |column| FindEventError::NoPointer { key: file.key.clone(), column, event_id: event_id.to_owned() };
                found.push(pointer(batch, row, event_id).map_err(no_pointer)?);
            }
        }
        Ok(found)
    }
}

fn on_day(file: &TableFile, day: Option<u32>) -> bool {
    match ArchiveKey::parse(&file.key) {
        Some(ArchiveKey::Events { partition, .. }) => day.is_none_or(|day| partition.eventday == day),
        _ => false,
    }
}

/// The rows of a file that carry the id, with the columns of the pointer.
async fn search(reader: BucketFile, event_id: &str) -> Result<Vec<RecordBatch>, ParquetError> {
    let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
    let columns = builder.parquet_schema().columns();
    let Some(column) = columns.iter().position(|column| column.path().string() == "event_uid") else {
        return Ok(Vec::new());
    };
    let mut groups = Vec::new();
    for group in 0..builder.metadata().num_row_groups() {
        match builder.get_row_group_column_bloom_filter(group, column).await? {
            Some(bloom) if !bloom.check(&event_id) => {}
            _ => groups.push(group),
        }
    }
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let id_only = ProjectionMask::columns(builder.parquet_schema(), ["event_uid"]);
    let pointer = ProjectionMask::columns(builder.parquet_schema(), POINTER);
    let wanted = event_id.to_owned();
    let is_wanted = ArrowPredicateFn::new(id_only, move |batch: RecordBatch| {
        Ok((0..batch.num_rows()).map(|row| Some(columns::text(&batch, "event_uid", row) == Some(&wanted))).collect::<BooleanArray>())
    });
    let filter = RowFilter::new(vec![Box::new(is_wanted)]);
    builder.with_row_groups(groups).with_projection(pointer).with_row_filter(filter).build()?.try_collect().await
}

fn pointer(batch: &RecordBatch, row: usize, event_id: &str) -> Result<EventPointer, &'static str> {
    let text = |name: &'static str| columns::text(batch, name, row).map(str::to_owned).ok_or(name);
    let number = |name: &'static str| columns::number(batch, name, row).ok_or(name);
    Ok(EventPointer {
        event_id: event_id.to_owned(),
        event_at: columns::time_ms(batch, "event_time", row),
        record_hash: text("record_hash")?,
        bucket: text("source_bucket")?,
        key: text("source_key")?,
        segment: text("raw_segment")?,
        segment_offset: number("raw_offset")?,
        segment_length: number("raw_length")?,
        record_offset: number("record_offset")?,
        record_length: number("record_length")?,
        record_index: number("record_index")?,
    })
}
