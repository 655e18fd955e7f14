//! What each request does when it takes effect, at once or late: the ports' conditional changes of single items, and the store's.

use super::{
    Mutation, Shape,
    state::{Item, NONE, Rank, Request, Set, Stand, State},
};

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// The condition did not hold; the Batch's item as it is.
    Refused(Item),
    /// The source points to this Batch, and its row says that it landed there.
    HeldBy {
        batch: u8,
        landed: bool,
    },
    /// An error that says so: no such Batch, wrong state, no such upload.
    Failed,
}

impl State {
    /// Lets a request take effect.
    pub(super) fn apply(&mut self, request: Request, shape: &Shape) -> Answer {
        match request {
            Request::Open { batch, epoch } => self.open(batch, epoch),
            Request::Admit { batch, source } => self.point(batch, source, None),
            Request::TakeOver { batch, source, from } => self.point(batch, source, Some(from)),
            Request::Release { batch, source } => {
                let landed = self.ledger.landed & (1 << source) != 0;
                let pointer = &mut self.ledger.pointers[usize::from(source)];
                if *pointer == batch && !landed {
                    *pointer = NONE;
                }
                Answer::Done
            }
            Request::PutManifest { batch, list } => {
                let objects = self.objects(batch);
                (objects.manifest, objects.list) = (true, list);
                Answer::Done
            }
            Request::Commit { batch, epoch, list } => self.commit(batch, epoch, list, shape),
            Request::Abort { batch } => self.abort(batch, shape),
            Request::Publish { batch, rank } => self.publish(batch, rank),
            Request::Mark { batch } => self.mark(batch, shape),
            Request::Abandon { batch } => {
                self.objects(batch).staged = false;
                Answer::Done
            }
            Request::DeleteManifest { batch } => {
                self.objects(batch).manifest = false;
                Answer::Done
            }
            Request::DeleteMessage { message } => {
                self.queued &= !(1 << message);
                Answer::Done
            }
        }
    }

    fn open(&mut self, batch: u8, epoch: u8) -> Answer {
        if !self.ledger.ready || self.ledger.epoch != epoch || self.item(batch).stand != Stand::Absent {
            return Answer::Failed;
        }
        *self.item(batch) = Item { stand: Stand::Open, epoch, list: 0 };
        Answer::Done
    }

    /// Admit (from nowhere) and take-over (from a Batch, or from nowhere).
    fn point(&mut self, batch: u8, source: u8, from: Option<u8>) -> Answer {
        if self.item(batch).stand == Stand::Absent {
            return Answer::Failed;
        }
        let landed = self.ledger.landed & (1 << source) != 0;
        let pointer = &mut self.ledger.pointers[usize::from(source)];
        if *pointer != NONE && (Some(*pointer) != from || landed) {
            return Answer::HeldBy { batch: *pointer, landed };
        }
        *pointer = batch;
        Answer::Done
    }

    fn commit(&mut self, batch: u8, epoch: u8, list: Set, shape: &Shape) -> Answer {
        let current = self.ledger.epoch;
        let unchecked = shape.mutation == Some(Mutation::CommitUnchecked);
        let item = self.item(batch);
        if item.stand == Stand::Absent {
            return Answer::Failed;
        }
        if !unchecked && (item.stand != Stand::Open || item.epoch != epoch || current != epoch) {
            return Answer::Refused(*item);
        }
        (item.stand, item.list) = (Stand::Committed, list);
        Answer::Done
    }

    fn abort(&mut self, batch: u8, shape: &Shape) -> Answer {
        let unchecked = shape.mutation == Some(Mutation::AbortUnchecked);
        let item = self.item(batch);
        match item.stand {
            Stand::Absent => Answer::Failed,
            Stand::Committed if unchecked => {
                item.stand = Stand::Aborted;
                Answer::Done
            }
            Stand::Open => {
                item.stand = Stand::Aborted;
                Answer::Done
            }
            _ => Answer::Refused(*item),
        }
    }

    /// Publishing what is visible is no error; what was thrown away cannot be published. An upload leaves the stage with the last rank, since each
    /// rank's are completed by then.
    fn publish(&mut self, batch: u8, rank: Rank) -> Answer {
        let objects = self.objects(batch);
        let staged = objects.staged;
        let visible = match rank {
            Rank::Raw => &mut objects.raw,
            Rank::Events => &mut objects.events,
            Rank::Sources => &mut objects.sources,
        };
        if !*visible && !staged {
            return Answer::Failed;
        }
        *visible = true;
        objects.staged = staged && !(objects.raw && objects.events && objects.sources);
        Answer::Done
    }

    pub(super) fn mark(&mut self, batch: u8, shape: &Shape) -> Answer {
        let item = self.item(batch);
        match item.stand {
            Stand::Published => return Answer::Done,
            Stand::Committed => item.stand = Stand::Published,
            Stand::Absent | Stand::Open | Stand::Aborted => return Answer::Failed,
        }
        if shape.keeps_landed {
            self.keep_landed(batch);
        }
        Answer::Done
    }

    /// What the Batch lists points to it and is known to have landed.
    pub(super) fn keep_landed(&mut self, batch: u8) {
        let list = self.objects(batch).list;
        for source in super::state::members(list) {
            self.ledger.pointers[usize::from(source)] = batch;
            self.ledger.landed |= 1 << source;
        }
    }
}
