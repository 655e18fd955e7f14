//! Which files the auditor's tables have: the newest history of accounts, changes of findings by day, and of each delivery day the
//! outcomes that are valid now.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashSet},
};

use trailkeep_archive::{
    Partition,
    layout::{ACCOUNTS, ATTEST, ArchiveKey, Attested, FINDINGS, OUTCOMES, attest_key},
};
use trailkeep_audit::attestation::{Envelope, MAX_ENVELOPE_BYTES};
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

/// Of each delivery day the outcomes of the attestation with the greatest sequence that has some: attestations are superseded, never edited. What an attempt
/// left that was never signed, or somebody put there, is no attestation's: it has no attestation's name, or not its root.
pub(super) async fn outcome_files(scope: &QueryScope) -> Result<BTreeMap<u32, AuditorFile>, BucketError> {
    let listed = scope.list(OUTCOMES).await?;
    if listed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let envelopes = scope.list(ATTEST).await?;
    let attestation = |object: &ObjectSummary| match ArchiveKey::parse(&object.key) {
        Some(ArchiveKey::Attest(attested)) => Some(attested),
        _ => None,
    };
    let signed: HashSet<Attested> = envelopes.iter().filter_map(attestation).collect();
    let mut newest: BTreeMap<u32, (Attested, Vec<(u64, AuditorFile)>)> = BTreeMap::new();
    for object in listed.iter() {
        let Some(ArchiveKey::Outcomes { attested, root }) = ArchiveKey::parse(&object.key) else { continue };
        if !signed.contains(&attested) {
            continue;
        }
        let found = (root, file(object, attested.day, Some((attested.sequence, attested.kind.as_str()))));
        let held = newest.entry(attested.day).or_insert_with(|| (attested, Vec::new()));
        let order = |of: Attested| (of.sequence, of.kind);
        match order(attested).cmp(&order(held.0)) {
            Ordering::Less => {}
            Ordering::Equal => held.1.push(found),
            Ordering::Greater => *held = (attested, vec![found]),
        }
    }
    let mut files = BTreeMap::new();
    for (day, (attested, found)) in newest {
        // One has the name alone; of several the attestation says which are its own.
        let root = if found.len() > 1 { attested_root(scope, attested).await? } else { found.first().map(|(root, _)| *root) };
        let own = found.into_iter().find(|(of, _)| Some(*of) == root);
        files.extend(own.map(|(_, file)| (day, file)));
    }
    Ok(files)
}

/// The root that an attestation has, as keys have it; none where it is not readable: then it is not known which outcomes are its own.
async fn attested_root(scope: &QueryScope, attested: Attested) -> Result<Option<u64>, BucketError> {
    let key = attest_key(attested);
    let Some(bytes) = scope.source.bucket().get(&key, MAX_ENVELOPE_BYTES as u64).await? else { return Ok(None) };
    match Envelope::parse(&bytes) {
        Ok(envelope) => Ok(Some(envelope.statement.sources.merkle_root.first_eight())),
        Err(error) => {
            tracing::warn!(key, reason = %error, "the attestation cannot be read: its day's outcomes are left out, run `trailkeep attest verify`");
            Ok(None)
        }
    }
}

fn file(object: &ObjectSummary, day: u32, attestation: Option<(u64, &'static str)>) -> AuditorFile {
    AuditorFile { key: object.key.clone(), size_bytes: object.size_bytes, day, attestation }
}
