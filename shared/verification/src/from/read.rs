//! Objects of a log bucket, read: Digests with their metadata, log files hashed as they inflate. What many tasks share bounds memory: so many
//! objects at once, fewer that are inflated, one that is too large to be held.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
};
use trailkeep_digests::{MAX_STORED_BYTES, Metadata, Reader, StoredDigest};
use trailkeep_pipeline::ports::bucket::{BucketError, Fetched, LogBucket, ObjectInfo};

use super::FromError;
use crate::{
    digests::{ReadDigests, Trust},
    error::on_a_thread,
    hashing::{Inflated, PIECE_BYTES, Pieces, inflated_as_it_comes, inflated_whole},
};

/// Objects that are fetched at once, of up to [`WHOLE_BYTES`] each.
pub(super) const OBJECTS_AT_ONCE: usize = 32;
/// Objects that are inflated at once: up to 64 MiB each.
const INFLATED_AT_ONCE: usize = 4;
/// Objects up to this many bytes are fetched whole: 4 MiB. CloudTrail's own log files are smaller.
const WHOLE_BYTES: u64 = 4 << 20;

/// Reads objects of one log bucket.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) bucket: Arc<dyn LogBucket>,
    fetching: Arc<Semaphore>,
    inflating: Arc<Semaphore>,
    /// Large ones, one at a time.
    large: Arc<Semaphore>,
}

/// What came of an object.
#[derive(Debug)]
pub(super) enum Content<T> {
    Read(T),
    /// It was listed, and is not there any more.
    Gone,
    /// It lies in an archived tier.
    Archived,
}

impl Objects {
    pub(super) fn new(bucket: Arc<dyn LogBucket>) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { bucket, fetching: semaphore(OBJECTS_AT_ONCE), inflating: semaphore(INFLATED_AT_ONCE), large: semaphore(1) }
    }

    /// Hashes a log file as inflated, with its shape; none of one that is over the caps under which files land.
    pub(super) async fn log(&self, path: &str, size_bytes: u64) -> Result<Content<Option<Inflated>>, FromError> {
        if size_bytes > WHOLE_BYTES {
            return self.large_log(path).await;
        }
        let permit = self.fetching.acquire().await;
        let fetched = match self.get(path, WHOLE_BYTES).await {
            // It grew since it was listed.
            Err(BucketError::TooLarge { .. }) => {
                drop(permit);
                return self.large_log(path).await;
            }
            fetched => fetched,
        };
        content(fetched, |fetched| async move {
            let _inflating = self.inflating.acquire().await;
            Ok(on_a_thread(move || inflated_whole(&fetched.body, &mut Vec::new())).await?)
        })
        .await
    }

    /// Reads a Digest: checks its signature, and takes what `wants` takes of what it lists.
    pub(super) async fn digest(
        &self,
        (owner, path): (usize, &str),
        (bucket, key): (&str, &str),
        trust: &Trust,
        wants: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Content<ReadDigests>, FromError> {
        let _fetching = self.fetching.acquire().await;
        let mut fetched = self.get(path, WHOLE_BYTES).await;
        let mut large = None;
        if matches!(fetched, Err(BucketError::TooLarge { .. })) {
            large = self.large.acquire().await.ok();
            fetched = match self.get(path, MAX_STORED_BYTES as u64).await {
                // The reader refuses whatever is longer than that, and does not look at it.
                Err(BucketError::TooLarge { .. }) => {
                    Ok(Fetched { info: ObjectInfo::default(), body: Bytes::from(vec![0; MAX_STORED_BYTES + 1]) })
                }
                fetched => fetched,
            };
        }
        let (trust, bucket, key) = (trust.clone(), bucket.to_owned(), key.to_owned());
        content(fetched, |fetched| async move {
            let _inflating = self.inflating.acquire().await;
            let read = on_a_thread(move || {
                let metadata = Metadata::from_pairs(fetched.info.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                let stored = StoredDigest { bucket: &bucket, key: &key, bytes: &fetched.body, metadata };
                let mut read = ReadDigests::default();
                read.take(owner, Reader::new(&trust.keys, &trust.aliases).read(&stored), wants);
                read
            });
            Ok(read.await?)
        })
        .await
        .inspect(|_| drop(large))
    }

    /// A directory reads at once, on whatever thread asks: on one for that.
    async fn get(&self, path: &str, cap_bytes: u64) -> Result<Fetched, BucketError> {
        if self.bucket.bucket_name().is_some() {
            return self.bucket.get(path, None, cap_bytes).await;
        }
        let (bucket, owned, handle) = (Arc::clone(&self.bucket), path.to_owned(), Handle::current());
        let reading = tokio::task::spawn_blocking(move || handle.block_on(bucket.get(&owned, None, cap_bytes)));
        reading.await.unwrap_or_else(|error| {
            Err(BucketError::Failed { operation: "read".to_owned(), what: path.to_owned(), source: Box::new(error) })
        })
    }

    async fn large_log(&self, path: &str) -> Result<Content<Option<Inflated>>, FromError> {
        let _large = self.large.acquire().await;
        let info = match self.bucket.head(path, None).await {
            Ok(info) => info,
            Err(BucketError::NotFound { .. }) => return Ok(Content::Gone),
            Err(error) => return Err(error.into()),
        };
        let (sender, receiver) = mpsc::channel(1);
        let hashing = on_a_thread(move || inflated_as_it_comes(&mut Pieces::new(receiver)));
        let (fed, hashed) = futures::join!(self.feed(path, &info, sender), hashing);
        content(fed, |()| async move { Ok(hashed?) }).await
    }

    async fn feed(&self, path: &str, info: &ObjectInfo, sender: mpsc::Sender<Bytes>) -> Result<(), BucketError> {
        let mut at = 0;
        while at < info.size_bytes {
            let piece = self.bucket.get_range(path, info, at, PIECE_BYTES.min(info.size_bytes - at)).await?;
            if piece.is_empty() {
                return Err(BucketError::Changed { what: path.to_owned() });
            }
            at += piece.len() as u64;
            if sender.send(piece).await.is_err() {
                // Whoever hashes has seen enough: it is over a cap.
                break;
            }
        }
        Ok(())
    }
}

async fn content<F, T, W: Future<Output = Result<T, FromError>>>(
    fetched: Result<F, BucketError>,
    then: impl FnOnce(F) -> W,
) -> Result<Content<T>, FromError> {
    match fetched {
        Ok(fetched) => then(fetched).await.map(Content::Read),
        Err(BucketError::NotFound { .. }) => Ok(Content::Gone),
        Err(BucketError::Archived { .. }) => Ok(Content::Archived),
        Err(error) => Err(error.into()),
    }
}
