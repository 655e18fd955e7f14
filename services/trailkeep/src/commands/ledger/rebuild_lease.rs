//! The lease of rebuilds on a ledger that a fleet shares: nobody can tell there whether the process of a rebuild that stopped has ended, so that its
//! lease is watched, and beaten for while ours runs.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use tokio::{task::JoinHandle, time::Instant};
use trailkeep_pipeline::{
    ingest::{Shutdown, Surroundings as _},
    ports::ledger::{LeaseAnswer, LeaseItem, Ledger, LedgerError, WorkerId},
    protocol::{LEASE, REBUILD_LEASE, Stillness},
};

use crate::outside::Machine;

/// How often the lease is moved, or looked at.
const BEAT: Duration = Duration::from_secs(10);

/// The lease, for as long as this is held. The rebuild itself gives it back.
#[derive(Debug)]
pub(super) struct RebuildLease(JoinHandle<()>);

impl RebuildLease {
    /// Takes the lease, waiting for that of a rebuild that ended without giving it back. When it is lost `shutdown` is requested.
    ///
    /// # Errors
    /// Where another rebuild is alive, or the ledger fails.
    pub(super) async fn take(ledger: &Arc<dyn Ledger>, holder: &WorkerId, machine: &Machine, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let mut watch = Stillness::new(LEASE);
        let began = Instant::now();
        let mut over: Option<LeaseItem> = None;
        while let LeaseAnswer::HeldBy(item) = ledger.take_lease(REBUILD_LEASE, holder, over.as_ref()).await? {
            if began.elapsed() > LEASE + BEAT * 2 {
                bail!("{} rebuilds the ledger {} already: run this again when that has ended", item.holder, ledger.address());
            }
            over = watch.is_dead(item.holder.clone(), item.counter, machine.now()).then(|| item.clone());
            if over.is_none() {
                tracing::warn!(holder = %item.holder, "another rebuild has the lease; waiting to see whether it lives");
                tokio::time::sleep(BEAT).await;
            }
        }
        Ok(Self(tokio::spawn(keep(Arc::clone(ledger), holder.clone(), shutdown.clone()))))
    }
}

impl Drop for RebuildLease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep(ledger: Arc<dyn Ledger>, holder: WorkerId, shutdown: Shutdown) {
    loop {
        tokio::time::sleep(BEAT).await;
        let beaten: Result<bool, LedgerError> = ledger.beat_lease(REBUILD_LEASE, &holder).await;
        match beaten {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(ledger = ledger.address(), "another process took the lease of rebuilds over");
                return shutdown.request();
            }
            Err(error) => tracing::warn!(%error, "the lease of rebuilds could not be moved; it goes on"),
        }
    }
}
