//! The end of making: the next number, the signature, and what is written, in an order in which whoever dies leaves nothing half.
//!
//! 1. `outcomes/`, under the number that is wanted and the root of the leaves: whoever wants the same number for other leaves writes elsewhere. Nothing is
//!    ever written over.
//! 2. `attest/numbers/`, only if nothing is there: that moment the attestation is made. Of several makers one gets the number; the others begin again with
//!    the next one.
//! 3. `attest/day=…/`, the same bytes. Where its maker died before, the next maker does it.

use bytes::Bytes;
use trailkeep_audit::{
    Sha256,
    attestation::{Envelope, EnvelopeError, MAX_ENVELOPE_BYTES, Statement},
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy};

use crate::{
    error::AttestError,
    kept::{self, Kept, Listing, number_key},
    make::Making,
    outcomes::{self, Spooled},
    signer::{Signer, sign},
};

/// Counted among the findings of an attestation whose maker found objects of `attest/numbers/` removed.
const NUMBERS_REMOVED: &str = "attest_numbers_removed";
/// The greatest number of an attestation: keys have twelve digits.
const MAX_SEQUENCE: u64 = 999_999_999_999;

/// A statement with its place in the chain.
#[derive(Debug)]
pub(crate) struct Next {
    statement: Statement,
    /// The newest attestation of its day.
    pub(crate) newest_of_day: Option<Kept>,
}

/// What came of one try.
#[derive(Debug)]
pub(crate) enum Issued {
    /// It is written.
    Written { kept: Kept, envelope: Box<Envelope>, sha256: Sha256 },
    /// Another maker took the number.
    Lost,
}

/// Gives the statement its place: after the newest attestation that there is. `removed` counts the numbers that were found removed and put back, in all tries.
pub(crate) async fn next(
    bucket: &dyn AuditBucket,
    mut statement: Statement,
    signer: &dyn Signer,
    making: &Making<'_>,
    removed: &mut u64,
) -> Result<Next, AttestError> {
    let listing = settled(bucket, signer, making).await?;
    once_each(&listing)?;
    *removed += numbered(bucket, &listing, signer, making).await?;
    if *removed > 0 {
        statement.findings.counts.insert(NUMBERS_REMOVED.to_owned(), *removed);
    }
    statement.sequence = 1;
    if let Some(newest) = listing.newest() {
        let (before, hash) = chained(bucket, newest, &statement, signer).await?;
        statement.sequence = newest.sequence + 1;
        if statement.sequence > MAX_SEQUENCE {
            return Err(AttestError::Broken { key: newest.key(), reason: "no number comes after it".to_owned() });
        }
        statement.previous = Some(hash);
        // Clocks differ; a chain does not go back in time.
        statement.issued_at_ms = statement.issued_at_ms.max(before.statement.issued_at_ms);
    }
    let newest_of_day = listing.newest_of(statement.day);
    statement.supersedes = match newest_of_day {
        Some(kept) => Some(chained(bucket, kept, &statement, signer).await?.1),
        None => None,
    };
    Ok(Next { statement, newest_of_day })
}

/// What there is, after what dead makers left was put into its place.
async fn settled(bucket: &dyn AuditBucket, signer: &dyn Signer, making: &Making<'_>) -> Result<Listing, AttestError> {
    let listing = Listing::of(bucket).await?;
    let has = |number: &u64| listing.attestations.binary_search_by_key(number, |kept| kept.sequence).is_ok();
    let lacking: Vec<u64> = listing.numbers.iter().copied().filter(|number| !has(number)).collect();
    if lacking.is_empty() {
        return Ok(listing);
    }
    for number in lacking {
        let key = number_key(number);
        let Some(bytes) = kept::read(bucket, &key).await? else { continue };
        let broken = |reason: String| AttestError::Broken { key: key.clone(), reason };
        let envelope = Envelope::parse(&bytes).map_err(|error| broken(error.to_string()))?;
        genuine(&envelope, &key, signer)?;
        let statement = envelope.statement;
        if statement.sequence != number {
            return Err(broken(format!("it holds number {}", statement.sequence)));
        }
        let kept = Kept { sequence: number, day: statement.day, kind: statement.kind };
        place(bucket, kept, bytes, making).await?;
        tracing::warn!(key = kept.key(), "an attestation whose maker ended early was put into its place");
    }
    Ok(Listing::of(bucket).await?)
}

/// Puts back numbers that were removed, and tells how many: each was taken before its attestation was put into its place. Where one is lacking, a maker that was
/// slow could take it again.
async fn numbered(bucket: &dyn AuditBucket, listing: &Listing, signer: &dyn Signer, making: &Making<'_>) -> Result<u64, AttestError> {
    let mut removed = 0;
    for kept in listing.unnumbered() {
        let (key, number) = (kept.key(), number_key(kept.sequence));
        let broken = |reason: String| AttestError::Broken { key: key.clone(), reason };
        // Another maker may have taken it since the numbers were listed.
        if bucket.head(&number).await?.is_some() {
            continue;
        }
        let bytes = read(bucket, kept).await?;
        let envelope = Envelope::parse(&bytes).map_err(|error| broken(error.to_string()))?;
        genuine(&envelope, &key, signer)?;
        in_its_place(&envelope.statement, kept).map_err(broken)?;
        if bucket.put(&number, bytes, &json(making)).await? == PutOutcome::Written {
            removed += 1;
            tracing::warn!(key = number, "the number of an attestation had been removed, and was put back: find out who removed it");
        }
    }
    Ok(removed)
}

