//! The chain of attestations, checked: with nothing but the archive and the signer's public key, and against heads that were kept elsewhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use trailkeep_archive::layout::ATTEST;
use trailkeep_audit::{
    Day, Sha256,
    attestation::{ChainWalk, Envelope, EnvelopeError, Kind, PublicKey, Statement},
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

use crate::{
    error::AttestError,
    heads::{Head, HeadStore},
    kept::{self, Kept, Listing, number_key},
    outcomes::{self, LeavesError},
};

/// Most problems that are told one by one; all are counted.
const MAX_TOLD: usize = 1_000;

/// What is checked, and against what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checking<'a> {
    /// The keys that are trusted; none: signatures are not checked, and nothing is called verified.
    pub keys: &'a [PublicKey],
    /// Days that must have attestations, first and last. The chain is checked whole in any case.
    pub days: Option<(Day, Day)>,
    /// Reads the leaves of each attestation of those days, or of all, and computes their roots.
    pub leaves: bool,
    /// Heads that were kept elsewhere.
    pub heads: Option<&'a HeadStore>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its stable name.
    pub name: &'static str,
    /// The attestation's number.
    pub sequence: Option<u64>,
    /// The object.
    pub key: Option<String>,
    /// One sentence for a person.
    pub detail: String,
}

/// An attestation that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDay {
    /// Which.
    pub kept: Kept,
    /// Whether all of its claim is so: see [`Statement::is_complete`].
    pub complete: bool,
    /// Its sources.
    pub sources: u64,
    /// SHA-256 of the envelope.
    pub sha256: Sha256,
}

/// A key that attestations name as their signer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSigner {
    /// Whose it is, as the attestations say.
    pub signer: String,
    /// SHA-256 of its public half.
    pub fingerprint: Sha256,
    /// Whether it is among the trusted ones.
    pub trusted: bool,
    /// How many attestations name it.
    pub attestations: u64,
}

/// A file of CloudTrail's public keys that attestations rely on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustedKeys {
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// Where and when they were got, as the first attestation says it that names them.
    pub origin: String,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The archive's name, as the attestations say it.
    pub archive: Option<String>,
    /// Whether signatures were checked: without a key nothing is trusted.
    pub trusted: bool,
    /// Attestations that are in order, each by itself.
    pub attestations: u64,
    /// First and last of their numbers.
    pub range: Option<(u64, u64)>,
    /// SHA-256 of the last one: to be compared with one that was kept elsewhere.
    pub head: Option<Sha256>,
    /// The attestation of each day that counts, within the days that were asked for.
    pub days: Vec<CheckedDay>,
    /// Days between the first and the last that have none.
    pub days_without: Vec<Day>,
    /// Who signed.
    pub signers: Vec<NamedSigner>,
    /// What CloudTrail's Digests were verified with.
    pub cloudtrail_keys: Vec<TrustedKeys>,
    /// Attestations whose leaves were read, and had the attested root.
    pub leaves_checked: u64,
    /// Heads that were compared; none: there was nowhere to look.
    pub heads_compared: Option<u64>,
    /// What is wrong, the first thousand.
    pub problems: Vec<Problem>,
    /// How many of each kind there are, by name.
    pub problem_counts: BTreeMap<&'static str, u64>,
    /// What is odd and no sign of anything wrong.
    pub notes: Vec<String>,
}

impl Checked {
    /// Whether there is a chain, a key that is trusted signed all of it, and nothing is wrong.
    pub fn is_verified(&self) -> bool {
        self.trusted && self.is_consistent()
    }

    /// Whether there is a chain and nothing is wrong with it, whoever signed it.
    pub fn is_consistent(&self) -> bool {
        self.attestations > 0 && self.problem_counts.is_empty()
    }

    fn add(&mut self, name: &'static str, sequence: Option<u64>, key: Option<String>, detail: impl Into<String>) {
        *self.problem_counts.entry(name).or_default() += 1;
        if self.problems.len() < MAX_TOLD {
            self.problems.push(Problem { name, sequence, key, detail: detail.into() });
        }
    }
}

