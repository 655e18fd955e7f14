//! A row of `sources/` as far as a verification goes. Of its 34 columns it reads those that say what a source is, which bytes it has and where they lie:
//! that takes a third of the time of a whole row, and each round reads all of them.

use trailkeep_archive::{Outcome, SourceKind, TableError};
use trailkeep_audit::{Sha256, completeness::FileId};
use trailkeep_keys::{AccountId, LogClass, Region};
use trailkeep_restore::SourceColumns;

use crate::{
    asked::Asked,
    digests::DigestRow,
    named::{Named, Stated, odd},
    round::{Part, irregular},
    verdict::Finding,
};

/// What is read of each row.
pub(crate) const COLUMNS: &[&str] = &[
    "bucket",
    "key",
    "revision",
    "kind",
    "account",
    "region",
    "delivered_at",
    "metadata",
    "inflated_sha256",
    "outcome",
    "flags",
    "segment",
    "segment_version",
    "segment_checksum",
    "segment_offset",
    "segment_length",
    "landed_at",
];

/// Where the bytes of a source lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lying {
    pub(crate) segment: Box<str>,
    pub(crate) version: Option<Box<str>>,
    pub(crate) checksum: Option<Box<str>>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// When the source was delivered, milliseconds since 1970, as its row has it.
    pub(crate) delivered_at: Option<i64>,
}

/// A row that something is to be said of.
pub(crate) struct Picked {
    pub(crate) findings: Vec<Finding>,
    pub(crate) counts: Option<Counts>,
}

/// A row that counts.
pub(crate) enum Counts {
    /// A Digest; its segment has no number yet.
    Digest(DigestRow, Lying),
    Log(Log, Lying),
}

/// A log file that landed.
pub(crate) struct Log {
    pub(crate) id: FileId,
    pub(crate) named: Named,
    /// When it was delivered, milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) revision: u32,
    pub(crate) inflated_sha256: Option<Sha256>,
    pub(crate) quarantined: bool,
    /// Bucket and key, where it is not its file's first revision.
    pub(crate) later: Option<(String, String)>,
}

impl Lying {
    pub(crate) fn of(row: &SourceColumns<'_>) -> Result<Self, TableError> {
        Ok(Self {
            segment: row.required_text("segment")?.into(),
            version: row.text("segment_version").map(Into::into),
            checksum: row.text("segment_checksum").map(Into::into),
            offset: row.required_number("segment_offset")?,
            length: row.required_number("segment_length")?,
            delivered_at: row.time_ms("delivered_at"),
        })
    }
}

/// Which revision of its file a row is.
pub(crate) fn revision(row: &SourceColumns<'_>) -> Result<u32, TableError> {
    Ok(u32::try_from(row.required_number("revision")?).unwrap_or(u32::MAX))
}

/// The hash of the inflated bytes; none where nothing could be inflated.
pub(crate) fn inflated_sha256(row: &SourceColumns<'_>) -> Option<Sha256> {
    row.text("inflated_sha256").and_then(|hash| hash.parse().ok())
}

/// Whether a row counts in this round, and what is wrong with its name whatever is asked.
pub(crate) fn pick(row: &SourceColumns<'_>, part: Part, asked: &Asked) -> Result<Option<Picked>, TableError> {
    let key = row.required_text("key")?;
    let named = Named::of(key);
    if !named.map_or(part.number == 0, |named| part.holds(named.account, named.region)) {
        return Ok(None);
    }
    let bucket = row.required_text("bucket")?;
    let stated = Stated {
        bucket,
        key,
        kind: row.parsed::<SourceKind>("kind")?,
        account: row.text("account"),
        region: row.text("region"),
        delivered_at: row.time_ms("delivered_at"),
        landed_at: row.required_time_ms("landed_at")?,
    };
    let mut findings: Vec<Finding> = odd(&stated, named.as_ref()).into_iter().collect();
    let counts = match named.map(|named| (named, wanted(key, &named, asked))) {
        None | Some((_, None)) => None,
        Some((_, Some(Wanted::Digest))) => {
            let lying = Lying::of(row)?;
            Some(Counts::Digest(DigestRow::new(bucket, key, &row.pairs("metadata"), &lying), lying))
        }
        Some((named, Some(Wanted::Log(at_ms)))) => {
            let (lying, revision) = (Lying::of(row)?, revision(row)?);
            findings.extend(irregular(&stated, named.class, &row.texts("flags"), &lying.segment));
            let log = Log {
                id: FileId::of(asked.delivered_to(bucket), key),
                named,
                at_ms,
                revision,
                inflated_sha256: inflated_sha256(row),
                quarantined: row.parsed::<Outcome>("outcome")? == Outcome::Quarantined,
                later: (revision != 1).then(|| (bucket.to_owned(), key.to_owned())),
            };
            Some(Counts::Log(log, lying))
        }
    };
    Ok((!findings.is_empty() || counts.is_some()).then_some(Picked { findings, counts }))
}

/// What a source is to what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Digest,
    /// With when it was delivered, milliseconds since 1970.
    Log(i64),
}

/// Whether what a key names is of what is asked.
pub(crate) fn wanted(key: &str, named: &Named, asked: &Asked) -> Option<Wanted> {
    if !asked.wants_place(named.account, named.region) {
        return None;
    }
    if named.class == LogClass::Digest {
        return asked.wants_digest(key, named).then_some(Wanted::Digest);
    }
    named.delivered_in(asked.window()).map(Wanted::Log)
}

/// An account in a Region: what a round has whole.
pub(crate) type Place = (AccountId, Region);
