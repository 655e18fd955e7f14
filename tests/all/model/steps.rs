//! A worker, call by call, as `protocol/` and the collector's lander make them. Reads stand at a step of their own wherever something may change
//! between the look and what is done about it.

use super::{
    Mutation, Shape,
    requests::Answer,
    state::{IDLE, NONE, Rank, Request, Stand, State, Step, Worker, lowest},
};

impl State {
    /// The changing request that a worker makes next, if its next step is one.
    pub(super) fn request(&self, worker: Worker) -> Option<Request> {
        let (batch, target) = (worker.batch, worker.target);
        Some(match worker.step {
            Step::Open => Request::Open { batch, epoch: self.ledger.epoch },
            Step::Admit => Request::Admit { batch, source: lowest(worker.wanted) },
            Step::TakeOver => Request::TakeOver { batch, source: lowest(worker.wanted), from: target },
            Step::Release => Request::Release { batch, source: lowest(worker.wanted) },
            Step::PutManifest => Request::PutManifest { batch, list: worker.admitted },
            Step::Commit => Request::Commit { batch, epoch: self.ledger.epoch, list: worker.admitted },
            Step::Publish(rank) => Request::Publish { batch: target, rank },
            Step::Mark => Request::Mark { batch: target },
            Step::DeleteManifest | Step::DeleteAbandoned => Request::DeleteManifest { batch: target },
            Step::OwnAbort | Step::DeadAbort => Request::Abort { batch: target },
            Step::Abandon => Request::Abandon { batch: target },
            Step::Acknowledge => Request::DeleteMessage { message: lowest(worker.messages) },
            _ => return None,
        })
    }

    /// Takes a worker's next step, its request being answered.
    pub(super) fn step(&mut self, which: usize, shape: &Shape) {
        let mut worker = self.workers[which];
        match self.request(worker) {
            // Without a manifest nobody but their own worker knows of uploads.
            Some(Request::Abandon { batch }) if batch != worker.batch && !self.objects(batch).manifest => {
                worker.step = Step::DeleteAbandoned;
            }
            Some(request) => {
                if worker.step == Step::PutManifest {
                    // All uploads are finished by now; nobody else knows of them.
                    let objects = self.objects(worker.batch);
                    (objects.staged, objects.list) = (true, worker.admitted);
                }
                let answer = self.apply(request, shape);
                worker.hear(answer, shape);
            }
            None => self.look(&mut worker, shape),
        }
        worker.rest(shape);
        self.workers[which] = worker;
    }

    /// Steps that only read.
    fn look(&mut self, worker: &mut Worker, shape: &Shape) {
        let target = worker.target;
        match worker.step {
            Step::Judge => self.judge(worker, shape),
            Step::Doubt => worker.held(),
            Step::Fetch => {
                (worker.kept, worker.released) = (0, 0);
                worker.target = worker.batch;
                worker.step = if worker.admitted == 0 { Step::OwnLook } else { first_write(shape) };
            }
            Step::ReadManifest if self.objects(target).manifest => worker.step = Step::Publish(first_rank(shape)),
            Step::ReadManifest => worker.step = Step::NoManifest,
            Step::NoManifest => match (self.item(target).stand, self.objects(target).sources) {
                (Stand::Published, _) => worker.went_on(),
                (_, true) => worker.step = Step::Mark,
                (_, false) => worker.fail(),
            },
            Step::OwnLook | Step::DeadLook => self.look_for_sources(worker),
            _ => {}
        }
    }

    fn judge(&mut self, worker: &mut Worker, shape: &Shape) {
        let source = lowest(worker.wanted);
        let listed = self.objects(worker.target).sources && self.objects(worker.target).list & (1 << source) != 0;
        let by_pointer = shape.mutation == Some(Mutation::DuplicateByPointer);
        let unread = shape.mutation == Some(Mutation::TakeOverUnread);
        match self.item(worker.target).stand {
            Stand::Absent => worker.fail(),
            Stand::Committed => worker.step = Step::ReadManifest,
            Stand::Open => worker.step = Step::Doubt,
            Stand::Published if (listed || by_pointer) && !unread => worker.landed(),
            Stand::Aborted | Stand::Published => worker.step = Step::TakeOver,
        }
    }

    /// Before anyone flips open → aborted: no `sources/` object may be visible.
    fn look_for_sources(&mut self, worker: &mut Worker) {
        let stand = self.item(worker.target).stand;
        let visible = self.objects(worker.target).sources;
        if visible && matches!(stand, Stand::Open | Stand::Aborted) {
            *worker = Worker { step: Step::Refused, ..IDLE };
        } else if worker.step == Step::OwnLook {
            worker.target = worker.batch;
            worker.step = Step::OwnAbort;
        } else {
            worker.step = Step::DeadAbort;
        }
    }
}

fn first_rank(shape: &Shape) -> Rank {
    if shape.mutation == Some(Mutation::SourcesFirst) { Rank::Sources } else { Rank::Raw }
}

fn first_write(shape: &Shape) -> Step {
    if shape.mutation == Some(Mutation::CommitBeforeManifest) { Step::Commit } else { Step::PutManifest }
}

