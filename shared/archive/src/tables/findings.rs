//! The `findings` table: what an auditor found, and what became of it. One row for each change of a finding; the newest row of an id says how it
//! stands.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use bytes::Bytes;

use super::{
    cell::{columns, named},
    error::TableError,
    file::{self, Row},
};

/// What happened to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingChange {
    /// Found, and was not open.
    Opened,
    /// Found again after it was resolved or healed, or found to be another than was acknowledged.
    Reopened,
    /// What is missing was asked for.
    Healing,
    /// Not found any more, after it was asked for.
    Healed,
    /// Not found any more.
    Resolved,
    /// Still so, and somebody said why that is known.
    Acknowledged,
    /// Still so, and how much it matters, why it is so, or whether it lasts is not what the row before says.
    Changed,
}

impl FindingChange {
    const ALL: [Self; 7] = [Self::Opened, Self::Reopened, Self::Healing, Self::Healed, Self::Resolved, Self::Acknowledged, Self::Changed];

    /// As in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Healing => "healing",
            Self::Healed => "healed",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Changed => "changed",
        }
    }
}

named!(FindingChange, "change of a finding");

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody may have tampered, or something is lost.
    High,
    /// Something is not as it should be, or cannot be told.
    Medium,
    /// Good to know.
    Low,
}

impl Severity {
    const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// As in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

named!(Severity, "severity of a finding");

/// One change of one finding. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// Which finding, 32 lower hex digits: the same as long as it is about the same.
    pub id: String,
    /// When it changed.
    pub at: i64,
    /// What happened.
    pub change: FindingChange,
    /// What was found: a stable name.
    pub name: String,
    /// How much it matters.
    pub severity: Severity,
    /// Whether time may still settle it: what is missing may still come.
    pub provisional: bool,
    /// Organization in the key.
    pub organization: Option<String>,
    /// Account that it is about.
    pub account: Option<String>,
    /// Region that it is about.
    pub region: Option<String>,
    /// Trail that it is about.
    pub trail: Option<String>,
    /// Canonical bucket.
    pub bucket: Option<String>,
    /// Key in it, or in the archive where `bucket` is none.
    pub key: Option<String>,
    /// Beginning of what it is about.
    pub since: Option<i64>,
    /// End of what it is about; none where it has none, or lasts.
    pub until: Option<i64>,
    /// How many it is about.
    pub how_many: Option<u64>,
    /// Why: stable names.
    pub reasons: Vec<String>,
    /// One sentence for a person.
    pub detail: String,
    /// What an investigator needs: names and values.
    pub evidence: BTreeMap<String, String>,
    /// When it was first found since it was last not there.
    pub first_seen: i64,
    /// How often what is missing was asked for.
    pub attempts: u32,
    /// When it was last asked for.
    pub last_attempt: Option<i64>,
    /// The round of the auditor that found the change.
    pub round: String,
}

impl Row for FindingRow {
    const TABLE: &'static str = "findings";
    const BLOOMS: &'static [&'static str] = &["id", "key"];
    const DISTINCT: &'static [&'static str] = &[];
    const ORDER: &'static [&'static str] = &["at", "id"];

    // The columns of the order stand before the map.
    columns! {
        id, at, change, name, severity, provisional, organization, account, region, trail, bucket, key, since, until, how_many, reasons,
        detail, evidence, first_seen, attempts, last_attempt, round,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }
}

/// Encodes changes, sorted by time and id; changes of one finding at one time stay in their order.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_findings(rows: &[FindingRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a file of `findings/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_findings(bytes: Bytes, cap_bytes: u64) -> Result<Vec<FindingRow>, TableError> {
    file::read(bytes, cap_bytes)
}

/// The Arrow schema of the table, for engines that must name columns before there is a file.
pub fn findings_schema() -> SchemaRef {
    file::schema_of::<FindingRow>()
}
