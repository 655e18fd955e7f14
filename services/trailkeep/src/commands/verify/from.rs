//! `verify --from`: a log bucket judged by itself, without an archive.

use anyhow::Context as _;
use trailkeep_digests::PublicKeys;
use trailkeep_verification::{Asked, LogSource, Options, Verdict, verify_log_bucket};

use crate::{cli::Globals, exit::Usage, location::Location};

/// The public keys that an archive would keep.
pub(super) const NO_KEYS: Usage = Usage(
    "--from needs --public-keys: there is no archive that keeps CloudTrail's public keys; get them with `aws cloudtrail list-public-keys`, for each Region",
);

/// Refuses arguments that do not go with a log bucket.
///
/// # Errors
/// [`Usage`].
pub(super) fn check(from: &Location, bucket: Option<&str>, keys: bool) -> Result<(), Usage> {
    match from {
        _ if !keys => Err(NO_KEYS),
        Location::S3 { .. } if bucket.is_some() => {
            Err(Usage("--bucket names the bucket that a directory is a copy of; for a replica on S3 give --bucket-alias REPLICA=ORIGIN"))
        }
        _ => Ok(()),
    }
}

/// Holds it against what CloudTrail signed.
pub(super) async fn verify(
    from: &Location,
    bucket: Option<&str>,
    keys: &PublicKeys,
    asked: &Asked,
    options: Options<'_>,
    globals: &Globals,
) -> anyhow::Result<Verdict> {
    let origin = from.open_origin(globals).await?;
    let source = LogSource { bucket: origin.bucket, prefix: origin.prefix, name: bucket.map(ToOwned::to_owned) };
    verify_log_bucket(&source, keys, asked, options).await.with_context(|| format!("nothing can be said of {from}"))
}
