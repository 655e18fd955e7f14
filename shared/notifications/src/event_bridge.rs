//! S3's events by way of EventBridge, and Security Lake's notifications, which have their shape.

use trailkeep_records::time::parse_iso;

use crate::{
    Entry, EntryFault, ObjectNotice,
    fields::{Raw, count, text},
    key,
    notice::Refusal,
    s3_event::inside,
};

/// Reads `detail`. Keys are not encoded. `eTag` is how one emulator spells `etag`.
pub(crate) fn read(detail: Raw<'_>, time: Option<Raw<'_>>) -> Entry {
    notice(detail, time).unwrap_or_else(Entry::from)
}

fn notice(detail: Raw<'_>, time: Option<Raw<'_>>) -> Result<Entry, Refusal> {
    let [bucket, object] = inside(detail, ["bucket", "object"], "detail")?;
    let [bucket] = inside(bucket.ok_or_else(|| Refusal::new(EntryFault::BadField, "detail.bucket"))?, ["name"], "detail.bucket")?;
    let object = object.ok_or_else(|| Refusal::new(EntryFault::BadField, "detail.object"))?;
    let [name, size, etag, emulated_etag, version, sequencer] =
        inside(object, ["key", "size", "etag", "eTag", "version-id", "sequencer"], "detail.object")?;
    Ok(Entry::Object(ObjectNotice {
        bucket: key::bucket(bucket, "detail.bucket.name")?,
        key: key::checked(key::required(name, "detail.object.key")?.into_owned())?,
        version: key::version(version, "detail.object.version-id")?,
        etag: key::etag(etag).or_else(|| key::etag(emulated_etag)),
        size_bytes: size.and_then(count),
        event_time_ms: time.and_then(text).and_then(|time| parse_iso(&time)),
        sequencer: key::sequencer(sequencer),
    }))
}
