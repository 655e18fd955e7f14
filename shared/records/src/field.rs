//! The top-level fields of a Record, by name, and where each stands in the Record's bytes.

macro_rules! keys {
    ($($variant:ident $name:literal,)*) => {
        /// A top-level field that CloudTrail documents (User Guide, "CloudTrail record contents"; event versions 1.0 to 1.11
        /// and aggregated events), or one that it does not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Key {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// A field that no documentation names; the [`Field`]'s name span tells which.
            Unknown,
        }

        impl Key {
            /// All documented fields, in declaration order, which is the order in which CloudTrail mostly writes them.
            pub const ALL: &'static [Key] = &[$(Key::$variant,)*];

            /// The name as CloudTrail writes it; empty for [`Key::Unknown`].
            pub const fn name(self) -> &'static str {
                match self { $(Key::$variant => $name,)* Key::Unknown => "" }
            }

            /// The field of that name.
            pub fn from_name(name: &[u8]) -> Self {
                $(if name == $name.as_bytes() { return Key::$variant; })*
                Key::Unknown
            }
        }
    };
}

keys! {
    EventVersion "eventVersion",
    UserIdentity "userIdentity",
    EventTime "eventTime",
    EventSource "eventSource",
    EventName "eventName",
    AwsRegion "awsRegion",
    SourceIpAddress "sourceIPAddress",
    UserAgent "userAgent",
    ErrorCode "errorCode",
    ErrorMessage "errorMessage",
    RequestParameters "requestParameters",
    ResponseElements "responseElements",
    AdditionalEventData "additionalEventData",
    RequestId "requestID",
    EventId "eventID",
    ReadOnly "readOnly",
    Resources "resources",
    EventType "eventType",
    ApiVersion "apiVersion",
    ManagementEvent "managementEvent",
    RecipientAccountId "recipientAccountId",
    SharedEventId "sharedEventID",
    VpcEndpointId "vpcEndpointId",
    VpcEndpointAccountId "vpcEndpointAccountId",
    EventCategory "eventCategory",
    ServiceEventDetails "serviceEventDetails",
    InsightDetails "insightDetails",
    Addendum "addendum",
    EdgeDeviceDetails "edgeDeviceDetails",
    TlsDetails "tlsDetails",
    SessionCredentialFromConsole "sessionCredentialFromConsole",
    AggregatedEventId "eventId",
    AggregatedAccountId "accountId",
    TimeWindow "timeWindow",
    Summary "summary",
    AwsAccountId "awsAccountId",
}

impl Key {
    /// The field that most often follows this one; a guess that saves comparing names.
    #[inline]
    pub(crate) fn guess_next(self) -> Self {
        Self::ALL.get(self as usize + 1).copied().unwrap_or(Self::EventVersion)
    }
}

/// One top-level field: spans are in bytes from the start of its Record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Which field.
    pub key: Key,
    /// Some string inside the value has an escape.
    pub escapes: bool,
    /// There is white space between tokens inside the value.
    pub white_space: bool,
    /// Start of the name, after its quote. The name ends before the value; its end is `name_end`.
    pub name_start: u32,
    /// End of the name, before its quote.
    pub name_end: u32,
    /// Start of the value.
    pub start: u32,
    /// End of the value.
    pub end: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_one_to_one() {
        for key in Key::ALL {
            assert_eq!(Key::from_name(key.name().as_bytes()), *key);
        }
        assert_eq!(Key::from_name(b"EventName"), Key::Unknown);
        assert_eq!(Key::from_name(b""), Key::Unknown);
    }
}