impl Worker {
    /// Goes on after an answer.
    fn hear(&mut self, answer: Answer, shape: &Shape) {
        if answer == Answer::Failed {
            return self.fail();
        }
        match (self.step, answer) {
            (Step::Open, _) => self.step = Step::Admit,
            (Step::Admit | Step::TakeOver, Answer::HeldBy { landed: true, .. }) => self.landed(),
            (Step::Admit | Step::TakeOver, Answer::HeldBy { batch, .. }) if batch != self.batch => {
                (self.target, self.step) = (batch, Step::Judge);
            }
            (Step::Admit | Step::TakeOver, _) => self.admit(),
            (Step::Release, _) => {
                self.wanted = 0;
                self.step = Step::Fetch;
            }
            (Step::PutManifest, _) if shape.mutation == Some(Mutation::CommitBeforeManifest) => self.publish_own(shape),
            (Step::PutManifest, _) => self.step = Step::Commit,
            (Step::Commit, Answer::Refused(item)) => self.refused(item.stand, item.list, shape),
            (Step::Commit, _) => match shape.mutation {
                Some(Mutation::CommitBeforeManifest) => self.step = Step::PutManifest,
                Some(Mutation::AckBeforePublish) => {
                    self.target = self.batch;
                    self.settle();
                }
                _ => self.publish_own(shape),
            },
            (Step::Publish(rank), _) => self.step = after(rank, shape),
            (Step::Mark, _) => self.step = Step::DeleteManifest,
            (Step::DeleteManifest | Step::DeleteAbandoned, _) if self.target != self.batch => self.went_on(),
            (Step::DeadAbort, Answer::Refused(item)) if item.stand != Stand::Aborted => self.went_on(),
            (Step::OwnAbort, Answer::Refused(item)) if item.stand != Stand::Aborted => self.give_up(),
            (Step::OwnAbort | Step::DeadAbort, _) => self.step = Step::Abandon,
            (Step::Abandon, _) => self.step = Step::DeleteAbandoned,
            (Step::DeleteAbandoned, _) if self.admitted != 0 => self.give_up(),
            (Step::DeleteManifest | Step::DeleteAbandoned, _) => self.settle(),
            (Step::Acknowledge, _) => self.messages &= self.messages - 1,
            _ => {}
        }
    }

    /// A commit was refused: ours already, or lost.
    fn refused(&mut self, stand: Stand, list: u8, shape: &Shape) {
        match stand {
            Stand::Committed | Stand::Published if list == self.admitted => self.publish_own(shape),
            Stand::Aborted => (self.target, self.step) = (self.batch, Step::Abandon),
            _ => self.fail(),
        }
    }

    fn publish_own(&mut self, shape: &Shape) {
        (self.target, self.step) = (self.batch, Step::Publish(first_rank(shape)));
    }

    /// The next wanted source is this Batch's.
    fn admit(&mut self) {
        self.admitted |= self.wanted & self.wanted.wrapping_neg();
        self.next_wanted();
    }

    /// The next wanted source is a duplicate.
    fn landed(&mut self) {
        self.settled |= self.wanted & self.wanted.wrapping_neg();
        self.next_wanted();
    }

    /// The next wanted source is another's, who may live: its message comes back.
    fn held(&mut self) {
        self.next_wanted();
    }

    fn next_wanted(&mut self) {
        self.wanted &= self.wanted - 1;
        self.target = NONE;
        self.step = if self.wanted == 0 { Step::Fetch } else { Step::Admit };
    }

    /// Its own Batch has ended well: what it landed is settled.
    fn settle(&mut self) {
        self.settled |= self.admitted;
        self.step = Step::Acknowledge;
    }

    /// The Batch in the way was brought to an end.
    fn went_on(&mut self) {
        if self.recovers {
            self.give_up();
        } else {
            self.step = Step::Judge;
        }
    }

    /// An error. Its own Batch is given up; in a recovery, or while giving up, the next one goes on.
    pub(super) fn fail(&mut self) {
        let gives_up = matches!(self.step, Step::Open | Step::OwnLook | Step::OwnAbort)
            || matches!(self.step, Step::Abandon | Step::DeleteAbandoned) && self.target == self.batch;
        match self.step {
            Step::Acknowledge => self.messages &= self.messages - 1,
            // It is not listed, which is what counts.
            Step::Release => (self.wanted, self.step) = (0, Step::Fetch),
            _ if self.recovers || gives_up => self.give_up(),
            _ => {
                // What could not be asked again is not settled.
                (self.target, self.step) = (self.batch, Step::OwnLook);
                self.admitted |= self.wanted;
                self.wanted = 0;
            }
        }
    }

    /// Lets go of everything; messages come back.
    fn give_up(&mut self) {
        *self = IDLE;
    }

    /// Skips messages that cannot be acknowledged, and rests when nothing is left to do.
    pub(super) fn rest(&mut self, shape: &Shape) {
        while self.step == Step::Acknowledge && self.messages != 0 {
            let sources = shape.sources_of(lowest(self.messages));
            if sources & !self.settled == 0 {
                return;
            }
            self.messages &= self.messages - 1;
        }
        if self.step == Step::Acknowledge {
            *self = if shape.mutation == Some(Mutation::AckBeforePublish) && self.target == self.batch && self.batch != NONE {
                Worker { step: Step::Publish(Rank::Raw), settled: 0, recovers: true, batch: NONE, wanted: 0, admitted: 0, ..*self }
            } else {
                IDLE
            };
        }
    }
}

fn after(rank: Rank, shape: &Shape) -> Step {
    let sources_first = shape.mutation == Some(Mutation::SourcesFirst);
    match rank {
        Rank::Sources if sources_first => Step::Publish(Rank::Raw),
        Rank::Raw => Step::Publish(Rank::Events),
        Rank::Events if sources_first => Step::Mark,
        Rank::Events => Step::Publish(Rank::Sources),
        Rank::Sources => Step::Mark,
    }
}
