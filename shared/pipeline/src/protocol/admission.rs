//! Admission: which of the sources that arrive this Batch is to land.

use std::collections::HashMap;

use trailkeep_archive::BatchId;

use super::{Moment, OpenBatch, Protocol, ProtocolError};
use crate::ports::ledger::{BatchItem, BatchState, Claim, Holder, Landed, SourceId, WorkerId};

/// Rounds of taking over what changed hands meanwhile before admission gives up.
const MAX_ROUNDS: usize = 16;

/// What is to become of a source that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// This Batch is to land it.
    Admitted,
    /// This Batch holds it already, from an earlier call or an earlier entry of this call.
    Already,
    /// A published Batch lists it. If what arrived is other content (another size, etag or version, *and* another SHA-256 once fetched), admit the
    /// source at the next revision.
    Duplicate(Landed),
    /// An open Batch holds it and its worker may live: look again later.
    Held {
        /// The Batch.
        batch: BatchId,
        /// Its worker.
        owner: WorkerId,
    },
}

/// What the ledger and the archive say of a source, changing nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing holds it: it would be admitted.
    Free,
    /// A published Batch lists it.
    Landed(Landed),
    /// A Batch that is open or committed holds it.
    Pending(BatchId),
}

/// What a claim comes to.
enum Step {
    /// Done with.
    Answer(Admission),
    /// The source may be taken over from this Batch.
    TakeFrom(BatchId),
}

/// What a holder's state means for a source that points to it.
#[derive(Debug, Clone)]
enum Verdict {
    /// Its list decides.
    Published,
    /// It will never land anything.
    Dead,
    /// It may land it yet.
    Alive(WorkerId),
}

impl Protocol {
    /// Admits sources to an open Batch. One answer per source, in order. Committed Batches that stand in the way are rolled forward, dead ones aborted.
    ///
    /// # Errors
    /// [`ProtocolError`]; some sources may be admitted then: asking again says so ([`Admission::Already`]), and so does the next Batch's take-over.
    pub async fn admit(&self, open: &OpenBatch, sources: &[SourceId], now: Moment) -> Result<Vec<Admission>, ProtocolError> {
        let claims = self.ledger.admit(&open.batch, sources).await?;
        let mut answers: Vec<Option<Admission>> = vec![None; sources.len()];
        let mut asked: Vec<(usize, Claim)> = claims.into_iter().enumerate().collect();
        for _ in 0..MAX_ROUNDS {
            let mut verdicts = HashMap::new();
            let mut to_take = Vec::new();
            for (index, claim) in asked.drain(..) {
                match self.judge(open, &sources[index], claim, &mut verdicts, now).await? {
                    Step::Answer(answer) => answers[index] = Some(answer),
                    Step::TakeFrom(from) => to_take.push((index, from)),
                }
            }
            if to_take.is_empty() {
                break;
            }
            let pairs: Vec<(SourceId, BatchId)> = to_take.iter().map(|(index, from)| (sources[*index].clone(), *from)).collect();
            let claims = self.ledger.take_over(&open.batch, &pairs).await?;
            asked = to_take.iter().map(|(index, _)| *index).zip(claims).collect();
        }
        let answers = answers.into_iter().zip(sources);
        answers.map(|(answer, source)| answer.ok_or_else(|| ProtocolError::Contended { source_id: source.clone() })).collect()
    }

    /// What a claim means: an answer, or the dead Batch to take the source over from.
    async fn judge(
        &self,
        open: &OpenBatch,
        source: &SourceId,
        claim: Claim,
        verdicts: &mut HashMap<BatchId, Verdict>,
        now: Moment,
    ) -> Result<Step, ProtocolError> {
        let holder = match claim {
            Claim::Admitted => return Ok(Step::Answer(Admission::Admitted)),
            Claim::HeldBy(Holder { landed: Some(landed), .. }) => return Ok(Step::Answer(Admission::Duplicate(landed))),
            Claim::HeldBy(Holder { batch, .. }) if batch == open.batch => return Ok(Step::Answer(Admission::Already)),
            Claim::HeldBy(holder) => holder.batch,
        };
        let verdict = if let Some(known) = verdicts.get(&holder) {
            known.clone()
        } else {
            let verdict = self.settle(&holder, now).await?;
            verdicts.insert(holder, verdict.clone());
            verdict
        };
        Ok(match verdict {
            Verdict::Alive(owner) => Step::Answer(Admission::Held { batch: holder, owner }),
            Verdict::Dead => Step::TakeFrom(holder),
            Verdict::Published => match self.listed(&holder, source).await? {
                Some(landed) => Step::Answer(Admission::Duplicate(landed)),
                None => Step::TakeFrom(holder),
            },
        })
    }

    /// Brings a Batch that stands in the way to an end, if it can be.
    async fn settle(&self, batch: &BatchId, now: Moment) -> Result<Verdict, ProtocolError> {
        let mut item = self.item(batch).await?;
        loop {
            match item.state {
                BatchState::Published | BatchState::Announced => return Ok(Verdict::Published),
                BatchState::Aborted => return Ok(Verdict::Dead),
                BatchState::Committed => {
                    self.roll_forward(batch, now).await?;
                    return Ok(Verdict::Published);
                }
                BatchState::Open => {
                    if !self.is_dead(&item, now).await? {
                        return Ok(Verdict::Alive(item.owner));
                    }
                    match self.abort_dead(&item).await? {
                        None => return Ok(Verdict::Dead),
                        Some(moved) => item = moved,
                    }
                }
            }
        }
    }

    /// Whether an open Batch's worker is dead: certainly gone, or its counter stood still for a lease of our own clock.
    pub(super) async fn is_dead(&self, item: &BatchItem, now: Moment) -> Result<bool, ProtocolError> {
        if self.ledger.is_gone(&item.owner).await? {
            return Ok(true);
        }
        let mut still = self.still.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(still.is_dead(item.batch, item.beat, now))
    }

    /// What the ledger and the archive say of sources, changing nothing: for a dry run. One answer per source, in order.
    ///
    /// # Errors
    /// [`ProtocolError`].
    pub async fn look(&self, sources: &[SourceId]) -> Result<Vec<Standing>, ProtocolError> {
        let mut answers = Vec::with_capacity(sources.len());
        for (holder, source) in self.ledger.look(sources).await?.into_iter().zip(sources) {
            answers.push(match holder {
                None => Standing::Free,
                Some(Holder { landed: Some(landed), .. }) => Standing::Landed(landed),
                Some(Holder { batch, .. }) => self.standing(&batch, source).await?,
            });
        }
        Ok(answers)
    }

    async fn standing(&self, batch: &BatchId, source: &SourceId) -> Result<Standing, ProtocolError> {
        Ok(match self.item(batch).await?.state {
            BatchState::Open | BatchState::Committed => Standing::Pending(*batch),
            BatchState::Aborted => Standing::Free,
            BatchState::Published | BatchState::Announced => self.listed(batch, source).await?.map_or(Standing::Free, Standing::Landed),
        })
    }
}
