//! Recovery: what dead workers left is brought to an end. Run at start and every minute.

use trailkeep_archive::{BatchId, layout};

use super::{Announcement, Manifest, Moment, Protocol, ProtocolError, announce::Left, publish::MAX_MANIFEST_BYTES};
use crate::{
    archive_guard,
    ports::{
        bucket::StagedUpload,
        ledger::{AbortIf, BatchItem, BatchState, Flip},
    },
};

/// What a recovery did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Committed Batches that are published now.
    pub rolled_forward: Vec<BatchId>,
    /// Open Batches of dead workers that are aborted now.
    pub aborted: Vec<BatchId>,
    /// Open Batches whose workers may live, and beside others committed ones too.
    pub alive: Vec<BatchItem>,
    /// Leftovers in `staging/` of Batches that had come to an end.
    pub swept: Vec<BatchId>,
    /// Published Batches that are announced now.
    pub announced: Vec<BatchId>,
    /// Published Batches that are not announced yet: the topic fails, or a manifest cannot be used. Alarm on it where it lasts.
    pub unannounced: Vec<BatchId>,
}

impl Recovered {
    fn told(&mut self, batch: BatchId, announcement: Announcement) {
        match announcement {
            Announcement::None => {}
            Announcement::Done => self.announced.push(batch),
            Announcement::Later if self.unannounced.contains(&batch) => {}
            Announcement::Later => self.unannounced.push(batch),
        }
    }
}

/// Which committed Batches a recovery rolls forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Committed {
    /// All of them: whoever runs once does not come back for them.
    AtOnce,
    /// Those that no live worker is publishing.
    OnceLeft,
}

/// Set in the counter that is watched of a committed Batch, so that a watch of it begins with the commit.
const COMMITTED_MARK: u64 = 1 << 63;

impl Protocol {
    /// Rolls committed Batches forward, aborts open ones whose workers are dead, throws away what aborted ones staged, and announces what was
    /// published and not announced. For a process that runs once; a Batch that another is publishing at this moment may be announced twice.
    ///
    /// # Errors
    /// [`ProtocolError`]; what was done until then stays done, and running it again goes on.
    pub async fn recover(&self, now: Moment) -> Result<Recovered, ProtocolError> {
        let mut recovered = self.recover_batches(now, Committed::AtOnce).await?;
        self.sweep_staging(&mut recovered).await?;
        Ok(recovered)
    }

    /// As [`Protocol::recover`], again and again beside live workers, this process's own among them: a committed Batch is rolled forward once its
    /// worker is certainly gone, or it was seen committed for a whole lease of our own clock.
    ///
    /// # Errors
    /// As there.
    pub async fn recover_beside_others(&self, now: Moment) -> Result<Recovered, ProtocolError> {
        let mut recovered = self.recover_unfinished(now).await?;
        self.sweep_staging(&mut recovered).await?;
        Ok(recovered)
    }

    /// As [`Protocol::recover_beside_others`], of Batches alone: what lies in `staging/` is not listed, which is what costs. One Batch that cannot be brought
    /// to its end keeps no other waiting.
    ///
    /// # Errors
    /// The first [`ProtocolError`], after all were tried.
    pub async fn recover_unfinished(&self, now: Moment) -> Result<Recovered, ProtocolError> {
        self.recover_batches(now, Committed::OnceLeft).await
    }

