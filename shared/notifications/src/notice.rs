//! One entry of a message.

use crate::EntryFault;

/// An object as a notification names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectNotice {
    /// The bucket's name: 1 to 255 letters, digits and `.-_`. Nothing says that it is one of ours.
    pub bucket: String,
    /// The key, decoded: 1 to 1,024 bytes, no control characters, no segment `..`.
    pub key: String,
    /// The version to fetch; `None` where the bucket has none, or the form does not tell.
    pub version: Option<String>,
    /// Entity tag without quotes.
    pub etag: Option<String>,
    /// Stored size in bytes.
    pub size_bytes: Option<u64>,
    /// When S3 says that it happened, milliseconds since the Unix epoch. A time without a zone is read as UTC.
    pub event_time_ms: Option<i64>,
    /// Orders the events of one key: hexadecimal digits of varying length, to be padded with zeros at the left before they are compared.
    pub sequencer: Option<String>,
}

/// What one entry of a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An object was written.
    Object(ObjectNotice),
    /// Something else happened, such as `ObjectRemoved:Delete` or `Object Deleted`.
    Ignored {
        /// The event's name, cut to 128 characters.
        event_name: String,
    },
    /// The entry cannot be used; the others of its message can.
    Rejected {
        /// Why.
        reason: EntryFault,
        /// The field or the text that is at fault, escaped, cut to 200 characters.
        detail: String,
    },
}

impl Entry {
    /// The object, where the entry names one.
    pub fn object(&self) -> Option<&ObjectNotice> {
        match self {
            Self::Object(notice) => Some(notice),
            Self::Ignored { .. } | Self::Rejected { .. } => None,
        }
    }
}

/// Why an entry cannot be used, on its way to becoming [`Entry::Rejected`].
#[derive(Debug)]
pub(crate) struct Refusal {
    reason: EntryFault,
    detail: String,
}

impl Refusal {
    /// Hostile text is escaped and cut before it is repeated.
    pub(crate) fn new(reason: EntryFault, detail: &str) -> Self {
        Self { reason, detail: shown(detail) }
    }

    /// What is at fault.
    pub(crate) fn into_detail(self) -> String {
        self.detail
    }
}

impl From<Refusal> for Entry {
    fn from(Refusal { reason, detail }: Refusal) -> Self {
        Self::Rejected { reason, detail }
    }
}

/// Text of others, fit for a log line: escaped, at most 200 characters of it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

/// The name of an event that is no creation, cut and escaped.
pub(crate) fn event_name(text: &str) -> String {
    text.chars().take(128).flat_map(char::escape_debug).collect()
}
