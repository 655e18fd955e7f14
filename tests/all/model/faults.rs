//! What goes wrong, and what operators do about it: processes that start, ledgers that are put back, rebuilds.

use super::{
    Mutation, Shape,
    state::{IDLE, Item, NO_ITEM, NONE, Rank, Request, Stand, State, Step, members},
};

impl State {
    /// A process starts and comes past `archive_guard::join`.
    pub(super) fn start(&mut self, which: usize, shape: &Shape) {
        let joined = self.descriptor == self.ledger.epoch && self.knows_the_archive(shape);
        if joined {
            self.ledger.ready = true;
        }
        self.workers[which] = IDLE;
        if !joined {
            self.workers[which].step = Step::Refused;
        }
    }

    /// Whether the ledger has every Batch that the archive shows: by its `sources/` object, or by a manifest and some of what that names.
    fn knows_the_archive(&self, shape: &Shape) -> bool {
        let batches = 0..self.archive.len();
        if !self.ledger.ready {
            return !batches.into_iter().any(|batch| self.archive[batch].sources);
        }
        let newest = self.ledger.items.iter().rposition(|item| item.stand == Stand::Published);
        let first = if shape.mutation == Some(Mutation::JoinLooksAtNewer) { newest.map_or(0, |newest| newest + 1) } else { 0 };
        let ignores_parts = shape.mutation == Some(Mutation::JoinIgnoresParts);
        batches.into_iter().all(|batch| {
            let objects = &self.archive[batch];
            let in_part = objects.manifest && (objects.raw || objects.events) && !ignores_parts;
            let shown = (objects.sources && batch >= first) || in_part;
            !shown || matches!(self.ledger.items[batch].stand, Stand::Committed | Stand::Published)
        })
    }

    /// The ledger is put back to what was saved. Every writer was stopped for it, and what was under way came to its end.
    pub(super) fn put_back(&mut self) -> Option<()> {
        self.ledger = self.saved.take()?;
        self.late.clear();
        self.faults.restores -= 1;
        for worker in &mut self.workers {
            *worker = IDLE;
            worker.step = Step::Down;
        }
        Some(())
    }

    /// Whether an operator has a reason and leave to rebuild: a process refused the ledger, and none runs.
    pub(super) fn may_rebuild(&self) -> bool {
        let steps = self.workers.map(|worker| worker.step);
        steps.contains(&Step::Refused) && steps.iter().all(|step| matches!(step, Step::Refused | Step::Down))
    }

    /// `protocol::rebuild`; `whole` or until the ledger has forgotten everything. `None` where it stops before it has changed anything.
    pub(super) fn rebuild(&mut self, whole: bool, shape: &Shape) -> Option<()> {
        for batch in 0..self.archive.len() as u8 {
            if self.item(batch).stand == Stand::Committed && !self.objects(batch).sources {
                self.objects(batch).manifest.then_some(())?;
                self.publish_all(batch)?;
                self.mark(batch, shape);
                self.objects(batch).manifest = false;
            }
        }
        self.ledger.epoch = self.ledger.epoch.max(self.descriptor) + 1;
        self.ledger.ready = false;
        self.ledger.items.fill(NO_ITEM);
        self.ledger.pointers.fill(NONE);
        self.ledger.landed = 0;
        for worker in &mut self.workers {
            *worker = IDLE;
            worker.step = Step::Down;
        }
        if whole {
            self.restore_all(shape)?;
            self.descriptor = self.ledger.epoch;
            self.ledger.ready = true;
        }
        Some(())
    }

    fn restore_all(&mut self, shape: &Shape) -> Option<()> {
        for batch in 0..self.archive.len() as u8 {
            let objects = *self.objects(batch);
            let in_part = objects.raw || objects.events;
            if !objects.sources && objects.manifest && in_part {
                self.publish_all(batch)?;
            } else if !objects.sources && objects.manifest {
                self.objects(batch).staged = false;
            } else if !objects.sources && objects.raw {
                // From the index beside the segment.
                self.objects(batch).sources = true;
            }
            self.objects(batch).manifest = false;
            if self.objects(batch).sources {
                let epoch = self.ledger.epoch;
                *self.item(batch) = Item { stand: Stand::Published, epoch, list: objects.list };
                for source in members(objects.list) {
                    self.ledger.pointers[usize::from(source)] = batch;
                }
                if shape.keeps_landed {
                    self.keep_landed(batch);
                }
            }
        }
        Some(())
    }

    fn publish_all(&mut self, batch: u8) -> Option<()> {
        let objects = self.objects(batch);
        let whole = objects.staged || (objects.raw && objects.events && objects.sources);
        whole.then_some(())?;
        (objects.raw, objects.events, objects.sources, objects.staged) = (true, true, true, false);
        Some(())
    }

    /// What an idle worker's recovery would do about a Batch: the first step of it. `None` if nothing.
    pub(super) fn recovery_of(&self, batch: u8) -> Option<Step> {
        let manifest = self.archive[usize::from(batch)].manifest;
        match self.ledger.items[usize::from(batch)].stand {
            Stand::Committed => Some(Step::ReadManifest),
            Stand::Open => Some(Step::DeadLook),
            Stand::Aborted if manifest => Some(Step::Abandon),
            Stand::Published if manifest => Some(Step::DeleteManifest),
            Stand::Absent | Stand::Aborted | Stand::Published => None,
        }
    }

    /// A request whose answer is lost, and which may take effect later, from what the worker sent.
    pub(super) fn lose(&mut self, which: usize, request: Request, shape: &Shape) {
        if let Request::PutManifest { batch, list } = request {
            let objects = self.objects(batch);
            (objects.staged, objects.list) = (true, list);
        }
        self.late.push(request);
        self.faults.losses -= 1;
        let mut worker = self.workers[which];
        worker.fail();
        worker.rest(shape);
        self.workers[which] = worker;
    }

    /// What of a Batch readers could see in this rank.
    pub(super) fn shows(&self, batch: usize, rank: Rank) -> bool {
        let objects = &self.archive[batch];
        match rank {
            Rank::Raw => objects.raw,
            Rank::Events => objects.events,
            Rank::Sources => objects.sources,
        }
    }
}
