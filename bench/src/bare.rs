//! The limit: what any converter to columns must do, and nothing else. Inflate, SHA-256 of the inflated bytes, typed parse, 42 flat
//! columns, Parquet with zstd 1, on one core. No OCSF, no raw copy, no Record hashes, no sorting, no ledger, nothing durable.

use std::{fs::File, io::BufWriter, path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{BooleanBuilder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use trailkeep_records::hash::sha256_each;

use crate::{Figures, tree::log_objects};

/// A text that is borrowed from the JSON wherever it has no escapes. Serde borrows for a field of its own only, not within an option.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

impl std::ops::Deref for Borrowed<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

type Text<'a> = Option<Borrowed<'a>>;

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<Record<'a>>,
}

macro_rules! record {
    (texts: $($text:ident)*; renamed: $($renamed:ident = $name:literal)*; nested: $($group:ident: $kind:ident)*; raw: $($raw:ident)*; bools: $($bool:ident)*) => {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Record<'a> {
            $(#[serde(borrow)] $text: Text<'a>,)*
            $(#[serde(borrow, rename = $name)] $renamed: Text<'a>,)*
            $(#[serde(borrow)] $group: Option<$kind<'a>>,)*
            $(#[serde(borrow)] $raw: Option<&'a RawValue>,)*
            $($bool: Option<bool>,)*
        }

        impl Columns {
            fn push(&mut self, record: &Record<'_>) {
                let mut texts = self.texts.iter_mut();
                let mut text = |value: Option<&str>| if let Some(column) = texts.next() { column.append_option(value) };
                $(text(record.$text.as_deref());)*
                $(text(record.$renamed.as_deref());)*
                $(text(record.$raw.map(RawValue::get));)*
                let identity = record.user_identity.as_ref();
                for value in identity.map_or([None; 7], UserIdentity::texts) {
                    text(value);
                }
                let session = identity.and_then(|i| i.session_context.as_ref());
                for value in session.map_or([None; 0], SessionContext::texts) {
                    text(value);
                }
                for value in session.and_then(|s| s.session_issuer.as_ref()).map_or([None; 5], Issuer::texts) {
                    text(value);
                }
                for value in session.and_then(|s| s.attributes.as_ref()).map_or([None; 2], Attributes::texts) {
                    text(value);
                }
                for value in record.tls_details.as_ref().map_or([None; 3], Tls::texts) {
                    text(value);
                }
                let mut bools = self.bools.iter_mut();
                $(if let Some(column) = bools.next() { column.append_option(record.$bool) })*
                self.rows += 1;
            }
        }
    };
}

macro_rules! group {
    ($name:ident[$n:literal]: $($text:ident)*; $($inner:ident: $kind:ident)*) => {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct $name<'a> {
            $(#[serde(borrow)] $text: Text<'a>,)*
            $(#[serde(borrow)] $inner: Option<$kind<'a>>,)*
        }

        impl $name<'_> {
            fn texts(&self) -> [Option<&str>; $n] {
                [$(self.$text.as_deref()),*]
            }
        }
    };
}

record! {
    texts: event_version event_time event_source event_name aws_region user_agent error_code error_message event_type
        recipient_account_id event_category vpc_endpoint_id api_version;
    renamed: source_address = "sourceIPAddress" request_id = "requestID" event_id = "eventID" shared_event_id = "sharedEventID";
    nested: user_identity: UserIdentity tls_details: Tls;
    raw: request_parameters response_elements additional_event_data resources service_event_details addendum;
    bools: read_only management_event
}
group!(UserIdentity[7]: r#type principal_id arn account_id access_key_id user_name invoked_by; session_context: SessionContext);
group!(SessionContext[0]: ; session_issuer: Issuer attributes: Attributes);
group!(Issuer[5]: r#type principal_id arn account_id user_name;);
group!(Attributes[2]: mfa_authenticated creation_date;);
group!(Tls[3]: tls_version cipher_suite client_provided_host_header;);

struct Columns {
    texts: Vec<StringBuilder>,
    bools: Vec<BooleanBuilder>,
    rows: usize,
}

/// 17 texts, 6 JSON texts, 7 + 5 + 2 of the identity, 3 of TLS; 2 booleans.
const TEXTS: usize = 40;
const BOOLS: usize = 2;
/// Rows of a row group, and bytes that are hashed and parsed at once.
const ROWS: usize = 65_536;
const BUFFER_BYTES: usize = 24 << 20;

impl Columns {
    fn new() -> Self {
        Self {
            texts: (0..TEXTS).map(|_| StringBuilder::new()).collect(),
            bools: (0..BOOLS).map(|_| BooleanBuilder::new()).collect(),
            rows: 0,
        }
    }

    fn take(&mut self, schema: &Arc<Schema>) -> anyhow::Result<RecordBatch> {
        self.rows = 0;
        let texts = self.texts.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef);
        let arrays = texts.chain(self.bools.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef)).collect();
        Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
    }
}

fn schema() -> Arc<Schema> {
    let texts = (0..TEXTS).map(|n| Field::new(format!("text_{n}"), DataType::Utf8, true));
    Arc::new(Schema::new(texts.chain((0..BOOLS).map(|n| Field::new(format!("bool_{n}"), DataType::Boolean, true))).collect::<Vec<_>>()))
}

/// The Records of a log object: a member of it, or in aggregated ones all there is.
fn records(json: &[u8]) -> anyhow::Result<Vec<Record<'_>>> {
    let json = std::str::from_utf8(json)?;
    if json.starts_with('[') { Ok(serde_json::from_str(json)?) } else { Ok(serde_json::from_str::<Log<'_>>(json)?.records) }
}

/// Converts a tree into one Parquet file.
pub(crate) fn run(tree: &Path, out: &Path) -> anyhow::Result<Figures> {
    let paths = log_objects(tree)?;
    let start = Instant::now();
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?)).build();
    let schema = schema();
    let mut writer = ArrowWriter::try_new(BufWriter::new(File::create(out)?), Arc::clone(&schema), Some(properties))?;
    #[expect(clippy::disallowed_types, reason = "the limit trusts its input")]
    let mut inflater = libdeflater::Decompressor::new();
    let (mut columns, mut buffer, mut ends) = (Columns::new(), Vec::new(), Vec::new());
    let mut figures = Figures { objects: paths.len() as u64, rows: 0, stored_bytes: 0, inflated_bytes: 0, parquet_bytes: 0, seconds: 0.0 };
    for (index, path) in paths.iter().enumerate() {
        let stored = std::fs::read(path)?;
        figures.stored_bytes += stored.len() as u64;
        let size = stored.last_chunk().map_or(0, |b| u32::from_le_bytes(*b)) as usize;
        let at = buffer.len();
        buffer.resize(at + size, 0);
        inflater
            .gzip_decompress(&stored, buffer.get_mut(at..).unwrap_or_default())
            .with_context(|| format!("{} is not one gzip member", path.display()))?;
        figures.inflated_bytes += size as u64;
        ends.push(at..buffer.len());
        if buffer.len() < BUFFER_BYTES && index + 1 < paths.len() {
            continue;
        }
        let slices: Vec<&[u8]> = ends.iter().map(|range| buffer.get(range.clone()).unwrap_or_default()).collect();
        std::hint::black_box(sha256_each(&slices));
        for slice in slices {
            for record in &records(slice)? {
                columns.push(record);
                figures.rows += 1;
                if columns.rows == ROWS {
                    writer.write(&columns.take(&schema)?)?;
                    writer.flush()?;
                }
            }
        }
        buffer.clear();
        ends.clear();
    }
    writer.write(&columns.take(&schema)?)?;
    writer.close()?;
    figures.seconds = start.elapsed().as_secs_f64();
    figures.parquet_bytes = std::fs::metadata(out)?.len();
    Ok(figures)
}
