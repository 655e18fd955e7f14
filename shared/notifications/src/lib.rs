//! What arrives on the queue, in each of its forms, as names of objects.
//!
//! [`parse`] reads the body of any message and never fails: what it cannot use has a stable name as its reason. Nothing is fetched, confirmed
//! or followed, and nothing that stands in a message is believed further than that somebody wrote it: whether a bucket or an account is one
//! of ours is for the caller to say.
//!
//! | form | looks like | keys |
//! |---|---|---|
//! | [`Form::S3Event`] | `Records[]` with `eventSource` `aws:s3`, `eventVersion` 2.x | form-encoded: `+` is a space, then percent-encoding |
//! | [`Form::EventBridge`] | `source` `aws.s3`, `detail-type` `Object Created` | as they are |
//! | [`Form::SecurityLake`] | the same without a `detail-type` | as they are |
//! | [`Form::CloudTrail`] | `s3Bucket` and `s3ObjectKey`, one or many | as they are |
//!
//! Each of them may come bare or in up to [`MAX_ENVELOPES`] SNS envelopes. [`s3_event`] and [`cloudtrail_message`] write such bodies.
//!
//! A JSON key that is repeated has its last value, as in most readers. Time and memory grow with the body's length only.
//!
//! Sources: S3 User Guide, "Event message structure" and "EventBridge event message structure"; SNS Developer Guide, "Parsing Amazon SNS
//! message formats"; CloudTrail User Guide, "Configuring Amazon SNS notifications"; Security Lake User Guide, "Sample object notification
//! message". What CloudTrail itself sends to a topic is as the AWS CloudTrail Processing Library reads it.

mod cloudtrail;
mod event_bridge;
mod fields;
mod key;
mod message;
mod notice;
mod parse;
mod reason;
mod s3_event;
mod write;

pub use key::form_decoded;
pub use message::{Confirmation, Envelope, Form, Ignored, Message, Parsed};
pub use notice::{Entry, ObjectNotice};
pub use parse::{MAX_BODY_BYTES, MAX_ENTRIES, MAX_ENVELOPES, parse};
pub use reason::{EntryFault, MessageFault};
pub use write::{cloudtrail_message, s3_event};

#[cfg(test)]
mod tests;
