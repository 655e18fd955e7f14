//! The auditor as a whole: waits for the lease, for the hour and for Digests, and runs rounds.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use trailkeep_pipeline::{ports::causes, ports::ledger::LedgerError};

use crate::{
    lease::{Asked, Candidate, Lease},
    metrics::AuditorMetrics,
    ports::Ports,
    report::RoundReport,
    round::{self, RoundError},
    settings::Settings,
    stop::Stop,
    wake::Waker,
};

/// First wait after a round that came to nothing; doubled each time, up to the distance of rounds.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// An auditor.
#[derive(Debug)]
pub struct Auditor {
    settings: Settings,
    ports: Ports,
    metrics: AuditorMetrics,
    stop: Stop,
    shown: watch::Sender<Option<&'static str>>,
}

/// Why a single round could not run.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// Another auditor works on the archive.
    #[error(
        "{holder} holds the auditor's lease of this archive: it works on it, or ended without giving it back less than {within_s} s ago"
    )]
    HeldBy {
        /// Who.
        holder: String,
        /// After how long it is taken over.
        within_s: u64,
    },
    /// The ledger failed.
    #[error("the auditor's lease cannot be taken")]
    Ledger(#[from] LedgerError),
    /// The round came to nothing.
    #[error(transparent)]
    Round(#[from] RoundError),
    /// The archive could not be verified.
    #[error("the archive could not be verified: {0}; the log says why")]
    NotVerified(String),
}

impl Auditor {
    /// Does nothing yet.
    pub fn new(settings: Settings, ports: Ports, metrics: AuditorMetrics, stop: Stop) -> Self {
        Self { settings, ports, metrics, stop, shown: watch::Sender::new(Some("the lease was not asked for yet")) }
    }

    /// Why it is not ready, as it changes; none: it is.
    pub fn shown(&self) -> watch::Receiver<Option<&'static str>> {
        self.shown.subscribe()
    }

    /// One round, if nobody else works on the archive. A holder whose lease stands still is waited for.
    ///
    /// # Errors
    /// [`OnceError`].
    pub async fn once(&self) -> Result<RoundReport, OnceError> {
        let mut candidate = self.candidate();
        let began = Instant::now();
        let lease = loop {
            match candidate.ask(self.ports.surroundings.now()).await? {
                Asked::Taken(lease) => break lease,
                // Long enough for somebody who died to be known.
                Asked::HeldBy(holder) if began.elapsed() > self.settings.lease + self.settings.lease / 4 || self.stop.is_asked() => {
                    return Err(OnceError::HeldBy { holder: holder.to_string(), within_s: self.settings.lease.as_secs() });
                }
                Asked::HeldBy(holder) => tracing::info!(%holder, "another auditor holds the lease: waiting to see whether it lives"),
            }
            self.pause(self.settings.lease / 4).await;
        };
        self.metrics.leads(true);
        let round = self.round(&lease).await;
        lease.release().await;
        let report = round?;
        if report.could_not_run() { Err(OnceError::NotVerified(report.failed.join(", "))) } else { Ok(report) }
    }

    /// Rounds until it is asked to stop.
    pub async fn run(&self) {
        let mut candidate = self.candidate();
        let mut waker = self.ports.digest_queue.clone().map(|queue| Waker::new(queue, &self.ports.archive.address()));
        while !self.stop.is_asked() {
            let held = match candidate.ask(self.ports.surroundings.now()).await {
                Ok(Asked::Taken(lease)) => {
                    self.show(None);
                    self.metrics.leads(true);
                    self.lead(lease, waker.as_mut()).await;
                    self.metrics.leads(false);
                    true
                }
                Ok(Asked::HeldBy(holder)) => {
                    tracing::debug!(%holder, "another auditor works; this one watches");
                    // Whoever watches is ready to take over.
                    self.show(None);
                    false
                }
                Err(error) => {
                    tracing::warn!(error = causes(&error), "the lease cannot be asked for");
                    self.show(Some("the ledger does not answer"));
                    false
                }
            };
            if !held {
                self.pause(self.settings.lease / 4).await;
            }
        }
    }

    /// Rounds for as long as the lease is ours.
    async fn lead(&self, lease: Lease, mut waker: Option<&mut Waker>) {
        tracing::info!("this auditor holds the lease");
        let mut pause = FIRST_PAUSE.min(self.settings.every);
        loop {
            let began = Instant::now();
            let next = match self.round(&lease).await {
                Ok(report) => {
                    if let Some(waker) = waker.as_deref_mut() {
                        waker.done().await;
                    }
                    pause = FIRST_PAUSE.min(self.settings.every);
                    self.show(report.could_not_run().then_some("the archive could not be verified"));
                    began + self.settings.every
                }
                Err(RoundError::Stopped) => break,
                Err(RoundError::Lease(_)) => return,
                Err(_) => {
                    self.show(Some("the last round came to nothing"));
                    let next = Instant::now() + pause;
                    pause = (pause * 2).min(self.settings.every);
                    next
                }
            };
            self.wait(began + self.settings.distance, next, waker.as_deref_mut()).await;
            if self.stop.is_asked() {
                break;
            }
            if lease.hold().await.is_err() {
                tracing::warn!("the lease went to another auditor; this one watches");
                return;
            }
        }
        lease.release().await;
    }

    /// Waits for the next round: its hour, or Digests, whichever comes first. Digests wake nobody before `earliest`: a fleet announces them all the time.
    pub(crate) async fn wait(&self, earliest: Instant, until: Instant, waker: Option<&mut Waker>) {
        let woken = async {
            match waker {
                None => std::future::pending().await,
                Some(waker) => {
                    waker.digests().await;
                    // Digests come in crowds: one round is for all of them.
                    tokio::time::sleep_until(earliest.max(Instant::now() + self.settings.settle)).await;
                    waker.more().await;
                }
            }
        };
        tokio::select! {
            () = self.stop.asked() => {}
            () = tokio::time::sleep_until(until) => {}
            () = woken => tracing::debug!("Digests landed: a round begins before its hour"),
        }
    }

    async fn round(&self, lease: &Lease) -> Result<RoundReport, RoundError> {
        let began = Instant::now();
        let (report, ended) = Box::pin(round::run(&self.ports, &self.settings, lease, &self.stop, &self.metrics)).await;
        let duration_s = began.elapsed().as_secs_f64();
        match ended {
            Ok(()) => {
                report.tell(duration_s);
                self.metrics.round(&report, duration_s);
                Ok(report)
            }
            Err(RoundError::Stopped) => {
                tracing::info!("the round ends before its time: the next one does it again");
                Err(RoundError::Stopped)
            }
            Err(error) => {
                tracing::error!(error = causes(&error), "the round came to nothing: the next one does it again");
                // Where another auditor is at work, what stands is for it to say.
                let report = if error.is_anothers() { RoundReport::default() } else { report }.aborted();
                report.tell(duration_s);
                self.metrics.aborted(&report, duration_s);
                Err(error)
            }
        }
    }

    fn candidate(&self) -> Candidate {
        Candidate::new(Arc::clone(&self.ports.ledger), &self.ports.process, self.settings.lease)
    }

    fn show(&self, reason: Option<&'static str>) {
        self.shown.send_replace(reason);
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.asked() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