    async fn recover_batches(&self, now: Moment, committed: Committed) -> Result<Recovered, ProtocolError> {
        let mut recovered = Recovered::default();
        let mut failure = None;
        for item in self.ledger.unfinished().await? {
            let batch = item.batch;
            if let Err(error) = self.recover_one(item, now, committed, &mut recovered).await {
                tracing::warn!(%batch, %error, "a batch could not be brought to its end");
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(recovered), Err)
    }

    async fn recover_one(
        &self,
        item: BatchItem,
        now: Moment,
        committed: Committed,
        recovered: &mut Recovered,
    ) -> Result<(), ProtocolError> {
        match item.state {
            BatchState::Committed if committed == Committed::AtOnce || self.is_left(&item, now).await? => {
                let announcement = self.roll_forward(&item.batch, now).await?;
                self.still.lock().unwrap_or_else(std::sync::PoisonError::into_inner).forget(&item.batch);
                recovered.rolled_forward.push(item.batch);
                recovered.told(item.batch, announcement);
            }
            BatchState::Open if self.is_dead(&item, now).await? => match self.abort_dead(&item).await? {
                None => recovered.aborted.push(item.batch),
                Some(moved) => recovered.alive.push(moved),
            },
            BatchState::Open | BatchState::Committed => recovered.alive.push(item),
            BatchState::Published | BatchState::Announced | BatchState::Aborted => {}
        }
        Ok(())
    }

    /// Whether nobody is publishing a committed Batch: beats end with the commit, so that it must have been seen committed for a lease.
    async fn is_left(&self, item: &BatchItem, now: Moment) -> Result<bool, ProtocolError> {
        self.is_dead(&BatchItem { beat: item.beat | COMMITTED_MARK, ..item.clone() }, now).await
    }

    /// Aborts a dead worker's open Batch and throws away what it staged. Answers the item if it moved meanwhile.
    pub(super) async fn abort_dead(&self, item: &BatchItem) -> Result<Option<BatchItem>, ProtocolError> {
        self.refuse_if_published(&item.batch, item.state).await?;
        match self.ledger.abort(&item.batch, &AbortIf::BeatStillAt(item.beat)).await? {
            Flip::Refused(moved) if moved.state != BatchState::Aborted => return Ok(Some(moved)),
            Flip::Done | Flip::Refused(_) => {}
        }
        tracing::info!(batch = %item.batch, owner = %item.owner, "aborted the batch of a dead worker");
        self.still.lock().unwrap_or_else(std::sync::PoisonError::into_inner).forget(&item.batch);
        self.discard_staging(&item.batch).await?;
        Ok(None)
    }

    /// Before anyone flips open → aborted: a Batch whose commit mark is visible was committed, whatever this ledger says.
    pub(super) async fn refuse_if_published(&self, batch: &BatchId, state: BatchState) -> Result<(), ProtocolError> {
        if self.bucket.head(&layout::sources_key(batch)).await?.is_none() {
            return Ok(());
        }
        let state = self.ledger.batch(batch).await?.map_or(state, |item| item.state);
        if matches!(state, BatchState::Open | BatchState::Aborted) {
            let command = archive_guard::rebuild_command(&self.bucket.address(), &self.ledger.address());
            return Err(ProtocolError::LedgerBehind { batch: *batch, state, command });
        }
        Ok(())
    }

    /// Throws away the uploads that an aborted Batch's manifest names, and the manifest. Without a manifest nobody knows its uploads: directories
    /// sweep their temporary files, and on S3 a lifecycle rule ends uploads that are never completed.
    pub(super) async fn discard_staging(&self, batch: &BatchId) -> Result<(), ProtocolError> {
        let uploads = self.staged_uploads(batch).await?;
        self.throw_away(batch, &uploads).await
    }

    async fn staged_uploads(&self, batch: &BatchId) -> Result<Vec<StagedUpload>, ProtocolError> {
        let Some(bytes) = self.bucket.get(&layout::manifest_key(batch), MAX_MANIFEST_BYTES).await? else { return Ok(Vec::new()) };
        // A manifest that was never committed is nobody's promise: if it cannot be read its uploads wait for the lifecycle rule.
        Ok(Manifest::parse_unverified(&bytes).map(|manifest| manifest.uploads).unwrap_or_default())
    }

    /// Manifests that outlived their Batch: its worker died between the end and the deletion, or it could not be announced. A topic that failed
    /// once in this recovery is not tried again before the next.
    async fn sweep_staging(&self, recovered: &mut Recovered) -> Result<(), ProtocolError> {
        let mut topic_fails = !recovered.unannounced.is_empty();
        for batch in self.staged_batches().await? {
            // Of Batches that the ledger does not know a rebuild decides.
            let Some(item) = self.ledger.batch(&batch).await? else { continue };
            match item.state {
                BatchState::Open | BatchState::Committed => continue,
                BatchState::Aborted => self.discard_staging(&batch).await?,
                BatchState::Announced => self.bucket.delete(&layout::manifest_key(&batch)).await?,
                BatchState::Published if topic_fails => {
                    recovered.told(batch, Announcement::Later);
                    continue;
                }
                BatchState::Published => match self.announce_left(&item).await? {
                    Left::Over => {}
                    Left::Announced => recovered.told(batch, Announcement::Done),
                    left @ (Left::NotTold | Left::Unusable) => {
                        topic_fails = left == Left::NotTold;
                        recovered.told(batch, Announcement::Later);
                        continue;
                    }
                },
            }
            recovered.swept.push(batch);
        }
        Ok(())
    }

    /// Batches that have a manifest under `staging/`.
    pub(super) async fn staged_batches(&self) -> Result<Vec<BatchId>, ProtocolError> {
        let mut batches = Vec::new();
        let mut page = None;
        loop {
            let listed = self.bucket.list(layout::STAGING, page).await?;
            batches.extend(listed.objects.iter().filter_map(|object| match layout::ArchiveKey::parse(&object.key) {
                Some(layout::ArchiveKey::Manifest { batch }) => Some(batch),
                _ => None,
            }));
            page = listed.next;
            if page.is_none() {
                return Ok(batches);
            }
        }
    }
}
