//! Why a message, or one entry of it, cannot be used. Names are stable: they stand in metrics and in `quarantine/`.

/// Why nothing of a message can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum MessageFault {
    /// Longer than [`crate::MAX_BODY_BYTES`].
    #[error("the message is larger than 1 MiB")]
    TooLarge,
    /// No JSON, or cut off.
    #[error("the message is not json")]
    NotJson,
    /// JSON, but a list, a text or a number.
    #[error("the message is json, but not an object")]
    NotAnObject,
    /// More SNS envelopes in each other than [`crate::MAX_ENVELOPES`].
    #[error("more than three sns envelopes stand in each other")]
    TooManyEnvelopes,
    /// `Type` says that it is an envelope, and `Message` is no text.
    #[error("the sns envelope holds no text")]
    BadEnvelope,
    /// More entries than [`crate::MAX_ENTRIES`].
    #[error("the message names more than 10,000 objects")]
    TooManyObjects,
    /// `Records` is no list.
    #[error("the message's Records are not a list")]
    RecordsNotAList,
    /// `s3Bucket` or `s3ObjectKey` is missing or of the wrong type.
    #[error("the message of cloudtrail's form lacks a bucket or keys")]
    BadCloudTrail,
    /// None of the forms.
    #[error("the message has a form that is not known")]
    UnknownForm,
}

impl MessageFault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::TooLarge,
        Self::NotJson,
        Self::NotAnObject,
        Self::TooManyEnvelopes,
        Self::BadEnvelope,
        Self::TooManyObjects,
        Self::RecordsNotAList,
        Self::BadCloudTrail,
        Self::UnknownForm,
    ];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::TooManyEnvelopes => "too_many_envelopes",
            Self::BadEnvelope => "bad_envelope",
            Self::TooManyObjects => "too_many_objects",
            Self::RecordsNotAList => "records_not_a_list",
            Self::BadCloudTrail => "bad_cloudtrail_message",
            Self::UnknownForm => "unknown_form",
        }
    }
}

/// Why one entry of a message cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum EntryFault {
    /// The entry is no JSON object where one is due.
    #[error("the entry is not an object")]
    NotAnObject,
    /// `eventSource` is not `aws:s3`.
    #[error("the event is not of s3")]
    OtherSource,
    /// `eventVersion` is not 2.x.
    #[error("the event's version is not 2")]
    OtherVersion,
    /// A field that names the object is missing, or is no text.
    #[error("a field that names the object is missing or is not text")]
    BadField,
    /// The bucket's name could not be one.
    #[error("the bucket's name could not be one")]
    BadBucket,
    /// The key is empty.
    #[error("the key is empty")]
    KeyEmpty,
    /// The key is longer than 1,024 bytes.
    #[error("the key is longer than 1,024 bytes")]
    KeyTooLong,
    /// The key, decoded, is not UTF-8.
    #[error("the key is not utf-8")]
    KeyNotUtf8,
    /// The key has control characters.
    #[error("the key has control characters")]
    KeyControlCharacters,
    /// The key has a segment `..`.
    #[error("the key has a segment of two dots")]
    KeyDotDot,
}

impl EntryFault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NotAnObject,
        Self::OtherSource,
        Self::OtherVersion,
        Self::BadField,
        Self::BadBucket,
        Self::KeyEmpty,
        Self::KeyTooLong,
        Self::KeyNotUtf8,
        Self::KeyControlCharacters,
        Self::KeyDotDot,
    ];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::OtherSource => "other_source",
            Self::OtherVersion => "other_version",
            Self::BadField => "bad_field",
            Self::BadBucket => "bad_bucket",
            Self::KeyEmpty => "key_empty",
            Self::KeyTooLong => "key_too_long",
            Self::KeyNotUtf8 => "key_not_utf8",
            Self::KeyControlCharacters => "key_control_characters",
            Self::KeyDotDot => "key_dot_dot",
        }
    }
}