/// Checks the whole chain: numbers, hashes, signatures, what supersedes what; with leaves, their roots; with heads, whether it was rolled back or replaced.
/// One attestation is held at a time.
///
/// # Errors
/// [`AttestError`] where a store cannot be read. What is wrong with what it holds is in the answer.
pub async fn check(bucket: &dyn AuditBucket, checking: &Checking<'_>) -> Result<Checked, AttestError> {
    let listing = Listing::of(bucket).await?;
    let mut checked = Checked { trusted: !checking.keys.is_empty(), ..Checked::default() };
    strange(&listing, &mut checked);
    let mut walk = ChainWalk::after(None);
    let mut read = Read { checking, walk: &mut walk, there: BTreeMap::new(), days: BTreeMap::new(), checked: &mut checked };
    for kept in &listing.attestations {
        read.one(bucket, *kept).await?;
    }
    let (there, days) = (read.there, read.days);
    let report = walk.report();
    (checked.attestations, checked.range, checked.head) = (report.verified, report.range, report.head);
    for problem in &report.problems {
        checked.add(problem.name(), problem.sequence(), None, problem.to_string());
    }
    numbers(bucket, &listing, &there, &mut checked).await?;
    numbers_removed(bucket, &listing, &mut checked).await?;
    // One key may sign for several archives: the chain of another one, copied here whole, is well signed.
    let address = bucket.address();
    if let Some(archive) = checked.archive.as_ref().filter(|archive| **archive != address) {
        checked
            .notes
            .push(format!("the attestations are of {archive:?}, and lie in {address}: whether that is the same archive is not known here"));
    }
    tell_days(checking, days, &mut checked);
    if listing.attestations.is_empty() {
        checked.add("nothing_to_verify", None, None, "the archive has no attestation");
    }
    if let Some(heads) = checking.heads {
        compare_heads(heads, &there, &mut checked).await?;
    }
    Ok(checked)
}

fn strange(listing: &Listing, checked: &mut Checked) {
    for key in &listing.strange {
        checked.add("strange_object", None, Some(key.clone()), format!("nothing below {ATTEST} is called so"));
    }
    let more = listing.strange_count - listing.strange.len() as u64;
    if more > 0 {
        *checked.problem_counts.entry("strange_object").or_default() += more;
    }
}

/// What was found under a number.
struct There {
    sha256: Sha256,
    /// The head that it would have; none where it cannot be read.
    head: Option<Head>,
}

/// Of each number, whatever was found there.
type ByNumber = BTreeMap<u64, Vec<There>>;

/// The chain as far as it was read.
struct Read<'a> {
    checking: &'a Checking<'a>,
    walk: &'a mut ChainWalk,
    there: ByNumber,
    days: BTreeMap<Day, CheckedDay>,
    checked: &'a mut Checked,
}

