//! What came of each file, one by one: for the leaves of an attestation, and for whoever wants a column of it.
//!
//! Names are not kept while files are joined. Outcomes are kept by 16 bytes of the names' hashes, 17 bytes a file, and rows of `sources/` are read a
//! second time to tell them; files that did not land are found in the Digests that list them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use trailkeep_audit::{
    Sha256,
    completeness::{FileId, Listed, Outcome, Uncovered},
};
use trailkeep_keys::{AccountId, KeyKind, LogClass, LogKey, Region};
use trailkeep_restore::SourceColumns;

use crate::{
    Depth,
    asked::Asked,
    digests::{self, DigestRow, Trust},
    error::VerifyError,
    findings::NotIntact,
    named::Named,
    round::{Part, Shared},
    row::{inflated_sha256, revision},
    segments::Segments,
};

/// What is read of each row.
const COLUMNS: &[&str] = &["bucket", "key", "revision", "version", "inflated_sha256"];

/// Digests that are read at once for the names of files that did not land: some 5 MB.
const DIGESTS_AT_ONCE: usize = 1_000;

/// What came of a source whose name lies in the window, or of a file that is listed and did not land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutcome {
    /// Canonical bucket, as in `sources`; of a file that did not land the one that its Digest names.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// As in `sources`; 0 where it did not land.
    pub revision: u32,
    /// S3 version id that was fetched.
    pub version: Option<String>,
    /// SHA-256 of the inflated bytes; the signed one where it did not land.
    pub inflated_sha256: Option<Sha256>,
    /// What came of the file; its revisions have the same. Digests themselves are not covered.
    pub outcome: Outcome,
    /// The class that its key names.
    pub class: LogClass,
    /// The account that its key names.
    pub account: AccountId,
    /// The Region that its key names.
    pub region: Region,
    /// The time in its name, milliseconds since 1970; where it has none, the beginning of the day in its path, or of the window if that is later.
    pub delivered_ms: i64,
    /// Whether its bytes were read again in this run. Digests are not read again by depth: each that counts was read and its signature checked.
    pub reread: bool,
    /// Whether they were what had landed.
    pub intact: bool,
}

/// Who is told, and what was read again.
pub(crate) struct Telling<'a> {
    pub(crate) tell: &'a mut (dyn FnMut(FileOutcome) + Send),
    pub(crate) depth: Depth,
    pub(crate) not_intact: Arc<HashMap<(FileId, u32), NotIntact>>,
}

/// Outcomes of a round's files, in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    ids: Vec<FileId>,
    outcomes: Vec<Outcome>,
    /// Those that did not land.
    not_landed: Vec<(FileId, Listed, Outcome)>,
}

impl Outcomes {
    pub(crate) fn take(&mut self, id: FileId, outcome: Outcome, not_landed: Option<Listed>) {
        match not_landed {
            Some(listed) => self.not_landed.push((id, listed, outcome)),
            None => {
                self.ids.push(id);
                self.outcomes.push(outcome);
            }
        }
    }

    pub(crate) fn of(&self, id: FileId) -> Option<Outcome> {
        self.ids.binary_search(&id).ok().and_then(|at| self.outcomes.get(at)).copied()
    }
}

