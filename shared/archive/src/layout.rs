//! Keys of an archive's objects, below its root, and the way back from a key to what it is.

mod audit;

use crate::{BatchId, Category, ClassLabel, Partition};

pub use self::audit::{AttestationKind, Attested, attest_key, findings_key, outcomes_key, parse_public_keys_key, public_keys_key};

/// What makes a bucket or directory an archive; see [`crate::ArchiveDescriptor`].
pub const ARCHIVE_JSON: &str = "archive.json";
/// Packed LogObjects, verbatim.
pub const RAW: &str = "raw/";
/// Packed Digests, verbatim.
pub const DIGESTS: &str = "digests/";
/// The events table.
pub const EVENTS: &str = "events/";
/// The sources table: the visible commit marks.
pub const SOURCES: &str = "sources/";
/// The quarantine table.
pub const QUARANTINE: &str = "quarantine/";
/// Indexes of event ids: they make finding fast and can be done without.
pub const INDEX: &str = "index/";
/// Signed statements of completeness.
pub const ATTEST: &str = "attest/";
/// The sources of a day with what came of each: the leaves of an attestation.
pub const OUTCOMES: &str = "outcomes/";
/// Changes of what an auditor found.
pub const FINDINGS: &str = "findings/";
/// What people said of findings.
pub const ACKNOWLEDGED: &str = "acknowledged/";
/// CloudTrail's public keys, with where and when they were got.
pub const KEYS: &str = "keys/";
/// The organization's accounts and their history.
pub const ACCOUNTS: &str = "accounts/";
/// Manifests of Batches that are not published yet, and temporary files of directories.
pub const STAGING: &str = "staging/";

/// The three files of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RawKind {
    /// LogObjects that are exactly one clean gzip member, one after the other.
    Gz,
    /// Anything else, one after the other.
    Bin,
    /// The index of both.
    Idx,
}

impl RawKind {
    /// The file name's extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gz => "gz",
            Self::Bin => "bin",
            Self::Idx => "idx",
        }
    }

    fn from_extension(text: &str) -> Option<Self> {
        [Self::Gz, Self::Bin, Self::Idx].into_iter().find(|kind| kind.extension() == text)
    }
}

/// `raw/class=<label>/day=<YYYYMMDD>/<batch>.<gz|bin|idx>`.
pub fn raw_key(class: &ClassLabel, batch: &BatchId, kind: RawKind) -> String {
    format!("raw/class={class}/day={}/{batch}.{}", batch.day(), kind.extension())
}

/// `digests/day=<YYYYMMDD>/<batch>.<gz|bin|idx>`.
pub fn digests_key(batch: &BatchId, kind: RawKind) -> String {
    format!("digests/day={}/{batch}.{}", batch.day(), kind.extension())
}

/// `events/category=<category>/eventday=<YYYYMMDD>/<batch>.parquet`.
pub fn events_key(partition: &Partition, batch: &BatchId) -> String {
    format!("events/{partition}/{batch}.parquet")
}

/// `sources/day=<YYYYMMDD>/<batch>.parquet`.
pub fn sources_key(batch: &BatchId) -> String {
    format!("sources/day={}/{batch}.parquet", batch.day())
}

/// `quarantine/day=<YYYYMMDD>/<batch>.parquet`.
pub fn quarantine_key(batch: &BatchId) -> String {
    format!("quarantine/day={}/{batch}.parquet", batch.day())
}

/// `index/day=<YYYYMMDD>/<batch>.eid`.
pub fn event_index_key(batch: &BatchId) -> String {
    format!("index/day={}/{batch}.eid", batch.day())
}

/// `accounts/<YYYYMMDDTHHMMSSmmmZ>.parquet`: the time of the observation, milliseconds since 1970. Later ones sort later.
pub fn accounts_key(observed_ms: i64) -> String {
    format!("{ACCOUNTS}{}.parquet", audit::stamp(observed_ms))
}

/// The time of the observation in a key below `accounts/`; `None` for any other key.
pub fn parse_accounts_key(key: &str) -> Option<i64> {
    let observed_ms = audit::parse_stamp(key.strip_prefix(ACCOUNTS)?.strip_suffix(".parquet")?)?;
    (accounts_key(observed_ms) == key).then_some(observed_ms)
}

/// `staging/<batch>/manifest.json`.
pub fn manifest_key(batch: &BatchId) -> String {
    format!("staging/{batch}/manifest.json")
}

