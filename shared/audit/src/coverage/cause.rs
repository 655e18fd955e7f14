//! Why an account was silent, likely.

use trailkeep_keys::{AccountId, Region};

use super::{HOUR_MS, Lacks, cells::Cell};

/// How long after joining or enabling a gap is put down to that, in milliseconds: a day.
const NEW_MS: i64 = 24 * HOUR_MS;
/// How long before a gap's first hour an event may lie that stopped the trail, in milliseconds. A last Digest is delivered within the hour.
const STOPPED_BEFORE_MS: i64 = 2 * HOUR_MS;

/// What an event did to a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrailEventKind {
    /// `StopLogging`.
    StopLogging,
    /// `DeleteTrail`.
    DeleteTrail,
    /// `PutEventSelectors`.
    PutEventSelectors,
    /// `UpdateTrail`: validation switched off, one Region only, another bucket.
    UpdateTrail,
    /// `StartLogging`, `CreateTrail`: what was stopped before no longer counts.
    Started,
}

/// An event that changed a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// What it did.
    pub kind: TrailEventKind,
    /// The only account that it touches; none: all of the organization.
    pub account: Option<AccountId>,
    /// The only Region that it touches; none: all.
    pub region: Option<Region>,
    /// Its event id, by which the Record is found in the archive.
    pub event_id: String,
}

/// The likely cause of a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// `new_account`: it begins as the account joined, and is over within a day.
    NewAccount,
    /// `suspended`: the account is, and nobody knows since when.
    Suspended,
    /// `trail_stopped`: this event stopped or changed the trail just before.
    TrailStopped {
        /// What it did.
        kind: TrailEventKind,
        /// When, milliseconds since 1970.
        at_ms: i64,
        /// Its event id.
        event_id: String,
    },
    /// `region_newly_enabled`: it begins as the Region was enabled, and is over within a day.
    RegionNewlyEnabled,
    /// `never_delivered`: neither Digests nor log files in the whole window.
    NeverDelivered,
    /// `never_signed`: log files and not one Digest in the whole window: validation is off, or Digests go elsewhere.
    NeverSigned,
    /// `notification_lost`: log files landed and their Digest did not, or the reverse.
    NotificationLost,
    /// `unknown`.
    Unknown,
}

impl Cause {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NewAccount => "new_account",
            Self::Suspended => "suspended",
            Self::TrailStopped { .. } => "trail_stopped",
            Self::RegionNewlyEnabled => "region_newly_enabled",
            Self::NeverDelivered => "never_delivered",
            Self::NeverSigned => "never_signed",
            Self::NotificationLost => "notification_lost",
            Self::Unknown => "unknown",
        }
    }
}

/// A gap whose cause is looked for. Times are milliseconds since 1970.
#[derive(Debug)]
pub(super) struct Silence<'a> {
    pub(super) cell: &'a Cell,
    pub(super) since_ms: i64,
    pub(super) until_ms: i64,
    pub(super) lacks: Lacks,
    /// It begins with the window, and so maybe before.
    pub(super) from_window_start: bool,
    /// It lasts to the last expected hour.
    pub(super) to_the_end: bool,
    /// Log files landed in these hours.
    pub(super) has_sources: bool,
    /// Start of the last of these hours in which anything was recorded, by the latest event of each file.
    pub(super) last_recorded_ms: Option<i64>,
    /// A Digest was there at any hour of the window.
    pub(super) ever_digest: bool,
    /// A log file was there at any hour of the window.
    pub(super) ever_source: bool,
}

impl Silence<'_> {
    /// The likely cause; `events` are in the order of time.
    pub(super) fn cause(&self, events: &[TrailEvent]) -> Cause {
        if self.cell.suspended && self.to_the_end && !self.has_sources {
            return Cause::Suspended;
        }
        if let Some(event) = self.stopped_by(events) {
            return Cause::TrailStopped { kind: event.kind, at_ms: event.at_ms, event_id: event.event_id.clone() };
        }
        if self.lacks == Lacks::Sources {
            return Cause::NotificationLost;
        }
        if self.begins_with(self.cell.joined_ms) {
            return Cause::NewAccount;
        }
        if self.begins_with(self.cell.enabled_ms) {
            return Cause::RegionNewlyEnabled;
        }
        match (self.has_sources, self.ever_digest, self.ever_source) {
            (_, false, false) => Cause::NeverDelivered,
            (_, false, true) => Cause::NeverSigned,
            (true, true, _) => Cause::NotificationLost,
            (false, true, _) => Cause::Unknown,
        }
    }

    /// Whether it begins within the first two hours of what began then, and is over within a day of it.
    fn begins_with(&self, begin_ms: Option<i64>) -> bool {
        begin_ms.is_some_and(|begin_ms| {
            let (since, until) = (self.since_ms.saturating_sub(begin_ms), self.until_ms.saturating_sub(begin_ms));
            (-HOUR_MS..=2 * HOUR_MS).contains(&since) && until <= NEW_MS
        })
    }

    /// The last event that stopped the trail before the gap, unless it was started since.
    fn stopped_by<'e>(&self, events: &'e [TrailEvent]) -> Option<&'e TrailEvent> {
        let until_ms = self.since_ms.saturating_add(HOUR_MS);
        let earliest_ms = if self.from_window_start { i64::MIN } else { self.since_ms.saturating_sub(STOPPED_BEFORE_MS) };
        let before = events.get(..events.partition_point(|event| event.at_ms < until_ms))?;
        let ours = |event: &&TrailEvent| {
            event.account.is_none_or(|account| account == self.cell.account)
                && event.region.is_none_or(|region| region == self.cell.region)
                // What was recorded in a later hour speaks against a trail that was stopped, not against validation switched off. What was recorded
                // before may be delivered after.
                && (self.last_recorded_ms.is_none_or(|hour_ms| hour_ms <= event.at_ms)
                    || matches!(event.kind, TrailEventKind::UpdateTrail | TrailEventKind::Started))
        };
        let last = before.iter().rev().take_while(|event| event.at_ms >= earliest_ms).find(ours)?;
        (self.lacks == Lacks::Digests && last.kind != TrailEventKind::Started).then_some(last)
    }
}
