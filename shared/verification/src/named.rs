//! What a source's key says of it. The columns of its row are copies of that, and whoever can write them can write anything: the key decides.

use trailkeep_archive::SourceKind;
use trailkeep_digests::Period;
use trailkeep_keys::{AccountId, KeyKind, LogClass, LogKey, Region};
use trailkeep_records::time::unix_ms;

use crate::verdict::Finding;

/// One day, in milliseconds. So much may clocks differ.
const DAY_MS: i64 = 86_400_000;

/// What a row says of its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) kind: SourceKind,
    pub(crate) account: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    /// Milliseconds since 1970, as the next.
    pub(crate) delivered_at: Option<i64>,
    pub(crate) landed_at: i64,
}

/// What a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) class: LogClass,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The time in the file's name.
    stamp_ms: Option<i64>,
    /// The day in the path.
    day_ms: i64,
}

impl Named {
    /// Of a key that CloudTrail could have written; none of any other.
    pub(crate) fn of(key: &str) -> Option<Self> {
        let Ok(KeyKind::Log(key) | KeyKind::Digest(key)) = LogKey::parse(key) else { return None };
        let day = key.delivery_day;
        let day_ms = unix_ms(i64::from(day / 10_000), day / 100 % 100, day % 100, 0, 0, 0, 0)?;
        Some(Self { class: key.class, account: key.account, region: key.region, stamp_ms: key.delivered_ms(), day_ms })
    }

    /// Whether the row says the same.
    pub(crate) fn agrees_with(&self, row: &Stated<'_>) -> bool {
        row.kind == SourceKind::from(self.class)
            && row.account == Some(self.account.as_str())
            && row.region == Some(self.region.as_str())
            && row.delivered_at == self.stamp_ms
    }

    /// Whether it names a time after it landed.
    pub(crate) fn is_ahead_of(&self, landed_ms: i64) -> bool {
        self.stamp_ms.unwrap_or(self.day_ms) > landed_ms.saturating_add(DAY_MS)
    }

    /// When it was delivered, if that may have been in the window. A name without a time stands for the day in its path, and is of every window
    /// that has a moment of that day.
    pub(crate) fn delivered_in(&self, window: Period) -> Option<i64> {
        let (from_ms, to_ms) = self.delivered();
        (window.from_ms < to_ms && from_ms < window.to_ms).then(|| from_ms.max(window.from_ms))
    }

    /// The time in its name, milliseconds since 1970.
    pub(crate) fn stamp_ms(&self) -> Option<i64> {
        self.stamp_ms
    }

    /// The stretch in which it was delivered.
    fn delivered(&self) -> (i64, i64) {
        self.stamp_ms.map_or((self.day_ms, self.day_ms + DAY_MS), |stamp_ms| (stamp_ms, stamp_ms + 1))
    }

    /// When a Digest was delivered: at the earliest, and at the latest.
    pub(crate) fn stamps(&self) -> [i64; 2] {
        self.stamp_ms.map_or([self.day_ms, self.day_ms + DAY_MS], |stamp_ms| [stamp_ms; 2])
    }
}

/// What is wrong with the name of a source, wherever and whenever it was delivered.
pub(crate) fn odd(row: &Stated<'_>, named: Option<&Named>) -> Option<Finding> {
    let (name, detail) = match named {
        None => ("row_contradicts_key", "it stands among what CloudTrail delivered, and its key is none that CloudTrail writes"),
        Some(named) if !named.agrees_with(row) => {
            ("row_contradicts_key", "its row has another class, account, Region or time of delivery than its key")
        }
        Some(named) if named.is_ahead_of(row.landed_at) => {
            ("name_from_the_future", "it landed more than a day before the time in its name")
        }
        Some(_) => return None,
    };
    Some(Finding {
        name,
        account: named.map(|named| named.account.to_string()),
        region: named.map(|named| named.region.to_string()),
        bucket: Some(row.bucket.to_owned()),
        key: Some(row.key.to_owned()),
        detail: detail.to_owned(),
        ..Finding::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = DAY_MS / 24;

    #[test]
    fn a_name_without_a_time_is_of_every_window_of_its_day() {
        let folder = "AWSLogs/111122220001/CloudTrail/us-east-1/2026/01/15";
        let window = |from_ms, to_ms| Period { from_ms, to_ms };
        let odd = Named::of(&format!("{folder}/forged.json.gz")).expect("a key");
        let day_ms = odd.day_ms;
        let at =
            |from, to| odd.delivered_in(window(day_ms + from * HOUR_MS, day_ms + to * HOUR_MS)).map(|at_ms| (at_ms - day_ms) / HOUR_MS);
        assert_eq!([at(-2, 1), at(3, 4), at(23, 30), at(-2, 0), at(24, 25)], [Some(0), Some(3), Some(23), None, None]);
        assert_eq!(odd.delivered_in(window(i64::MIN, i64::MAX)), Some(day_ms));
        assert!(odd.is_ahead_of(day_ms - DAY_MS - 1) && !odd.is_ahead_of(day_ms - DAY_MS));

        let named =
            Named::of(&format!("{folder}/111122220001_CloudTrail_us-east-1_20260115T0120Z_AAAABBBBCCCCDDDD.json.gz")).expect("a key");
        let stamp_ms = day_ms + HOUR_MS * 4 / 3;
        assert_eq!(named.stamps(), [stamp_ms; 2]);
        assert_eq!(named.delivered_in(window(stamp_ms, stamp_ms + 1)), Some(stamp_ms));
        assert_eq!((named.delivered_in(window(0, stamp_ms)), named.delivered_in(window(stamp_ms + 1, i64::MAX))), (None, None));
        assert!(Named::of("AWSLogs/forged.json.gz").is_none());
    }
}