/// The bytes of an attestation that was listed.
async fn read(bucket: &dyn AuditBucket, kept: Kept) -> Result<Bytes, AttestError> {
    let broken = |reason: String| AttestError::Broken { key: kept.key(), reason };
    match kept::read(bucket, &kept.key()).await {
        Ok(bytes) => bytes.ok_or_else(|| broken("it was there, and is not any more".to_owned())),
        Err(error @ BucketError::TooLarge { .. }) => Err(broken(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn in_its_place(statement: &Statement, kept: Kept) -> Result<(), String> {
    let is = (statement.sequence, statement.day, statement.kind) == (kept.sequence, kept.day, kept.kind);
    if is { Ok(()) } else { Err("it is of another number, day or kind than its key".to_owned()) }
}

/// No number is given twice. What somebody puts beside the chain could otherwise pass for a day's attestation without ever being looked at: numbers have no
/// holes, so that it has one that is taken, or is the newest.
fn once_each(listing: &Listing) -> Result<(), AttestError> {
    let twice = listing.attestations.iter().zip(listing.attestations.iter().skip(1)).find(|(one, other)| one.sequence == other.sequence);
    match twice {
        Some((one, other)) => Err(AttestError::Broken { key: other.key(), reason: format!("it has the number of {}", one.key()) }),
        None => Ok(()),
    }
}

/// This signer signed it, or a former one: whoever writes to the archive could put a forged one there, which would hold for its day, and be vouched for by all that
/// come after it.
fn genuine(envelope: &Envelope, key: &str, signer: &dyn Signer) -> Result<(), AttestError> {
    let mut known = std::iter::once(signer.public_key()).chain(signer.former_keys());
    let Some(public) = known.find(|public| public.fingerprint() == envelope.fingerprint) else {
        return Err(AttestError::UnknownSigner { key: key.to_owned(), fingerprint: envelope.fingerprint });
    };
    envelope.verify(public).map_err(|error| AttestError::Broken { key: key.to_owned(), reason: error.to_string() })
}

/// An attestation that the next one will name, with its hash. It must be one of this archive's chain, signed by this signer or a former one.
async fn chained(bucket: &dyn AuditBucket, kept: Kept, next: &Statement, signer: &dyn Signer) -> Result<(Envelope, Sha256), AttestError> {
    let key = kept.key();
    let broken = |reason: String| AttestError::Broken { key: key.clone(), reason };
    let bytes = read(bucket, kept).await?;
    let envelope = Envelope::parse(&bytes).map_err(|error| broken(error.to_string()))?;
    envelope.check_form().map_err(|error| broken(error.to_string()))?;
    genuine(&envelope, &key, signer)?;
    let statement = &envelope.statement;
    in_its_place(statement, kept).map_err(broken)?;
    if statement.archive != next.archive {
        return Err(broken(format!("it is of the archive {:?}, and this one is called {:?}", statement.archive, next.archive)));
    }
    Ok((envelope, Sha256::of(&bytes)))
}

/// Signs a statement and writes all that belongs to it.
pub(crate) async fn issue(
    bucket: &dyn AuditBucket,
    next: Next,
    signer: &dyn Signer,
    spooled: &Spooled,
    making: &Making<'_>,
) -> Result<Issued, AttestError> {
    let statement = next.statement;
    let signature = sign(signer, &statement.signing_input()?).await?;
    let envelope = Envelope::new(statement, &signature, signer.public_key())?;
    let bytes = Bytes::from(envelope.to_json()?);
    if bytes.len() > MAX_ENVELOPE_BYTES {
        return Err(EnvelopeError::TooLarge(bytes.len()).into());
    }
    let statement = &envelope.statement;
    let kept = Kept { sequence: statement.sequence, day: statement.day, kind: statement.kind };
    let number = number_key(kept.sequence);
    outcomes_written(bucket, kept, spooled, making).await?;
    if bucket.put(&number, bytes.clone(), &json(making)).await? == PutOutcome::AlreadyThere
        && kept::read(bucket, &number).await?.as_ref() != Some(&bytes)
    {
        return Ok(Issued::Lost);
    }
    place(bucket, kept, bytes.clone(), making).await?;
    Ok(Issued::Written { kept, sha256: Sha256::of(&bytes), envelope: Box::new(envelope) })
}

/// Writes the leaves. A maker that died may have left the same ones, of a release that encodes otherwise.
async fn outcomes_written(bucket: &dyn AuditBucket, kept: Kept, spooled: &Spooled, making: &Making<'_>) -> Result<(), AttestError> {
    let key = kept.outcomes_key(spooled.root);
    let content_type = Some("application/vnd.apache.parquet".to_owned());
    let policy = PutPolicy { content_type, if_absent: true, ..making.policy.clone() };
    match outcomes::upload(bucket, &key, spooled, &policy).await {
        Ok(_) => Ok(()),
        Err(AttestError::Bucket(BucketError::Changed { .. })) => match outcomes::check(bucket, &key, spooled.count, spooled.root).await {
            Ok(_) => Ok(()),
            Err(error) if error.name().is_some() => Err(AttestError::Broken { key, reason: trailkeep_pipeline::ports::causes(&error) }),
            Err(error) => Err(AttestError::Leaves(error)),
        },
        Err(error) => Err(error),
    }
}

/// Puts an envelope where readers look for it.
async fn place(bucket: &dyn AuditBucket, kept: Kept, bytes: Bytes, making: &Making<'_>) -> Result<(), AttestError> {
    let key = kept.key();
    if bucket.put(&key, bytes.clone(), &json(making)).await? == PutOutcome::AlreadyThere
        && kept::read(bucket, &key).await?.as_ref() != Some(&bytes)
    {
        return Err(AttestError::Broken { key, reason: "another attestation is there".to_owned() });
    }
    Ok(())
}

fn json(making: &Making<'_>) -> PutPolicy {
    PutPolicy { content_type: Some("application/json".to_owned()), if_absent: true, ..making.policy.clone() }
}
