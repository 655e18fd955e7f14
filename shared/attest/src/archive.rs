//! What an archive says of itself: how its chain calls it, and on which day it begins.

use trailkeep_audit::{Day, attestation::Envelope};
use trailkeep_pipeline::ports::{bucket::AuditBucket, causes};
use trailkeep_restore::{Archive, SourceFiles};
use trailkeep_verification::VerifyError;

use crate::{
    due::DAY_MS,
    error::AttestError,
    kept::{self, Listing},
    prove::delivery_day,
};

/// What the newest attestation calls the archive; none: it has none. Whoever makes the next one calls it the same.
///
/// # Errors
/// [`AttestError`]; `Broken` where the newest one cannot be read.
pub async fn archive_name(bucket: &dyn AuditBucket) -> Result<Option<String>, AttestError> {
    let Some(newest) = Listing::of(bucket).await?.newest() else { return Ok(None) };
    let key = newest.key();
    let Some(bytes) = kept::read(bucket, &key).await? else { return Ok(None) };
    match Envelope::parse(&bytes) {
        Ok(envelope) => Ok(Some(envelope.statement.archive)),
        Err(error) => Err(AttestError::Broken { key, reason: causes(&error) }),
    }
}

/// What the next attestation calls the archive: as it is told to, else as the newest one does, else by [`address`].
///
/// # Errors
/// As [`archive_name`].
pub async fn called(bucket: &dyn AuditBucket, told: Option<&str>) -> Result<String, AttestError> {
    match told {
        Some(told) => Ok(told.to_owned()),
        None => Ok(archive_name(bucket).await?.unwrap_or_else(|| address(bucket))),
    }
}

/// An archive's address, the same whoever spells it: a directory's whole path, what it is called from here says nothing elsewhere; on S3 bucket and
/// prefix without `/` at the end.
pub fn address(bucket: &dyn AuditBucket) -> String {
    let whole = bucket.local_path().and_then(|path| path.canonicalize().ok());
    whole.map_or_else(|| bucket.address().trim_end_matches('/').to_owned(), |path| path.display().to_string())
}

/// The first delivery day of what the archive holds; none: it holds nothing. Reads the keys of all sources, a microsecond each: who asks every hour
/// keeps the answer. Names from the future do not count.
///
/// # Errors
/// [`AttestError::Verify`] where `sources/` cannot be read.
pub async fn first_day(archive: &Archive, now_ms: i64) -> Result<Option<Day>, AttestError> {
    let bucket = archive.bucket().as_ref();
    let files = SourceFiles::list(bucket, None).await.map_err(VerifyError::from)?;
    let mut first: Option<Day> = None;
    let take = |_, days: Vec<Day>| {
        first = first.into_iter().chain(days).min();
        Ok::<_, VerifyError>(())
    };
    files.each_of(bucket, None, &["key"], |row| row.text("key").and_then(delivery_day), take).await?;
    Ok(first.filter(|day| day.start_ms() < now_ms.saturating_add(DAY_MS)))
}
