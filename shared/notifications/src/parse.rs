//! Tells the forms apart, and takes SNS envelopes off.

use std::borrow::Cow;

use crate::{
    Confirmation, Entry, EntryFault, Envelope, Form, Ignored, Message, MessageFault, Parsed, cloudtrail, event_bridge,
    fields::{NoElements, NoFields, Raw, elements, fields, text},
    notice::{Refusal, event_name, shown},
    s3_event,
};

/// Longest body: 1 MiB (1,048,576 bytes), as much as SQS takes. Source: SQS Developer Guide, "Amazon SQS message quotas".
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Most entries of one message.
pub const MAX_ENTRIES: usize = 10_000;
/// Most SNS envelopes in each other.
pub const MAX_ENVELOPES: usize = 3;

/// What CloudTrail publishes as plain text when a topic is attached to a trail.
const CLOUDTRAIL_VALIDATION: &str = "CloudTrail validation message.";

/// Reads a message's body. Never fails and never panics; what cannot be used says why.
pub fn parse(body: &str) -> Parsed {
    let mut envelopes = Vec::new();
    let message = if body.len() > MAX_BODY_BYTES {
        rejected(MessageFault::TooLarge, &format!("{} bytes", body.len()))
    } else {
        open(body, &mut envelopes)
    };
    Parsed { message, envelopes }
}

/// Takes envelopes off until something else comes.
fn open(body: &str, envelopes: &mut Vec<Envelope>) -> Message {
    let mut body = Cow::Borrowed(body);
    loop {
        match read(&body) {
            Read::Done(message) => return message,
            Read::Enveloped(..) if envelopes.len() == MAX_ENVELOPES => return rejected(MessageFault::TooManyEnvelopes, ""),
            Read::Enveloped(envelope, inner) => {
                envelopes.push(envelope);
                body = Cow::Owned(inner);
            }
        }
    }
}

enum Read {
    Done(Message),
    Enveloped(Envelope, String),
}

/// The fields by which the forms are told apart.
struct Top<'a> {
    kind: Option<Raw<'a>>,
    message: Option<Raw<'a>>,
    topic: Option<Raw<'a>>,
    message_id: Option<Raw<'a>>,
    event: Option<Raw<'a>>,
    records: Option<Raw<'a>>,
    source: Option<Raw<'a>>,
    detail_type: Option<Raw<'a>>,
    detail: Option<Raw<'a>>,
    time: Option<Raw<'a>>,
    bucket: Option<Raw<'a>>,
    keys: Option<Raw<'a>>,
}

impl<'a> Top<'a> {
    fn of(body: &'a str) -> Result<Self, NoFields> {
        let [kind, message, topic, message_id, event, records, source, detail_type, detail, time, bucket, keys] = fields(
            body,
            [
                "Type",
                "Message",
                "TopicArn",
                "MessageId",
                "Event",
                "Records",
                "source",
                "detail-type",
                "detail",
                "time",
                "s3Bucket",
                "s3ObjectKey",
            ],
        )?;
        Ok(Self { kind, message, topic, message_id, event, records, source, detail_type, detail, time, bucket, keys })
    }
}

fn read(body: &str) -> Read {
    // Some tools put the text between quotes, as JSON.
    if body.trim().trim_matches('"') == CLOUDTRAIL_VALIDATION {
        return Read::Done(Message::Ignored(Ignored::CloudTrailValidation));
    }
    let top = match Top::of(body) {
        Ok(top) => top,
        Err(NoFields::NotJson) => return Read::Done(rejected(MessageFault::NotJson, body)),
        Err(NoFields::NotAnObject) => return Read::Done(rejected(MessageFault::NotAnObject, body)),
    };
    match (&top.kind, top.message) {
        (Some(kind), Some(_)) => from_sns(&top, &text(kind).unwrap_or_default()),
        _ => Read::Done(from_s3(&top)),
    }
}

fn from_sns(top: &Top<'_>, kind: &str) -> Read {
    let told = |value: Option<Raw<'_>>| value.and_then(text).map(|text| shown(&text));
    let confirmation = match kind {
        "Notification" => {
            let Some(inner) = top.message.and_then(text) else { return Read::Done(rejected(MessageFault::BadEnvelope, "Message")) };
            let envelope = Envelope { topic: told(top.topic), message_id: told(top.message_id) };
            return Read::Enveloped(envelope, inner.into_owned());
        }
        "SubscriptionConfirmation" => Confirmation::Subscription,
        "UnsubscribeConfirmation" => Confirmation::Unsubscribe,
        other => return Read::Done(rejected(MessageFault::UnknownForm, &format!("Type {other}"))),
    };
    Read::Done(Message::Confirmation { kind: confirmation, topic: told(top.topic) })
}

fn from_s3(top: &Top<'_>) -> Message {
    if let Some(records) = top.records {
        return from_records(records);
    }
    if is(top.event, "s3:TestEvent") {
        return Message::Ignored(Ignored::S3TestEvent);
    }
    if let (true, Some(detail)) = (is(top.source, "aws.s3"), top.detail) {
        return from_event_bridge(top, detail);
    }
    match (top.bucket, top.keys) {
        (Some(bucket), Some(keys)) => cloudtrail::read(bucket, keys),
        (None, None) => rejected(MessageFault::UnknownForm, ""),
        (Some(_), None) => rejected(MessageFault::BadCloudTrail, "s3ObjectKey"),
        (None, Some(_)) => rejected(MessageFault::BadCloudTrail, "s3Bucket"),
    }
}

fn from_records(records: Raw<'_>) -> Message {
    match elements(records, MAX_ENTRIES) {
        Ok(records) if records.is_empty() => Message::Ignored(Ignored::NoEntries),
        Ok(records) => Message::Objects { form: Form::S3Event, entries: records.into_iter().map(s3_event::read).collect() },
        Err(NoElements::NotAList) => rejected(MessageFault::RecordsNotAList, records.get()),
        Err(NoElements::TooMany) => rejected(MessageFault::TooManyObjects, "Records"),
    }
}

fn from_event_bridge(top: &Top<'_>, detail: Raw<'_>) -> Message {
    let Some(detail_type) = top.detail_type else {
        return Message::Objects { form: Form::SecurityLake, entries: vec![event_bridge::read(detail, top.time)] };
    };
    let entry = match text(detail_type).as_deref() {
        Some("Object Created") => event_bridge::read(detail, top.time),
        Some(other) if other.starts_with("Object ") => Entry::Ignored { event_name: event_name(other) },
        Some(other) => return rejected(MessageFault::UnknownForm, &format!("detail-type {other}")),
        None => Refusal::new(EntryFault::BadField, "detail-type").into(),
    };
    Message::Objects { form: Form::EventBridge, entries: vec![entry] }
}

fn is(value: Option<Raw<'_>>, wanted: &str) -> bool {
    value.and_then(text).is_some_and(|text| text == wanted)
}

pub(crate) fn rejected(reason: MessageFault, detail: &str) -> Message {
    Message::Rejected { reason, detail: shown(detail) }
}
