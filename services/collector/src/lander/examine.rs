//! A closer look at a Delivery whose key is known: the same content is a duplicate, other content is the next revision and a finding.

use std::sync::Arc;

use trailkeep_pipeline::{
    batch::sha256,
    ingest::RangeReader,
    ports::{
        bucket::BucketError,
        ledger::{Landed, SourceId},
    },
    protocol::Admission,
};

use super::{
    Gathering, Shared,
    chunk::{back, duplicate, fetch_of, held, land, land_all, not_fetched, ranges_of, release},
    thread::Bytes,
};
use crate::{
    delivery::Delivery,
    stages::{self, Admit, Piece, StageError},
};

/// Revisions of one key that are looked at before its message is left to be retried.
const MAX_REVISIONS: u32 = 64;

/// `landed` = as what it has landed; none where this very Batch holds the source.
pub(super) async fn examine(
    shared: &Arc<Shared>,
    gathering: &Arc<Gathering>,
    delivery: Delivery,
    source: SourceId,
    landed: Option<Landed>,
) {
    if gathering.is_full(shared, 0) {
        return back(gathering, delivery).await;
    }
    // Whether it is this Batch that has landed what is known.
    let mut here = landed.is_none();
    let mut known = match landed {
        Some(landed) => Some(landed.stored_sha256),
        None => match gathering.writing.stored_sha256(source.clone()).await {
            Some(sha256) => Some(sha256),
            // An earlier copy was let go of, or an earlier answer was lost: it is this Batch's to land.
            None => return land_all(shared, gathering, vec![(delivery, source)]).await,
        },
    };
    let (sha256, piece) = match read(shared, &delivery).await {
        Ok(read) => read,
        Err(StageError::Overloaded) => return shared.again(&gathering.intake, delivery, shared.settings.times.retry_first, "overloaded"),
        Err(error) => {
            // The source is landed or this Batch's: there is nothing to let go of.
            let _ = not_fetched(shared, gathering, delivery, source, &error).await;
            return;
        }
    };
    let mut source = source;
    while let Some(theirs) = known {
        if theirs == sha256 {
            return same(shared, gathering, delivery, here).await;
        }
        if source.revision() >= MAX_REVISIONS {
            return shared.retry(delivery, "too_many_revisions", None);
        }
        source = source.at_revision(source.revision() + 1);
        if let Some(landed) = gathering.forgotten.lock().await.get(&source) {
            (here, known) = (false, Some(landed.stored_sha256));
            continue;
        }
        let asked = Admit { open: gathering.open.clone(), sources: Arc::from([source.clone()]), now: shared.surroundings.now() };
        let answer = stages::call(&shared.stages.admit, asked).await.map(|mut answers| answers.pop());
        here = matches!(answer, Ok(Some(Admission::Already)));
        known = match answer {
            Ok(Some(Admission::Duplicate(landed))) => Some(landed.stored_sha256),
            Ok(Some(Admission::Held { .. })) => return held(shared, gathering, delivery),
            Ok(Some(Admission::Already)) => gathering.writing.stored_sha256(source.clone()).await,
            Ok(Some(Admission::Admitted) | None) => None,
            Err(error) => {
                shared.fatal.check(&error);
                return shared.again(&gathering.intake, delivery, shared.settings.look_again, "not_admitted");
            }
        };
    }
    shared.metrics.delivery("revision");
    let bytes = piece.map_or_else(|| ranges_of(shared, &delivery), Bytes::Whole);
    if let Some(source) = land(shared, gathering, delivery, source, bytes).await {
        release(shared, gathering, &[source]).await;
    }
}

/// The same content has landed: its message is deleted, once the Batch is published if it is this one.
async fn same(shared: &Shared, gathering: &Gathering, delivery: Delivery, here: bool) {
    if here {
        gathering.waiting.lock().await.again.push(delivery);
    } else {
        duplicate(shared, delivery);
    }
}

/// The SHA-256 of a Delivery's stored bytes, and the bytes unless they are too large to be held.
async fn read(shared: &Shared, delivery: &Delivery) -> Result<([u8; 32], Option<Piece>), StageError> {
    match stages::call(&shared.stages.examine, fetch_of(delivery)).await {
        Ok(piece) => Ok((sha256(&piece.fetched.body), Some(piece))),
        Err(StageError::Bucket(error)) if matches!(*error, BucketError::TooLarge { .. }) => {
            let store = Arc::clone(&delivery.origin.store);
            let info = store.head(&delivery.key, delivery.version.as_deref()).await?;
            let mut reader = RangeReader::new(store, tokio::runtime::Handle::current(), delivery.key.to_string(), info);
            // Reads in ranges, and blocks on each.
            let read = tokio::task::spawn_blocking(move || reader.sha256()).await;
            let hashed = read.unwrap_or_else(|failed| {
                Err(BucketError::Failed { operation: "read".to_owned(), what: "a log object".to_owned(), source: Box::new(failed) })
            });
            Ok((hashed?, None))
        }
        Err(error) => Err(error),
    }
}
