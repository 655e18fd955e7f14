//! A log bucket judged by itself, without an archive: its Digests are listed and read, their chains walked as those of an archive are, and every log
//! file is fetched, hashed as inflated, and held against them.
//!
//! It works account by account and Region by Region, [`PLACES_AT_ONCE`] of them at once, so that memory is bounded by the largest ones: some 250 bytes
//! for each log file that their Digests list, and 70 for each that is there.

mod folders;
mod names;
mod place;
mod read;
mod told;

use std::{collections::BTreeMap, sync::Arc};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::{mpsc, oneshot};
use trailkeep_audit::completeness::Outcome;
use trailkeep_digests::PublicKeys;
use trailkeep_pipeline::ports::bucket::{BucketError, LogBucket};

use self::{
    folders::{Folder, Folders, PlaceId},
    names::Names,
    read::Objects,
};
use crate::{
    Asked, Depth, Marks, Options, Progress,
    digests::Trust,
    error::{VerifyError, on_a_thread},
    round::{Part, Round, conclude},
    verdict::{Finding, ReadAgain, Verdict},
    verify::Gathered,
};

/// Accounts and Regions that are gathered at once. Their listings take most of the time where they are small.
const PLACES_AT_ONCE: usize = 4;

/// A log bucket.
#[derive(Debug, Clone)]
pub struct LogSource {
    /// The bucket, or a directory that holds a copy of it.
    pub bucket: Arc<dyn LogBucket>,
    /// Only what lies below; empty, or ends with `/`. At most as deep as an account's folder.
    pub prefix: String,
    /// The bucket that a directory holds a copy of; none: its Digests tell.
    pub name: Option<String>,
}

/// Why there is no verdict on a log bucket.
#[derive(Debug, thiserror::Error)]
pub enum FromError {
    /// The bucket's store failed, or may not be read.
    #[error("the log bucket could not be read")]
    Bucket(#[from] BucketError),
    /// As for archives.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// More than is held at a time.
    #[error("more than {limit} {what}: ask for less with a prefix, or with since and until")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        limit: usize,
    },
    /// A prefix below the folder of an account.
    #[error(
        "{prefix} lies deeper than an account's folder: name the bucket, or a prefix up to an account's folder, and choose by accounts and Regions"
    )]
    Prefix {
        /// As it was given.
        prefix: String,
    },
    /// A directory whose Digests cannot be read, or that has none.
    #[error("no Digest below {address} tells which bucket it is a copy of: name the bucket")]
    BucketUnknown {
        /// The directory.
        address: String,
    },
    /// A directory whose Digests name several buckets.
    #[error("Digests below {address} name two buckets, {first} and {other}: name the one that it is a copy of")]
    BucketAmbiguous {
        /// The directory.
        address: String,
        /// One of them.
        first: String,
        /// Another one.
        other: String,
    },
}

/// What all places share.
#[derive(Debug)]
struct Run<'a> {
    objects: Objects,
    names: Names,
    asked: Arc<Asked>,
    trust: Trust,
    depth: Depth,
    options: &'a Options<'a>,
}

/// Holds a log bucket against what CloudTrail signed, without an archive. Marks are not taken up. Without a sample everything is read, whatever the depth;
/// what a sample leaves out is counted as `not_read`, which is a finding: nothing else says what its bytes are.
///
/// # Errors
/// [`FromError`]: the bucket could not be read. What is wrong with what it holds is in the verdict.
pub async fn verify_log_bucket(source: &LogSource, keys: &PublicKeys, asked: &Asked, options: Options<'_>) -> Result<Verdict, FromError> {
    let asked = Arc::new(Asked { marks: Marks::new(), ..asked.clone() });
    let folders = Folders::find(source.bucket.as_ref(), &source.prefix, &asked).await?;
    let names = Names::find(source, &folders).await?;
    (options.progress)(Progress::Files(folders.places.len() as u64));
    let depth = if matches!(options.depth, Depth::Sample { .. }) { options.depth } else { Depth::Everything };
    let trust = Trust { keys: Arc::new(keys.clone()), aliases: Arc::new(asked.bucket_aliases()) };
    let run = Run { objects: Objects::new(Arc::clone(&source.bucket)), names, asked, trust, depth, options: &options };
    run.verdict(&folders).await
}

