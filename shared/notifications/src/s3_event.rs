//! S3's own event notifications: `Records[]`, version 2.x.

use trailkeep_records::time::parse_iso;

use crate::{
    Entry, EntryFault, ObjectNotice,
    fields::{Raw, count, fields, text},
    key,
    notice::{Refusal, event_name},
};

/// Reads one element of `Records`. What names the object must be right; what only describes it is left out where it cannot be read.
pub(crate) fn read(record: Raw<'_>) -> Entry {
    notice(record).unwrap_or_else(Entry::from)
}

fn notice(record: Raw<'_>) -> Result<Entry, Refusal> {
    let [source, version, name, time, s3] = inside(record, ["eventSource", "eventVersion", "eventName", "eventTime", "s3"], "Records[]")?;
    let source = key::required(source, "eventSource")?;
    if source != "aws:s3" {
        return Err(Refusal::new(EntryFault::OtherSource, &source));
    }
    // Readers are asked to compare the major version for equality, and to take any minor version.
    // Source: S3 User Guide, "Event message structure".
    let version = key::required(version, "eventVersion")?;
    if version.split('.').next() != Some("2") {
        return Err(Refusal::new(EntryFault::OtherVersion, &version));
    }
    let name = key::required(name, "eventName")?;
    if !name.strip_prefix("s3:").unwrap_or(&name).starts_with("ObjectCreated:") {
        return Ok(Entry::Ignored { event_name: event_name(&name) });
    }
    let s3 = s3.ok_or_else(|| Refusal::new(EntryFault::BadField, "s3"))?;
    let [bucket, object] = inside(s3, ["bucket", "object"], "s3")?;
    let [bucket] = inside(bucket.ok_or_else(|| Refusal::new(EntryFault::BadField, "s3.bucket"))?, ["name"], "s3.bucket")?;
    let object = object.ok_or_else(|| Refusal::new(EntryFault::BadField, "s3.object"))?;
    let [encoded, size, etag, version, sequencer] = inside(object, ["key", "size", "eTag", "versionId", "sequencer"], "s3.object")?;
    Ok(Entry::Object(ObjectNotice {
        bucket: key::bucket(bucket, "s3.bucket.name")?,
        key: key::checked(key::decoded(&key::required(encoded, "s3.object.key")?)?)?,
        version: key::version(version, "s3.object.versionId")?,
        etag: key::etag(etag),
        size_bytes: size.and_then(count),
        event_time_ms: time.and_then(text).and_then(|time| parse_iso(&time)),
        sequencer: key::sequencer(sequencer),
    }))
}

/// The fields of an object inside an entry.
pub(crate) fn inside<'a, const N: usize>(value: Raw<'a>, names: [&str; N], what: &str) -> Result<[Option<Raw<'a>>; N], Refusal> {
    fields(value.get(), names).map_err(|_| Refusal::new(EntryFault::NotAnObject, what))
}