/// What an archive's key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveKey {
    /// `archive.json`.
    Descriptor,
    /// A file of a raw segment.
    Raw {
        /// Retention class.
        class: ClassLabel,
        /// The Batch.
        batch: BatchId,
        /// Which file.
        kind: RawKind,
    },
    /// A file of a digests segment.
    Digests {
        /// The Batch.
        batch: BatchId,
        /// Which file.
        kind: RawKind,
    },
    /// A file of the events table.
    Events {
        /// Where it lies.
        partition: Partition,
        /// The Batch.
        batch: BatchId,
    },
    /// A file of the sources table.
    Sources {
        /// The Batch.
        batch: BatchId,
    },
    /// A file of the quarantine table.
    Quarantine {
        /// The Batch.
        batch: BatchId,
    },
    /// An index of event ids.
    EventIndex {
        /// The Batch.
        batch: BatchId,
    },
    /// A manifest.
    Manifest {
        /// The Batch.
        batch: BatchId,
    },
    /// A file of the accounts table.
    Accounts {
        /// When they were observed, milliseconds since 1970.
        observed_ms: i64,
    },
    /// CloudTrail's public keys.
    PublicKeys {
        /// When they were got, milliseconds since 1970.
        got_ms: i64,
    },
    /// A file of the findings table.
    Findings {
        /// When the changes were found, milliseconds since 1970.
        at_ms: i64,
        /// Tells it from others of the same moment.
        random: u64,
    },
    /// A file of the outcomes table.
    Outcomes {
        /// The attestation that it was written for.
        attested: Attested,
        /// The first eight bytes of its leaves' Merkle root.
        root: u64,
    },
    /// An attestation.
    Attest(Attested),
}

impl ArchiveKey {
    /// What a key names; `None` for anything that format 1 does not describe. Every key that is accepted is exactly the
    /// one that [`ArchiveKey::to_key`] writes: a `day` that is not the Batch's own is refused.
    pub fn parse(key: &str) -> Option<Self> {
        if key == ARCHIVE_JSON {
            return Some(Self::Descriptor);
        }
        let segments: Vec<&str> = key.splitn(5, '/').collect();
        let parsed = match *segments.as_slice() {
            ["raw", class, _, file] => {
                let (batch, kind) = segment_file(file)?;
                Self::Raw { class: class.strip_prefix("class=")?.parse().ok()?, batch, kind }
            }
            ["digests", _, file] => {
                let (batch, kind) = segment_file(file)?;
                Self::Digests { batch, kind }
            }
            ["events", category, day, file] => {
                let category: Category = category.strip_prefix("category=")?.parse().ok()?;
                let eventday = Partition::parse_day(day.strip_prefix("eventday=")?).ok()?;
                Self::Events { partition: Partition { category, eventday }, batch: table_file(file)? }
            }
            ["sources", _, file] => Self::Sources { batch: table_file(file)? },
            ["quarantine", _, file] => Self::Quarantine { batch: table_file(file)? },
            ["index", _, file] => Self::EventIndex { batch: file.strip_suffix(".eid")?.parse().ok()? },
            ["accounts", _] => Self::Accounts { observed_ms: parse_accounts_key(key)? },
            ["keys", _] => Self::PublicKeys { got_ms: parse_public_keys_key(key)? },
            ["findings", _, file] => {
                let id = table_file(file)?;
                Self::Findings { at_ms: id.unix_ms(), random: id.random() }
            }
            ["outcomes", day, file] => {
                let (attested, root) = Attested::parse_outcomes(day, file)?;
                Self::Outcomes { attested, root }
            }
            ["attest", day, file] => Self::Attest(Attested::parse_attest(day, file)?),
            ["staging", batch, "manifest.json"] => Self::Manifest { batch: batch.parse().ok()? },
            _ => return None,
        };
        (parsed.to_key() == key).then_some(parsed)
    }

    /// The key.
    pub fn to_key(&self) -> String {
        match self {
            Self::Descriptor => ARCHIVE_JSON.to_owned(),
            Self::Raw { class, batch, kind } => raw_key(class, batch, *kind),
            Self::Digests { batch, kind } => digests_key(batch, *kind),
            Self::Events { partition, batch } => events_key(partition, batch),
            Self::Sources { batch } => sources_key(batch),
            Self::Quarantine { batch } => quarantine_key(batch),
            Self::EventIndex { batch } => event_index_key(batch),
            Self::Manifest { batch } => manifest_key(batch),
            Self::Accounts { observed_ms } => accounts_key(*observed_ms),
            Self::PublicKeys { got_ms } => public_keys_key(*got_ms),
            Self::Findings { at_ms, random } => findings_key(*at_ms, *random),
            Self::Outcomes { attested, root } => outcomes_key(*attested, *root),
            Self::Attest(attested) => attest_key(*attested),
        }
    }

    /// The Batch that published it; `None` for `archive.json` and what no Batch publishes.
    pub fn batch(&self) -> Option<BatchId> {
        match self {
            Self::Descriptor
            | Self::Accounts { .. }
            | Self::PublicKeys { .. }
            | Self::Findings { .. }
            | Self::Outcomes { .. }
            | Self::Attest(_) => None,
            Self::Raw { batch, .. }
            | Self::Digests { batch, .. }
            | Self::Events { batch, .. }
            | Self::Sources { batch }
            | Self::Quarantine { batch }
            | Self::EventIndex { batch }
            | Self::Manifest { batch } => Some(*batch),
        }
    }
}

