//! What a whole message says.

use crate::{Entry, MessageFault};

/// A message, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it says.
    pub message: Message,
    /// The SNS envelopes around it, the outermost first; none for bare messages and raw delivery.
    pub envelopes: Vec<Envelope>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Entries, each by itself: objects, things to ignore, things that cannot be used. At least one.
    Objects {
        /// How they were written.
        form: Form,
        /// In the message's order.
        entries: Vec<Entry>,
    },
    /// Well understood, and nothing to do.
    Ignored(Ignored),
    /// SNS asks whether a subscription is wanted, or says that one has ended. Its link is not kept: who subscribed confirms.
    Confirmation {
        /// Which of the two.
        kind: Confirmation,
        /// ARN of the topic, where it is given, escaped and cut to 200 characters.
        topic: Option<String>,
    },
    /// Nothing of it can be used.
    Rejected {
        /// Why.
        reason: MessageFault,
        /// What is at fault, escaped, cut to 200 characters.
        detail: String,
    },
}

/// An SNS envelope that was taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// ARN of the topic, as the envelope claims, escaped and cut to 200 characters.
    pub topic: Option<String>,
    /// SNS's own id of the message, escaped and cut to 200 characters.
    pub message_id: Option<String>,
}

/// How a message names its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// S3's own event notification, version 2.
    S3Event,
    /// S3's event by way of EventBridge.
    EventBridge,
    /// As Security Lake's guide shows what its subscribers get: EventBridge's shape, `requester` `securitylake.amazonaws.com`, and no
    /// `detail-type`. That shape is verified against the guide only; that keys are not encoded follows from EventBridge's, and no real
    /// message was at hand to check it. One with a `detail-type` is read as [`Form::EventBridge`], to the same effect.
    SecurityLake,
    /// What CloudTrail sends to a trail's topic.
    CloudTrail,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::S3Event, Self::EventBridge, Self::SecurityLake, Self::CloudTrail];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3Event => "s3_event",
            Self::EventBridge => "event_bridge",
            Self::SecurityLake => "security_lake",
            Self::CloudTrail => "cloudtrail",
        }
    }
}

/// Messages that are understood and ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// `s3:TestEvent`: S3 tried whether it may send, when its configuration was saved.
    S3TestEvent,
    /// `CloudTrail validation message.`: CloudTrail tried whether it may publish to its topic.
    CloudTrailValidation,
    /// An S3 event or a CloudTrail notification with an empty list.
    NoEntries,
}

impl Ignored {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S3TestEvent, Self::CloudTrailValidation, Self::NoEntries];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3TestEvent => "s3_test_event",
            Self::CloudTrailValidation => "cloudtrail_validation",
            Self::NoEntries => "no_entries",
        }
    }
}

/// What SNS says of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confirmation {
    /// Somebody subscribed the queue to a topic, and nobody has confirmed yet.
    Subscription,
    /// The subscription was ended.
    Unsubscribe,
}

impl Confirmation {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription_confirmation",
            Self::Unsubscribe => "unsubscribe_confirmation",
        }
    }
}
