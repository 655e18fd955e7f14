//! Which files the auditor's tables have: the newest history of accounts, changes of findings by day, and of each delivery day the
//! outcomes that are valid now.

use std::collections::{BTreeMap, HashSet};

use trailkeep_archive::{
    Partition,
    layout::{ACCOUNTS, ATTEST, ArchiveKey, Attested, FINDINGS, OUTCOMES},
};
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectSummary};

use super::QueryScope;

/// One file of a table of the auditor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditorFile {
    /// Its key.
    pub(super) key: String,
    /// Its size in bytes.
    pub(super) size_bytes: u64,
    /// The day in its key, `YYYYMMDD`; 0 below `accounts/`.
    pub(super) day: u32,
    /// The number and kind of the attestation it belongs to, below `outcomes/`.
    pub(super) attestation: Option<(u64, &'static str)>,
}

/// The newest file below `accounts/`; none where nobody looked at the organization yet.
pub(super) async fn newest_accounts(scope: &QueryScope) -> Result<Option<AuditorFile>, BucketError> {
    let listed = scope.list(ACCOUNTS).await?;
    let observed = |object: &ObjectSummary| match ArchiveKey::parse(&object.key) {
        Some(ArchiveKey::Accounts { observed_ms }) => Some((observed_ms, file(object, 0, None))),
        _ => None,
    };
    Ok(listed.iter().filter_map(observed).max_by_key(|(observed_ms, _)| *observed_ms).map(|(_, newest)| newest))
}

/// All files below `findings/`.
pub(super) async fn findings_files(scope: &QueryScope) -> Result<Vec<AuditorFile>, BucketError> {
    let listed = scope.list(FINDINGS).await?;
    let changes = |object: &ObjectSummary| match ArchiveKey::parse(&object.key) {
        Some(ArchiveKey::Findings { at_ms, .. }) => Some(file(object, Partition::day_of(at_ms), None)),
        _ => None,
    };
    Ok(listed.iter().filter_map(changes).collect())
}

/// Of each delivery day the file with the greatest sequence that an attestation has: attestations are superseded, never edited. What an attempt left that
/// was never signed, or somebody put there, is no attestation's.
pub(super) async fn outcome_files(scope: &QueryScope) -> Result<BTreeMap<u32, AuditorFile>, BucketError> {
    let listed = scope.list(OUTCOMES).await?;
    let mut newest: BTreeMap<u32, AuditorFile> = BTreeMap::new();
    if listed.is_empty() {
        return Ok(newest);
    }
    let envelopes = scope.list(ATTEST).await?;
    let attestation = |object: &ObjectSummary| match ArchiveKey::parse(&object.key) {
        Some(ArchiveKey::Attest(attested)) => Some(attested),
        _ => None,
    };
    let signed: HashSet<Attested> = envelopes.iter().filter_map(attestation).collect();
    for object in listed.iter() {
        let Some(ArchiveKey::Outcomes(attested)) = ArchiveKey::parse(&object.key) else { continue };
        if !signed.contains(&attested) {
            continue;
        }
        let found = file(object, attested.day, Some((attested.sequence, attested.kind.as_str())));
        let held = newest.entry(attested.day).or_insert_with(|| found.clone());
        // One sequence is one attestation; were there two files of it, the same one would be taken each time.
        if held.attestation < found.attestation {
            *held = found;
        }
    }
    Ok(newest)
}

fn file(object: &ObjectSummary, day: u32, attestation: Option<(u64, &'static str)>) -> AuditorFile {
    AuditorFile { key: object.key.clone(), size_bytes: object.size_bytes, day, attestation }
}
