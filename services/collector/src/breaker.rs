//! Stops receiving while reading is forbidden, so that no message burns its receives on that.
//!
//! Without `s3:ListBucket` S3 answers 403 for a key that is gone, so that one denial proves nothing. Denials of several distinct keys of one bucket in a row,
//! and a probe that is denied too, do.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectInfo};

use crate::{delivery::Origin, metrics::CollectorMetrics, settings::BreakerSettings};

/// An object to try with.
#[derive(Debug, Clone)]
struct Probe {
    origin: Arc<Origin>,
    key: Arc<str>,
    version: Option<Box<str>>,
}

#[derive(Debug, Default)]
struct OfBucket {
    denied: HashSet<Arc<str>>,
    newest_denied: Option<Probe>,
    last_read: Option<Probe>,
    probing: bool,
}

/// The breaker of one collector. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    buckets: Arc<Mutex<HashMap<Arc<str>, OfBucket>>>,
    open: Arc<watch::Sender<usize>>,
    /// Lets one receive through while it is open, after each failed probe.
    trial: Arc<Notify>,
    metrics: CollectorMetrics,
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings, metrics: CollectorMetrics) -> Self {
        Self { settings, buckets: Arc::default(), open: Arc::new(watch::Sender::new(0)), trial: Arc::default(), metrics }
    }

    /// Whether receiving pauses.
    pub(crate) fn is_open(&self) -> bool {
        *self.open.borrow() > 0
    }

    /// Waits until receiving may go on, or until it is this receiver's turn to try: all that was probed may be gone for good, and the newest readable.
    pub(crate) async fn may_receive(&self) {
        let mut open = self.open.subscribe();
        // The sender lives as long as this breaker.
        tokio::select! { _ = open.wait_for(|open| *open == 0) => {}, () = self.trial.notified() => {} }
    }

    /// An object was read.
    pub(crate) fn read(&self, origin: &Arc<Origin>, key: &Arc<str>, version: Option<&str>) {
        let mut buckets = self.lock();
        let bucket = buckets.entry(Arc::clone(&origin.bucket)).or_default();
        bucket.denied.clear();
        bucket.last_read = Some(Probe { origin: Arc::clone(origin), key: Arc::clone(key), version: version.map(Into::into) });
    }

    /// An object was denied. After enough of them it is probed whether anything of the bucket can be read. Answers whether a log line is worth while: of the
    /// first ones of a row it is, what follows says nothing new.
    pub(crate) fn denied(&self, origin: &Arc<Origin>, key: &Arc<str>, version: Option<&str>, error: &BucketError) -> bool {
        self.metrics.denied("get_object");
        let mut buckets = self.lock();
        let bucket = buckets.entry(Arc::clone(&origin.bucket)).or_default();
        // Bounded: what is denied after the threshold adds nothing.
        let worth_telling = bucket.denied.len() < self.settings.distinct_keys;
        if worth_telling {
            bucket.denied.insert(Arc::clone(key));
        }
        bucket.newest_denied = Some(Probe { origin: Arc::clone(origin), key: Arc::clone(key), version: version.map(Into::into) });
        if bucket.denied.len() < self.settings.distinct_keys || bucket.probing {
            return worth_telling;
        }
        bucket.probing = true;
        tracing::warn!(bucket = %origin.bucket, keys = bucket.denied.len(), %error, "several keys in a row were denied: probing");
        tokio::spawn(self.clone().probe(Arc::clone(&origin.bucket)));
        worth_telling
    }

    /// Probes until something can be read; receiving pauses from the first failed probe on.
    async fn probe(self, name: Arc<str>) {
        let mut paused = false;
        let mut trials = Trials::default();
        loop {
            let probe = self.lock().get(&name).and_then(|bucket| bucket.last_read.clone().or_else(|| bucket.newest_denied.clone()));
            let Some(probe) = probe else { break };
            match try_to_read(&probe).await {
                Err(error @ BucketError::Denied { .. }) => {
                    if !paused {
                        paused = true;
                        self.open.send_modify(|open| *open += 1);
                        self.metrics.breaker_open(true);
                    }
                    tracing::error!(bucket = %name, %error, "reading is not permitted: receiving pauses until it is. {}", advice(&name, &probe.key));
                }
                // Gone, unreachable or readable: whatever it is, it is not that reading is forbidden.
                _ => break,
            }
            tokio::time::sleep(self.settings.probe_every).await;
            // Where nothing was ever read the probe proves little: what was denied may be gone for good.
            let never_read = self.lock().get(&name).is_none_or(|bucket| bucket.last_read.is_none());
            if trials.is_due() || never_read {
                self.trial.notify_one();
            }
        }
        if let Some(bucket) = self.lock().get_mut(&name) {
            bucket.denied.clear();
            bucket.probing = false;
        }
        if paused {
            self.open.send_modify(|open| *open -= 1);
            self.metrics.breaker_open(self.is_open());
            tracing::info!(bucket = %name, "reading is permitted again: receiving goes on");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, OfBucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a receive is let through while receiving pauses: after the first, second, fourth … probe, and every sixteenth in the end. What is received then may burn
/// one of its receives.
#[derive(Debug, Default)]
struct Trials {
    probes: u32,
}

impl Trials {
    fn is_due(&mut self) -> bool {
        self.probes += 1;
        self.probes.is_power_of_two() && self.probes <= 16 || self.probes.is_multiple_of(16)
    }
}

/// Reads one byte: HEAD may be allowed where reading is not, as without `kms:Decrypt`.
async fn try_to_read(probe: &Probe) -> Result<(), BucketError> {
    let info = ObjectInfo { size_bytes: 1, version: probe.version.as_deref().map(str::to_owned), ..ObjectInfo::default() };
    probe.origin.store.get_range(&probe.key, &info, 0, 1).await.map(|_| ())
}

/// What to grant.
fn advice(bucket: &str, key: &str) -> String {
    format!(
        "Grant s3:GetObject and s3:GetObjectVersion on arn:aws:s3:::{bucket}/* to this role, in its own policy and in the bucket's policy if that is another \
         account's; kms:Decrypt on the bucket's KMS key, if it has one; and s3:ListBucket on arn:aws:s3:::{bucket}, without which a key that is gone is denied, \
         too. Tried with {key}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_and_fewer_receives_are_let_through() {
        let mut trials = Trials::default();
        let due: Vec<u32> = (1..=64).filter(|_| trials.is_due()).collect();
        assert_eq!(due, [1, 2, 4, 8, 16, 32, 48, 64]);
    }
}
