//! The dry run: what a run would do. Reads the listing and the ledger, writes nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tokio::runtime::Handle;
use trailkeep_keys::{KeyKind, classify};

use super::{
    config::OriginConfig,
    delivery::{Delivery, DeliveryKind},
    error::IngestError,
    listing::{Listing, Skipped},
    observer::Observer,
    ports::Shutdown,
};
use crate::{
    ports::{bucket::LogBucket, ledger::SourceId},
    protocol::{Protocol, Standing},
};

/// Sources that the ledger is asked for at once.
const ASKED_AT_ONCE: usize = 512;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IngestPlan {
    /// Objects that the run would look at.
    pub objects: u64,
    /// Their stored bytes.
    pub bytes: u64,
    /// Of the objects: Digests.
    pub digests: u64,
    /// Of the objects: landed already.
    pub landed_already: u64,
    /// Of the objects: held by a Batch that is under way.
    pub under_way: u64,
    /// Stored bytes of what is neither landed nor under way.
    pub bytes_to_land: u64,
    /// Canonical buckets.
    pub buckets: BTreeSet<String>,
    /// Accounts, by the keys.
    pub accounts: BTreeSet<String>,
    /// Regions, by the keys.
    pub regions: BTreeSet<String>,
    /// Objects by delivery day (`yyyymmdd`; 0 where the key states none).
    pub days: BTreeMap<u32, u64>,
    /// Objects passed over, by kind.
    pub skipped: Skipped,
}

impl IngestPlan {
    /// Objects that would land.
    pub fn to_land(&self) -> u64 {
        self.objects - self.landed_already - self.under_way
    }
}

/// Says what [`super::ingest`] would do; `protocol` = none where there is no archive yet.
///
/// # Errors
/// [`IngestError`].
pub fn plan(
    config: &OriginConfig,
    origin: &dyn LogBucket,
    protocol: Option<&Protocol>,
    runtime: &Handle,
    observer: &dyn Observer,
) -> Result<IngestPlan, IngestError> {
    let mut plan = IngestPlan::default();
    let mut listing = Listing::new(origin, config);
    while let Some(deliveries) = runtime.block_on(listing.next_round(observer, &Shutdown::default()))? {
        for group in deliveries.chunks(ASKED_AT_ONCE) {
            let standings = match protocol {
                Some(protocol) => runtime.block_on(standings(protocol, group))?,
                None => vec![Standing::Free; group.len()],
            };
            for (delivery, standing) in group.iter().zip(standings) {
                plan.count(delivery, &standing);
            }
        }
    }
    plan.skipped.clone_from(listing.skipped());
    Ok(plan)
}

async fn standings(protocol: &Protocol, group: &[Delivery]) -> Result<Vec<Standing>, IngestError> {
    let sources: Vec<SourceId> = group.iter().map(|d| SourceId::new(std::sync::Arc::clone(&d.bucket), d.canonical_key())).collect();
    protocol.look(&sources).await.map_err(IngestError::step("ask the ledger what has landed"))
}

impl IngestPlan {
    fn count(&mut self, delivery: &Delivery, standing: &Standing) {
        self.objects += 1;
        self.bytes += delivery.size_bytes;
        self.digests += u64::from(delivery.kind == DeliveryKind::Digest);
        match standing {
            Standing::Free => self.bytes_to_land += delivery.size_bytes,
            Standing::Landed(_) => self.landed_already += 1,
            Standing::Pending(_) => self.under_way += 1,
        }
        *self.days.entry(delivery.day).or_default() += 1;
        if !self.buckets.contains(&*delivery.bucket) {
            self.buckets.insert(delivery.bucket.to_string());
        }
        if let KeyKind::Log(key) | KeyKind::Digest(key) = classify(&delivery.path, None) {
            self.accounts.insert(key.account.to_string());
            self.regions.insert(key.region.to_string());
        }
    }
}