impl Read<'_> {
    async fn one(&mut self, bucket: &dyn AuditBucket, kept: Kept) -> Result<(), AttestError> {
        let key = kept.key();
        let unreadable = |detail: String| ("unreadable", detail);
        let bytes: Result<Bytes, (&'static str, String)> = match kept::read(bucket, &key).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(unreadable("it was listed, and is not there any more".to_owned())),
            Err(error @ (BucketError::TooLarge { .. } | BucketError::Archived { .. })) => Err(unreadable(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let judged = bytes.and_then(|bytes| {
            let sha256 = Sha256::of(&bytes);
            let parsed = Envelope::parse(&bytes);
            let head = parsed.as_ref().ok().and_then(|envelope| Head::of(envelope, 0).ok());
            self.there.entry(kept.sequence).or_default().push(There { sha256, head });
            Ok((self.judged(parsed, kept)?, sha256))
        });
        match judged {
            Err((name, detail)) => self.checked.add(name, Some(kept.sequence), Some(key), detail),
            Ok((envelope, hash)) => {
                self.walk.step(&envelope, hash);
                self.take(bucket, kept, &envelope.statement, hash).await?;
            }
        }
        Ok(())
    }

    /// The envelope, if it is one by itself.
    fn judged(&self, parsed: Result<Envelope, EnvelopeError>, kept: Kept) -> Result<Envelope, (&'static str, String)> {
        let envelope = parsed.map_err(|error| ("unreadable", trailkeep_pipeline::ports::causes(&error)))?;
        let keys = self.checking.keys;
        let signed = if keys.is_empty() { envelope.check_form() } else { envelope.verify_with(keys) };
        signed.map_err(|error| ("not_signed", error.to_string()))?;
        let statement = &envelope.statement;
        if (statement.sequence, statement.day, statement.kind) != (kept.sequence, kept.day, kept.kind) {
            let detail = format!("it is number {}, {} of {}", statement.sequence, statement.kind.as_str(), statement.day);
            return Err(("misplaced", detail));
        }
        Ok(envelope)
    }

    async fn take(&mut self, bucket: &dyn AuditBucket, kept: Kept, statement: &Statement, sha256: Sha256) -> Result<(), AttestError> {
        self.trust(statement);
        let wanted = self.checking.days.is_none_or(|(first, last)| (first..=last).contains(&kept.day));
        if !wanted {
            return Ok(());
        }
        let day = CheckedDay { kept, complete: statement.is_complete(), sources: statement.sources.count, sha256 };
        self.days.insert(kept.day, day);
        if self.checking.leaves {
            match check_leaves(bucket, kept, statement).await {
                Ok(()) => self.checked.leaves_checked += 1,
                Err(error) => match error.name() {
                    Some(name) => {
                        let detail = trailkeep_pipeline::ports::causes(&error);
                        self.checked.add(name, Some(kept.sequence), Some(kept.outcomes_key(statement.sources.merkle_root)), detail);
                    }
                    None => return Err(AttestError::Leaves(error)),
                },
            }
        }
        Ok(())
    }

    fn trust(&mut self, statement: &Statement) {
        self.checked.archive.get_or_insert_with(|| statement.archive.clone());
        let root = &statement.trust_root;
        let is_it = |named: &&mut NamedSigner| named.fingerprint == root.signer_fingerprint && named.signer == root.signer;
        match self.checked.signers.iter_mut().find(is_it) {
            Some(named) => named.attestations += 1,
            None => self.checked.signers.push(NamedSigner {
                signer: root.signer.clone(),
                fingerprint: root.signer_fingerprint,
                trusted: self.checking.keys.iter().any(|key| key.fingerprint() == root.signer_fingerprint),
                attestations: 1,
            }),
        }
        let sha256 = root.cloudtrail_keys_sha256;
        if !self.checked.cloudtrail_keys.iter().any(|keys| keys.sha256 == sha256) {
            self.checked.cloudtrail_keys.push(TrustedKeys { sha256, origin: root.cloudtrail_keys_origin.clone() });
        }
    }
}

/// Reads the leaves of an attestation: as many as were attested, with the attested root and counts.
///
/// # Errors
/// [`LeavesError`].
pub(crate) async fn check_leaves(bucket: &dyn AuditBucket, kept: Kept, statement: &Statement) -> Result<(), LeavesError> {
    let root = statement.sources.merkle_root;
    let key = kept.outcomes_key(root);
    let outcomes = outcomes::check(bucket, &key, statement.sources.count, root).await?;
    let attested = statement.sources.outcomes.iter().filter(|(_, count)| **count > 0);
    if attested.eq(outcomes.iter()) { Ok(()) } else { Err(LeavesError::Outcomes { key }) }
}

/// What lies under the numbers must be what lies under the days.
async fn numbers(bucket: &dyn AuditBucket, listing: &Listing, there: &ByNumber, checked: &mut Checked) -> Result<(), AttestError> {
    for number in &listing.numbers {
        let key = number_key(*number);
        let hash = match kept::read(bucket, &key).await {
            Ok(Some(bytes)) => Some(Sha256::of(&bytes)),
            Ok(None) | Err(BucketError::TooLarge { .. } | BucketError::Archived { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        match (there.get(number), hash) {
            (Some(there), Some(hash)) if there.iter().any(|there| there.sha256 == hash) => {}
            (None, _) => {
                let detail = "its number was taken, and it does not lie under its day: its maker ended early, or it was removed; \
                              the next `trailkeep attest make` puts it back";
                checked.add("not_in_its_place", Some(*number), Some(key), detail);
            }
            _ => checked.add("replaced", Some(*number), Some(key), "under its number lies another attestation than under its day"),
        }
    }
    Ok(())
}

/// Each number was taken before its attestation was put under its day: where one is lacking it was removed since.
async fn numbers_removed(bucket: &dyn AuditBucket, listing: &Listing, checked: &mut Checked) -> Result<(), AttestError> {
    for kept in listing.unnumbered() {
        let key = number_key(kept.sequence);
        // It may have been taken since the numbers were listed.
        if bucket.head(&key).await?.is_none() {
            let detail = format!(
                "{} is there, and its number is not: it was removed, or never taken; the next `trailkeep attest make` puts it back",
                kept.key()
            );
            checked.add("number_removed", Some(kept.sequence), Some(key), detail);
        }
    }
    Ok(())
}

/// The days that have attestations, and those between them that do not.
fn tell_days(checking: &Checking<'_>, days: BTreeMap<Day, CheckedDay>, checked: &mut Checked) {
    let span = checking.days.or_else(|| Some((*days.keys().next()?, *days.keys().next_back()?)));
    let mut next = span.map(|(first, _)| first);
    while let (Some(day), Some((_, last))) = (next.filter(|day| span.is_some_and(|(_, last)| *day <= last)), span) {
        if !days.contains_key(&day) {
            checked.days_without.push(day);
        }
        let after = Day::of(day.start_ms() + 86_400_000);
        next = (after > day && day < last).then_some(after);
    }
    if checking.days.is_some() {
        for day in checked.days_without.clone() {
            checked.add("day_not_attested", None, None, format!("{day} was asked for and has no attestation that is in order"));
        }
    } else if !checked.days_without.is_empty() {
        checked.notes.push(format!("{} days between the first and the last have no attestation", checked.days_without.len()));
    }
    let finals = days.values().filter(|day| day.kept.kind == Kind::Final).count();
    if finals < days.len() {
        checked.notes.push(format!("{} days are provisional: CloudTrail may still deliver what they lack", days.len() - finals));
    }
    if !checking.leaves && !days.is_empty() {
        checked
            .notes
            .push("the leaves in outcomes/ were not read: whether they are those that were attested is told with --leaves".to_owned());
    }
    checked.days = days.into_values().collect();
}

/// The chain against heads that were kept elsewhere.
async fn compare_heads(store: &HeadStore, there: &ByNumber, checked: &mut Checked) -> Result<(), AttestError> {
    let Some(archive) = checked.archive.clone() else {
        checked.add("heads_not_compared", None, None, "there is no attestation that names the archive whose heads are to be compared");
        return Ok(());
    };
    let heads = store.read(&archive).await?;
    checked.heads_compared = Some(heads.heads.len() as u64);
    for (key, reason) in heads.unreadable {
        checked.add("head_unreadable", None, Some(key), reason);
    }
    let newest = there.keys().next_back().copied().unwrap_or_default();
    for (sequence, head) in &heads.heads {
        match there.get(sequence).map(|there| there.iter().find(|there| there.sha256 == head.envelope_sha256)) {
            // What cannot be read is told as such.
            Some(Some(There { head: None, .. })) => {}
            Some(Some(There { head: Some(own), .. })) if own.is_of(head) => {}
            Some(Some(_)) => {
                let detail = format!(
                    "the head that was put down at {} says {} of {}, or another statement, and has the hash of an attestation that says otherwise",
                    head.made_at_ms,
                    head.kind.as_str(),
                    head.day
                );
                checked.add("head_differs", Some(*sequence), None, detail);
            }
            Some(None) => {
                let detail = format!("the head that was put down at {} is of another attestation: it was replaced since", head.made_at_ms);
                checked.add("head_differs", Some(*sequence), None, detail);
            }
            None => {
                let how = if *sequence > newest { "the chain was rolled back" } else { "it was removed" };
                let detail = format!("{} of {} had this number, by its head: {how}", head.kind.as_str(), head.day);
                checked.add("rolled_back", Some(*sequence), None, detail);
            }
        }
    }
    for sequence in there.keys().filter(|sequence| !heads.heads.contains_key(sequence)) {
        checked.add("head_missing", Some(*sequence), None, format!("{} has no head of this attestation", store.address()));
    }
    Ok(())
}
