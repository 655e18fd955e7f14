//! What lies in a log bucket and is asked for, from a listing or an inventory, in as many passes as it takes.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use trailkeep_pipeline::ports::bucket::LogBucket;

use super::{
    inventory::{Inventory, Pass},
    listing::{Counted, Listing},
    selection::{Asked, Found, Selection},
};
use crate::{cli::Globals, exit::Usage, location::Location};

/// A log bucket, and what is asked for of it.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// The bucket's own name.
    pub(crate) bucket: String,
    /// What is asked for.
    pub(crate) selection: Arc<Selection>,
    /// What all passes so far counted.
    pub(crate) counted: Arc<Counted>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Bucket(Arc<dyn LogBucket>),
    Inventory(Arc<Inventory>),
}

/// A pass under way.
#[derive(Debug)]
pub(crate) enum Objects {
    Listed(Listing),
    Inventoried(Pass),
}

impl Backlog {
    /// Opens the bucket, or the inventory of it.
    ///
    /// # Errors
    /// Where `--from` is no bucket, or the inventory cannot be read.
    pub(crate) async fn open(asked: &Asked, globals: &Globals) -> anyhow::Result<Self> {
        let Location::S3 { bucket, .. } = &asked.from else {
            bail!(Usage("--from is no bucket: give s3://bucket or s3://bucket/prefix; for directories there is trailkeep ingest"));
        };
        let (selection, counted) = (Arc::new(asked.selection()?), Arc::new(Counted::default()));
        let source = match &asked.inventory {
            None => Source::Bucket(asked.from.whole_bucket(globals).await?),
            Some(address) => {
                let opening = Inventory::open(address, bucket, Arc::clone(&selection), Arc::clone(&counted), globals);
                Source::Inventory(Arc::new(opening.await?))
            }
        };
        Ok(Self { bucket: bucket.clone(), selection, counted, source })
    }

    /// A pass in any order.
    ///
    /// # Errors
    /// Where the bucket cannot be listed.
    pub(crate) async fn objects(&self) -> anyhow::Result<Objects> {
        match &self.source {
            Source::Bucket(bucket) => self.listing(bucket).await,
            Source::Inventory(inventory) => Ok(Objects::Inventoried(inventory.begin())),
        }
    }

    /// A pass in the order of days of delivery. `days` are the objects of each day as another pass counted them, ascending.
    ///
    /// # Errors
    /// Where the bucket cannot be listed.
    pub(crate) async fn objects_by_day(&self, days: impl Iterator<Item = (u32, u64)>) -> anyhow::Result<Objects> {
        match &self.source {
            Source::Bucket(bucket) => self.listing(bucket).await,
            Source::Inventory(inventory) => Ok(Objects::Inventoried(inventory.begin_in_order(days))),
        }
    }

    async fn listing(&self, bucket: &Arc<dyn LogBucket>) -> anyhow::Result<Objects> {
        let listing = Listing::begin(Arc::clone(bucket), Arc::clone(&self.selection), Arc::clone(&self.counted)).await;
        Ok(Objects::Listed(listing.with_context(|| format!("failed to list the log bucket {}", self.bucket))?))
    }
}

impl Objects {
    /// The next objects, never an empty list; `None` at the end.
    ///
    /// # Errors
    /// Where the bucket cannot be listed or a file of the inventory cannot be read.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<Found>>> {
        match self {
            Self::Listed(listing) => listing.next().await.context("failed to list the log bucket"),
            Self::Inventoried(pass) => pass.next().await,
        }
    }
}
