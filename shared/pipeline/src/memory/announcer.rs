//! Announcer in memory, for tests: it keeps what it was told, and fails on demand.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use trailkeep_archive::{BatchId, LandedDigests, LandedObject};

use crate::ports::{
    announcer::{AnnounceError, Announcer},
    queue::TraceContext,
};

/// How a planned failure shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnounceFault {
    /// Tells nobody: [`AnnounceError::Denied`].
    Denied,
    /// Tells nobody: [`AnnounceError::Failed`].
    Refused,
    /// Tells of the first half of the objects: [`AnnounceError::Failed`].
    Half,
    /// Tells of all, and the caller is told [`AnnounceError::Failed`].
    AnswerLost,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The Batch that it came with.
    pub batch: BatchId,
    /// What it tells of.
    pub object: LandedObject,
    /// Trace context that it was sent with.
    pub trace: TraceContext,
}

/// One message of a Batch's Digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedDigests {
    /// The Batch that they came with.
    pub batch: BatchId,
    /// What it tells of.
    pub digests: LandedDigests,
}

/// An announcer in memory. Clones share what it was told.
#[derive(Debug, Clone, Default)]
pub struct MemoryAnnouncer {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    announced: Vec<Announced>,
    digests: Vec<AnnouncedDigests>,
    calls: u64,
    plan: VecDeque<AnnounceFault>,
}

impl MemoryAnnouncer {
    /// One that was told nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that was told, in order, repetitions included.
    pub fn announced(&self) -> Vec<Announced> {
        self.state().announced.clone()
    }

    /// All that was told of Digests, in order, repetitions included.
    pub fn announced_digests(&self) -> Vec<AnnouncedDigests> {
        self.state().digests.clone()
    }

    /// How often it was called, failed calls included.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Lets the next call fail. Planned again, the call after it fails, too.
    pub fn fail_next(&self, fault: AnnounceFault) {
        self.state().plan.push_back(fault);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> AnnounceError {
        AnnounceError::Failed { topic: self.address(), source: "a planned failure".into() }
    }
}

#[async_trait]
impl Announcer for MemoryAnnouncer {
    fn address(&self) -> String {
        "memory:announcer".to_owned()
    }

    async fn announce(&self, batch: &BatchId, objects: &[LandedObject], trace: &TraceContext) -> Result<(), AnnounceError> {
        let mut state = self.state();
        state.calls += 1;
        let fault = state.plan.pop_front();
        let told = match fault {
            Some(AnnounceFault::Denied) => {
                return Err(AnnounceError::Denied { topic: self.address(), hint: "allow sns:Publish on it".to_owned() });
            }
            Some(AnnounceFault::Refused) => 0,
            Some(AnnounceFault::Half) => objects.len() / 2,
            Some(AnnounceFault::AnswerLost) | None => objects.len(),
        };
        let messages = objects.iter().take(told).map(|object| Announced { batch: *batch, object: object.clone(), trace: trace.clone() });
        state.announced.extend(messages);
        if fault.is_some() { Err(self.failed()) } else { Ok(()) }
    }

    /// Half of one message is none.
    async fn announce_digests(&self, batch: &BatchId, digests: &LandedDigests, _: &TraceContext) -> Result<(), AnnounceError> {
        let mut state = self.state();
        state.calls += 1;
        let fault = state.plan.pop_front();
        if matches!(fault, Some(AnnounceFault::AnswerLost) | None) {
            state.digests.push(AnnouncedDigests { batch: *batch, digests: digests.clone() });
        }
        match fault {
            None => Ok(()),
            Some(AnnounceFault::Denied) => Err(AnnounceError::Denied { topic: self.address(), hint: "allow sns:Publish on it".to_owned() }),
            Some(_) => Err(self.failed()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use trailkeep_archive::Category;

    use super::*;

    fn object(key: &str) -> LandedObject {
        LandedObject {
            key: key.to_owned(),
            category: Category::Management,
            event_day: 20_251_009,
            accounts: vec!["111122223333".to_owned()],
            account_count: 1,
            regions: vec!["eu-central-1".to_owned()],
            first_event_ms: None,
            last_event_ms: None,
            records: 1,
            bytes: 1,
        }
    }

    #[tokio::test]
    async fn it_keeps_what_it_was_told_and_fails_as_planned() {
        let (announcer, batch) = (MemoryAnnouncer::new(), BatchId::new(1, 1));
        let (objects, trace) = ([object("events/a"), object("events/b")], TraceContext::default());
        for (fault, told) in
            [(AnnounceFault::Denied, 0), (AnnounceFault::Refused, 0), (AnnounceFault::Half, 1), (AnnounceFault::AnswerLost, 3)]
        {
            announcer.fail_next(fault);
            let failed = announcer.announce(&batch, &objects, &trace).await;
            assert_eq!(matches!(failed, Err(AnnounceError::Denied { .. })), fault == AnnounceFault::Denied);
            assert!(failed.is_err(), "{fault:?}");
            assert_eq!(announcer.announced().len(), told, "{fault:?}");
        }
        announcer.announce(&batch, &objects, &trace).await.unwrap();
        let keys: Vec<String> = announcer.announced().into_iter().map(|announced| announced.object.key).collect();
        assert_eq!(keys, ["events/a", "events/a", "events/b", "events/a", "events/b"]);
        assert_eq!(announcer.calls(), 5);
    }

    #[tokio::test]
    async fn of_digests_it_is_told_once_or_not_at_all() {
        let (announcer, batch) = (MemoryAnnouncer::new(), BatchId::new(1, 1));
        let digests = LandedDigests {
            keys: vec!["digests/a".to_owned()],
            accounts: vec![],
            account_count: 0,
            regions: vec![],
            digests: 1,
            first_period_end_ms: None,
            last_period_end_ms: None,
            bytes: 1,
        };
        for (fault, told) in
            [(AnnounceFault::Denied, 0), (AnnounceFault::Refused, 0), (AnnounceFault::Half, 0), (AnnounceFault::AnswerLost, 1)]
        {
            announcer.fail_next(fault);
            assert!(announcer.announce_digests(&batch, &digests, &TraceContext::default()).await.is_err(), "{fault:?}");
            assert_eq!(announcer.announced_digests().len(), told, "{fault:?}");
        }
        announcer.announce_digests(&batch, &digests, &TraceContext::default()).await.unwrap();
        assert_eq!(
            announcer.announced_digests(),
            [AnnouncedDigests { batch, digests: digests.clone() }, AnnouncedDigests { batch, digests }]
        );
    }
}