impl Run<'_> {
    async fn verdict<'f>(&self, folders: &'f Folders) -> Result<Verdict, FromError> {
        let mut all = Gathered::new(self.options.findings_kept);
        let mut told = ReadAgain { fraction: self.depth.fraction(), ..ReadAgain::default() };
        if let Depth::Sample { seed, .. } = self.depth {
            told.seed = Some(seed);
        }
        // What gathers is polled all the time, also while a place is judged: its requests hold permits and connections. It waits with what it has until
        // that was judged, in the order of places, so that no more than so many are held.
        let (give, mut taken) = mpsc::channel(PLACES_AT_ONCE);
        let step = |(number, (place, folders)): (usize, (&PlaceId, &'f Vec<Folder>))| {
            let (give, place) = (give.clone(), *place);
            async move {
                let gathered = self.gather(place, folders).await?;
                let (judged, waiting) = oneshot::channel::<()>();
                if give.send((number, (place, folders, gathered, judged))).await.is_ok() {
                    // An end without a word is one, too: whoever judged has failed.
                    let _ = waiting.await;
                }
                Ok::<_, FromError>(())
            }
        };
        let gathering = stream::iter(folders.places.iter().enumerate()).map(step).buffer_unordered(PLACES_AT_ONCE).try_collect::<()>();
        let judging = async {
            let (mut early, mut not_read) = (BTreeMap::new(), 0);
            for next in 0..folders.places.len() {
                while !early.contains_key(&next)
                    && let Some((number, gathered)) = taken.recv().await
                {
                    early.insert(number, gathered);
                }
                let Some((place, folders, gathered, judged)) = early.remove(&next) else { break };
                not_read += self.take(place, folders, gathered, &mut all, &mut told).await?;
                (self.options.progress)(Progress::File);
                let _ = judged.send(());
            }
            Ok::<_, FromError>(not_read)
        };
        let ((), not_read) = futures::try_join!(gathering, judging)?;
        for (name, count, detail) in [
            ("archived_not_read", told.archived, "log files lie in an archived tier, and were to be read: restore them first"),
            ("not_read", not_read, "log files that verified Digests list are there, and were not read: what their bytes are is not proven"),
        ] {
            if count > 0 {
                all.findings.add(Finding { name, count: Some(count), detail: detail.to_owned(), ..Finding::default() });
            }
        }
        let mut verdict = all.verdict(self.objects.bucket.address(), &self.asked, &self.trust.keys, told);
        verdict.log_bucket = Some(self.names.told());
        Ok(verdict)
    }

    /// Judges what was gathered of a place, and tells how many of its log files a sample left out that Digests list.
    async fn take(
        &self,
        place: PlaceId,
        folders: &[Folder],
        gathered: place::Gathered,
        all: &mut Gathered,
        told: &mut ReadAgain,
    ) -> Result<u64, FromError> {
        let place::Gathered { rows, paths, read, join, mut findings, told: own, unread } = gathered;
        (told.sources, told.bytes, told.archived) = (told.sources + own.sources, told.bytes + own.bytes, told.archived + own.archived);
        let (asked, each) = (Arc::clone(&self.asked), !unread.is_empty());
        let whole = Part { number: 0, of: 1 };
        let (mut concluded, found) = on_a_thread(move || {
            let concluded = conclude(read, Arc::new(rows), join, whole, &asked, each, &mut findings);
            (concluded, findings)
        })
        .await?;
        all.findings.take(found);
        let assumed = unread.iter().filter(|unread| concluded.outcomes.of(unread.id) == Some(Outcome::Verified));
        let (assumed, left_out) = assumed.fold((0, 0), |(all, left_out), unread| (all + 1, left_out + u64::from(!unread.archived)));
        let findings = self.told(place, folders, &mut concluded, &paths, all.findings.room()).await?;
        all.take(Round { chains: concluded.chains, report: concluded.report, findings });
        if let Some(counts) = all.logs.get_mut(&place).filter(|_| assumed > 0) {
            counts.verified = counts.verified.saturating_sub(assumed);
            counts.not_read += assumed;
        }
        Ok(left_out)
    }
}