/// The place of a key in the order of publication: raw, digests, events, index, quarantine, sources last.
pub fn publish_rank(key: &str) -> u8 {
    let order = [RAW, DIGESTS, EVENTS, INDEX, QUARANTINE, SOURCES];
    order.iter().position(|prefix| key.starts_with(prefix)).map_or(u8::MAX, |rank| rank as u8)
}

fn segment_file(file: &str) -> Option<(BatchId, RawKind)> {
    let (batch, extension) = file.split_once('.')?;
    Some((batch.parse().ok()?, RawKind::from_extension(extension)?))
}

fn table_file(file: &str) -> Option<BatchId> {
    file.strip_suffix(".parquet")?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn batch() -> BatchId {
        BatchId::new(1_760_000_000_123, 0xdead_beef)
    }

    #[test]
    fn keys_read_as_the_format_says() {
        let standard = ClassLabel::default();
        let partition = Partition { category: Category::Network, eventday: 20_251_008 };
        let id = "20251009T085320123Z-00000000deadbeef";
        assert_eq!(raw_key(&standard, &batch(), RawKind::Gz), format!("raw/class=standard/day=20251009/{id}.gz"));
        assert_eq!(digests_key(&batch(), RawKind::Idx), format!("digests/day=20251009/{id}.idx"));
        assert_eq!(events_key(&partition, &batch()), format!("events/category=network/eventday=20251008/{id}.parquet"));
        assert_eq!(sources_key(&batch()), format!("sources/day=20251009/{id}.parquet"));
        assert_eq!(quarantine_key(&batch()), format!("quarantine/day=20251009/{id}.parquet"));
        assert_eq!(event_index_key(&batch()), format!("index/day=20251009/{id}.eid"));
        assert_eq!(manifest_key(&batch()), format!("staging/{id}/manifest.json"));
        assert_eq!(accounts_key(1_760_000_000_123), "accounts/20251009T085320123Z.parquet");
    }

    #[test]
    fn observations_of_accounts_read_back_and_sort_by_time() {
        let times = [0, 1, 999, 1_760_000_000_123, 1_760_000_000_124];
        let keys = times.map(accounts_key);
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| parse_accounts_key(&key)), times.map(Some));
        for key in [
            "accounts/",
            "accounts/x.parquet",
            "accounts/20251009T085320123Z-0000000000000000.parquet",
            "accounts/20251340T085320123Z.parquet",
        ] {
            assert_eq!(parse_accounts_key(key), None, "{key}");
        }
    }

    #[test]
    fn keys_that_the_format_does_not_describe_are_named_by_none() {
        let id = batch();
        for key in [
            String::new(),
            "archive.json/".to_owned(),
            format!("sources/day=20251008/{id}.parquet"),
            format!("sources/{id}.parquet"),
            format!("index/day=20251009/{id}.parquet"),
            format!("events/category=audit/eventday=20251009/{id}.parquet"),
            format!("events/category=data/eventday=20251340/{id}.parquet"),
            format!("raw/class=A/day=20251009/{id}.gz"),
            format!("raw/class=a/day=20251009/{id}.gz.tmp"),
            format!("raw/class=a/day=20251009/x/{id}.gz"),
        ] {
            assert_eq!(ArchiveKey::parse(&key), None, "{key}");
        }
    }

    #[test]
    fn sources_are_published_last() {
        let ranks = ["raw/x", "digests/x", "events/x", "index/x", "quarantine/x", "sources/x"].map(publish_rank);
        assert!(ranks.is_sorted() && ranks[4] < ranks[5]);
    }

    proptest! {
        #[test]
        fn every_key_reads_back(ms in 0..4_000_000_000_000i64, random: u64, class in "[a-z0-9-]{1,32}", day in 0..4_000_000_000_000i64, pick in 0..5usize) {
            let batch = BatchId::new(ms, random);
            let class: ClassLabel = class.parse().unwrap();
            let partition = Partition { category: Category::ALL[pick], eventday: Partition::day_of(day) };
            let mut keys = vec![
                ArchiveKey::Descriptor,
                ArchiveKey::Events { partition, batch },
                ArchiveKey::Sources { batch },
                ArchiveKey::Quarantine { batch },
                ArchiveKey::EventIndex { batch },
                ArchiveKey::Manifest { batch },
            ];
            for kind in [RawKind::Gz, RawKind::Bin, RawKind::Idx] {
                keys.push(ArchiveKey::Raw { class: class.clone(), batch, kind });
                keys.push(ArchiveKey::Digests { batch, kind });
            }
            for key in keys {
                prop_assert_eq!(ArchiveKey::parse(&key.to_key()), Some(key));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,120}") {
            let _ = ArchiveKey::parse(&text);
        }
    }
}