impl Shared<'_> {
    /// Tells what came of each file of a round.
    pub(crate) async fn each(
        &self,
        telling: &mut Telling<'_>,
        part: Part,
        mut outcomes: Outcomes,
        rows: &[DigestRow],
        segments: &Segments,
        trust: &Trust,
    ) -> Result<(), VerifyError> {
        let not_landed = std::mem::take(&mut outcomes.not_landed);
        let (asked, outcomes) = (Arc::clone(self.asked), Arc::new(outcomes));
        let (depth, not_intact) = (telling.depth, Arc::clone(&telling.not_intact));
        let pick = move |row: SourceColumns<'_>| {
            let key = row.required_text("key")?;
            let mine = |named: &Named| part.holds(named.account, named.region) && asked.wants_place(named.account, named.region);
            let Some(named) = Named::of(key).filter(mine) else { return Ok(None) };
            let Some(delivered_ms) = named.delivered_in(asked.window()) else { return Ok(None) };
            let (bucket, revision) = (row.required_text("bucket")?, revision(&row)?);
            let id = FileId::of(asked.delivered_to(bucket), key);
            let outcome = match named.class {
                LogClass::Digest => Outcome::NotCovered(Uncovered::Digest),
                _ => outcomes.of(id).unwrap_or(Outcome::NoDigest),
            };
            let asked_again = named.class != LogClass::Digest && depth.takes(asked.delivered_to(bucket), key);
            let exception = not_intact.get(&(FileId::of(bucket, key), revision));
            let reread = asked_again && exception != Some(&NotIntact::NotRead);
            Ok(Some(FileOutcome {
                revision,
                version: row.text("version").map(str::to_owned),
                inflated_sha256: inflated_sha256(&row),
                outcome,
                class: named.class,
                account: named.account,
                region: named.region,
                delivered_ms,
                reread,
                intact: reread && exception.is_none(),
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }))
        };
        let take = |_, told: Vec<FileOutcome>| {
            for file in told {
                (telling.tell)(file);
            }
            Ok::<_, VerifyError>(())
        };
        self.files.each_of(self.bucket, None, COLUMNS, pick, take).await?;
        self.each_not_landed(telling, &not_landed, rows, segments, trust).await
    }

    /// Tells the files that did not land: reads the Digests again that list them.
    async fn each_not_landed(
        &self,
        telling: &mut Telling<'_>,
        not_landed: &[(FileId, Listed, Outcome)],
        rows: &[DigestRow],
        segments: &Segments,
        trust: &Trust,
    ) -> Result<(), VerifyError> {
        let digests: BTreeSet<u32> = not_landed.iter().map(|(_, listed, _)| listed.digest).collect();
        let digests: Vec<u32> = digests.into_iter().collect();
        let window = self.asked.window();
        for some in digests.chunks(DIGESTS_AT_ONCE) {
            let again: Arc<Vec<DigestRow>> = Arc::new(some.iter().filter_map(|digest| rows.get(*digest as usize).cloned()).collect());
            let wants = move |key: &str| Named::of(key).is_some_and(|named| named.delivered_in(window).is_some());
            let read = digests::read(self.bucket, &again, segments, trust, wants, &|_| {}).await?;
            for file in &read.listed {
                let Some(own) = again.get(file.digest).map(|row| self.asked.delivered_to(&row.bucket)) else { continue };
                let bucket = file.bucket.as_deref().unwrap_or(own);
                let id = FileId::of(bucket, &file.key);
                let known = not_landed.binary_search_by_key(&id, |(id, _, _)| *id).ok().and_then(|at| not_landed.get(at));
                let Some((_, listed, outcome)) = known.filter(|(_, listed, _)| some.get(file.digest) == Some(&listed.digest)) else {
                    continue;
                };
                if let Some(told) = not_there(bucket, &file.key, listed, *outcome, self.asked) {
                    (telling.tell)(told);
                }
            }
        }
        Ok(())
    }
}

fn not_there(bucket: &str, key: &str, listed: &Listed, outcome: Outcome, asked: &Asked) -> Option<FileOutcome> {
    let Ok(KeyKind::Log(parsed)) = LogKey::parse(key) else { return None };
    Some(FileOutcome {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        revision: 0,
        version: None,
        inflated_sha256: Some(listed.hash),
        outcome,
        class: parsed.class,
        account: parsed.account,
        region: parsed.region,
        delivered_ms: Named::of(key).and_then(|named| named.delivered_in(asked.window())).unwrap_or(listed.digest_end_ms),
        reread: false,
        intact: false,
    })
}
