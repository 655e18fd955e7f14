//! What decides where a Record's row goes: its time, category, account and Region.

use std::borrow::Cow;

use trailkeep_records::{
    Key,
    time::{day_of, parse_iso},
};

use crate::record::{RecordView, filled};

/// Event category as a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventCategory {
    /// Management events; also what names no category.
    Management,
    /// Data events.
    Data,
    /// Insights.
    Insight,
    /// VPC endpoint events.
    NetworkActivity,
    /// Aggregated data events.
    Aggregated,
}

/// What decides where a row goes.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// Event time in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// UTC day of the event as `YYYYMMDD`.
    pub eventday: u32,
    /// Category.
    pub category: EventCategory,
    /// The account the Record is for: its own word, else the S3 key's.
    pub account: Option<Cow<'a, str>>,
    /// `awsRegion`, else the S3 key's Region.
    pub region: Option<Cow<'a, str>>,
}

/// Why a Record has no place in the archive's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Neither `eventTime` nor a time window.
    #[error("the record has no event time")]
    NoEventTime,
    /// A time that cannot be read, or lies outside the years 1970 to 2199.
    #[error("the record's event time cannot be read")]
    BadEventTime,
}

impl HeadError {
    /// Stable name for the quarantine.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoEventTime => "no_event_time",
            Self::BadEventTime => "bad_event_time",
        }
    }
}

impl<'a> Head<'a> {
    /// Reads a Record's head. `key_account` and `key_region` come from the S3 key of its LogObject, `insight_object` from its class.
    ///
    /// # Errors
    /// [`HeadError`]: the Record is quarantined.
    pub fn of(
        view: &RecordView<'a>,
        key_account: Option<&'a str>,
        key_region: Option<&'a str>,
        insight_object: bool,
    ) -> Result<Self, HeadError> {
        let time_ms = event_time(view)?;
        let eventday = day_of(time_ms).filter(|day| (19_700_101..22_000_101).contains(day)).ok_or(HeadError::BadEventTime)?;
        let region = view.text_of(Key::AwsRegion).or(key_region.map(Cow::Borrowed));
        Ok(Self { time_ms, eventday, category: category(view, insight_object), account: account(view, key_account), region })
    }

    /// The same place, with the account as the redacted Record tells it: where nothing else does, the caller's account counts,
    /// and that may be redacted.
    pub(crate) fn redacted<'b>(&'b self, redacted: &RecordView<'b>, key_account: Option<&'b str>) -> Head<'b> {
        Head { account: account(redacted, key_account), region: self.region.as_deref().map(Cow::Borrowed), ..*self }
    }
}

fn event_time(view: &RecordView<'_>) -> Result<i64, HeadError> {
    let window = || view.get(Key::TimeWindow).and_then(|window| window.get("windowStart")).and_then(filled);
    let text = view.text_of(Key::EventTime).or_else(window).ok_or(HeadError::NoEventTime)?;
    parse_iso(&text).ok_or(HeadError::BadEventTime)
}

fn account<'a>(view: &RecordView<'a>, key_account: Option<&'a str>) -> Option<Cow<'a, str>> {
    let identity = |path: &[&str]| path.iter().try_fold(view.get(Key::UserIdentity)?, |value, name| value.get(name)).and_then(filled);
    own_account(view)
        .or(key_account.map(Cow::Borrowed))
        .or_else(|| identity(&["accountId"]))
        .or_else(|| identity(&["sessionContext", "sessionIssuer", "accountId"]))
}

/// The account that the Record itself says it is for.
pub(crate) fn own_account<'a>(view: &RecordView<'a>) -> Option<Cow<'a, str>> {
    view.text_of(Key::RecipientAccountId).or_else(|| view.text_of(Key::AwsAccountId)).or_else(|| view.text_of(Key::AggregatedAccountId))
}

fn category(view: &RecordView<'_>, insight_object: bool) -> EventCategory {
    match view.text_of(Key::EventCategory).as_deref() {
        Some("Management") => EventCategory::Management,
        Some("Data") => EventCategory::Data,
        Some("Insight") => EventCategory::Insight,
        Some("NetworkActivity") => EventCategory::NetworkActivity,
        Some("Aggregated") => EventCategory::Aggregated,
        _ if view.has(Key::InsightDetails) || insight_object => EventCategory::Insight,
        _ if view.has(Key::TimeWindow) => EventCategory::Aggregated,
        _ if view.text_of(Key::EventType).is_some_and(|kind| kind.starts_with("AwsVpceEvent")) => EventCategory::NetworkActivity,
        _ if view.get(Key::ManagementEvent).is_some_and(|value| value.text == "false") => EventCategory::Data,
        _ => EventCategory::Management,
    }
}
