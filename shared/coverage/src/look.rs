//! The whole look.

use std::collections::BTreeSet;

use trailkeep_audit::coverage::Coverage;
use trailkeep_keys::AccountId;
use trailkeep_organization::{History, reconcile};
use trailkeep_restore::Archive;

use crate::{
    asked::{Asked, Recorded},
    error::LookError,
    expected::Expected,
    observed::Observed,
    seen::Seen,
    told::Told,
};

/// Holds an archive against the accounts that it keeps (none: against whoever was seen in it) over a window. `seen` is what the look before gave back;
/// [`Seen::default`] reads all of `sources/`. Gives what is told, and what was seen by now.
///
/// # Errors
/// [`LookError`].
pub async fn look(
    archive: &Archive,
    kept: Option<&History>,
    recorded: Recorded,
    asked: &Asked,
    seen: Seen,
) -> Result<(Told, Seen), LookError> {
    let observed = Observed::read(archive, asked, seen).await?;
    let delivering: BTreeSet<AccountId> = observed.folded.accounts();
    let reconciled = kept.map(|kept| reconcile(kept, &recorded.organization, &delivering)).unwrap_or_default();
    let expected = Expected::new(kept, &reconciled, &observed.seen, asked);
    let mut hours = Coverage::new(asked.since_ms, asked.until_ms, &expected.scopes)?;
    recorded.trails.into_iter().for_each(|event| hours.trail_event(event));
    hours.folded(observed.folded);
    let told = Told::new(archive.bucket().address(), asked, expected, reconciled, hours.finish(), recorded.incomplete);
    Ok((told, observed.seen))
}
