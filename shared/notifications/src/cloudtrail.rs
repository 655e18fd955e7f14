//! What CloudTrail sends to a trail's own topic: a bucket, and one key or many.

use crate::{
    Entry, Form, Ignored, Message, MessageFault, ObjectNotice,
    fields::{NoElements, Raw, elements},
    key,
    notice::{Refusal, shown},
    parse::{MAX_ENTRIES, rejected},
};

/// Reads `s3Bucket` and `s3ObjectKey`. Keys are not encoded: the AWS CloudTrail Processing Library uses them as they are.
pub(crate) fn read(bucket: Raw<'_>, keys: Raw<'_>) -> Message {
    let bucket = match key::bucket(Some(bucket), "s3Bucket") {
        Ok(bucket) => bucket,
        Err(refusal) => return Message::Rejected { reason: MessageFault::BadCloudTrail, detail: refusal.into_detail() },
    };
    let keys = match elements(keys, MAX_ENTRIES) {
        Ok(keys) if keys.is_empty() => return Message::Ignored(Ignored::NoEntries),
        Ok(keys) => keys,
        Err(NoElements::TooMany) => return rejected(MessageFault::TooManyObjects, "s3ObjectKey"),
        Err(NoElements::NotAList) if keys.get().starts_with('"') => vec![keys],
        Err(NoElements::NotAList) => return rejected(MessageFault::BadCloudTrail, &shown(keys.get())),
    };
    let entries = keys.into_iter().map(|key| notice(&bucket, key).unwrap_or_else(Entry::from)).collect();
    Message::Objects { form: Form::CloudTrail, entries }
}

fn notice(bucket: &str, name: Raw<'_>) -> Result<Entry, Refusal> {
    Ok(Entry::Object(ObjectNotice {
        bucket: bucket.to_owned(),
        key: key::checked(key::required(Some(name), "s3ObjectKey[]")?.into_owned())?,
        version: None,
        etag: None,
        size_bytes: None,
        event_time_ms: None,
        sequencer: None,
    }))
}
