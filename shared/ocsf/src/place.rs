//! Where a Record comes from.

/// Where a Record comes from: what stands in its row beside its own fields.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Canonical bucket of its LogObject.
    pub bucket: &'a str,
    /// Key of its LogObject.
    pub key: &'a str,
    /// Account in that key.
    pub key_account: Option<&'a str>,
    /// Organization in that key.
    pub organization: Option<&'a str>,
    /// When CloudTrail delivered the LogObject by the stamp in its name, milliseconds since the Unix epoch.
    pub delivered_ms: Option<i64>,
    /// Segment that holds the LogObject's bytes, and the range there.
    pub segment: &'a str,
    /// Offset of the LogObject in its segment, in bytes.
    pub segment_offset: u64,
    /// Length of the LogObject in its segment, in bytes.
    pub segment_length: u64,
    /// Position among the LogObject's Records, from 0.
    pub record_index: u64,
    /// Offset of the Record in the inflated LogObject, in bytes.
    pub record_offset: u64,
    /// SHA-256 of the Record's bytes, lower-case hex.
    pub record_hash: &'a str,
}
