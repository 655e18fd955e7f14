//! A model of the Batch protocol (`shared/pipeline/src/protocol/design.md`), checked exhaustively: two workers, two sources, faults between any two
//! calls. What it covers and what it leaves out stands in that page under "How it is tested".
//!
//! `checks` has the tests; `steps` is the worker's program, `requests` what ledger and store do, `faults` what goes wrong, `ends` whether all can
//! still be landed from every state.

mod canonical;
mod checks;
mod ends;
mod faults;
mod requests;
mod state;
mod steps;

use stateright::{Model, Property};

use self::state::{BATCHES, BOTH, Faults, IDLE, NONE, Rank, Set, Stand, State, Step, Worker, members};

/// A mistake that the checks must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutation {
    /// Messages are acknowledged once their Batch is committed.
    AckBeforePublish,
    /// A source is taken over from a published Batch without reading whether it lists it.
    TakeOverUnread,
    /// A pointer to a published Batch makes a duplicate, listed or not.
    DuplicateByPointer,
    /// A commit does not ask whether the Batch is still open.
    CommitUnchecked,
    /// An abort does not ask whether the Batch was committed.
    AbortUnchecked,
    /// `sources/` is published first.
    SourcesFirst,
    /// The manifest is put after the commit.
    CommitBeforeManifest,
    /// A Batch takes in again what it has let go of.
    LandsAgainWhatItReleased,
    /// A starting process looks only at Batches newer than the ledger's newest.
    JoinLooksAtNewer,
    /// A starting process does not look for Batches that are visible in part.
    JoinIgnoresParts,
}

/// One world to be checked.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    /// Both sources stand in one message.
    together: bool,
    /// The ledger keeps what landed (SQLite); else `sources/` is read (DynamoDB).
    keeps_landed: bool,
    faults: Faults,
    mutation: Option<Mutation>,
}

impl Shape {
    fn messages(&self) -> Set {
        if self.together { 0b01 } else { 0b11 }
    }

    /// The sources that a message announces.
    fn sources_of(&self, message: u8) -> Set {
        if self.together { BOTH } else { 1 << message }
    }

    fn announced_by(&self, messages: Set) -> Set {
        members(messages).fold(0, |all, message| all | self.sources_of(message))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Receive {
        worker: usize,
        messages: Set,
    },
    Recover {
        worker: usize,
        batch: u8,
    },
    /// The next call, answered.
    Step {
        worker: usize,
    },
    /// Takes the Batch that stands in the way for dead.
    Suspect {
        worker: usize,
    },
    /// Asks for a source of its Batch once more: it came back while the Batch is open.
    Readmit {
        worker: usize,
        source: u8,
    },
    Start {
        worker: usize,
    },
    Rebuild,
    // Faults from here on.
    Crash {
        worker: usize,
    },
    /// The next call's answer is lost.
    Lose {
        worker: usize,
    },
    /// An admitted source cannot be fetched, and is let go of.
    FailFetch {
        worker: usize,
        source: u8,
    },
    /// An admitted source cannot be fetched now, and goes on pointing to the Batch.
    KeepUnfetched {
        worker: usize,
        source: u8,
    },
    /// A request whose answer was lost takes effect.
    Late {
        request: usize,
    },
    /// Receives a message that the other holds.
    Lapse {
        worker: usize,
        messages: Set,
    },
    Save,
    PutBack,
    BreakRebuild,
}

impl Action {
    fn is_fault(self) -> bool {
        !matches!(
            self,
            Self::Receive { .. }
                | Self::Recover { .. }
                | Self::Step { .. }
                | Self::Suspect { .. }
                | Self::Readmit { .. }
                | Self::Start { .. }
                | Self::Rebuild
        )
    }
}

impl Shape {
    /// What a worker's Batch takes in when it is asked for it once more.
    fn admitted_again(&self, worker: &Worker) -> Set {
        let takes_all = self.mutation == Some(Mutation::LandsAgainWhatItReleased);
        if takes_all { worker.kept | worker.released } else { worker.kept & !worker.released }
    }

    fn actions_of(&self, state: &State, which: usize, actions: &mut Vec<Action>) {
        let worker = which;
        let this = &state.workers[which];
        let faults = &state.faults;
        match this.step {
            Step::Down => return actions.push(Action::Start { worker }),
            Step::Refused => return,
            Step::Idle => {
                let held = state.workers.iter().fold(0, |all, worker| all | worker.messages);
                for messages in 1..=self.messages() {
                    if messages & !state.queued == 0 {
                        if messages & held == 0 {
                            actions.push(Action::Receive { worker, messages });
                        } else if faults.lapses > 0 {
                            actions.push(Action::Lapse { worker, messages });
                        }
                    }
                }
                let may = |batch: &u8| state.recovery_of(*batch).is_some_and(|step| step != Step::DeadLook || may_suspect(state, *batch));
                actions.extend((0..BATCHES as u8).filter(may).map(|batch| Action::Recover { worker, batch }));
            }
            Step::Doubt => {
                actions.push(Action::Step { worker });
                if may_suspect(state, this.target) {
                    actions.push(Action::Suspect { worker });
                }
            }
            Step::Fetch => {
                actions.push(Action::Step { worker });
                if faults.fetches > 0 {
                    actions.extend(members(this.admitted).map(|source| Action::FailFetch { worker, source }));
                    actions.extend(members(this.admitted).map(|source| Action::KeepUnfetched { worker, source }));
                }
                actions.extend(members(self.admitted_again(this)).map(|source| Action::Readmit { worker, source }));
            }
            _ => actions.push(Action::Step { worker }),
        }
        if faults.crashes > 0 {
            actions.push(Action::Crash { worker });
        }
        if faults.losses > 0 && state.request(*this).is_some() {
            actions.push(Action::Lose { worker });
        }
    }
}

/// Whether a Batch may be taken for dead: nobody beats for it, or who does sleeps.
fn may_suspect(state: &State, batch: u8) -> bool {
    state.faults.sleeps > 0 || !state.is_in_hand(batch)
}

impl Model for Shape {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.faults, self.messages()).canonical()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for worker in 0..2 {
            self.actions_of(state, worker, actions);
        }
        actions.extend((0..state.late.len()).map(|request| Action::Late { request }));
        if state.faults.restores > 0 {
            actions.push(if state.saved.is_none() { Action::Save } else { Action::PutBack });
        }
        if state.may_rebuild() {
            actions.push(Action::Rebuild);
            if state.faults.crashes > 0 {
                actions.push(Action::BreakRebuild);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.take(action, self)?;
        Some(state.canonical())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("1: a message is deleted only if published Batches list its sources", |shape: &Self, state| {
                shape.announced_by(shape.messages() & !state.queued) & !state.published() == 0
            }),
            Property::always("2: nothing is listed twice", |_, state: &State| shown_once(state, Rank::Sources)),
            Property::always("2: nothing is twice in raw/", |_, state: &State| shown_once(state, Rank::Raw)),
            Property::always("2: nothing is twice in events/", |_, state: &State| shown_once(state, Rank::Events)),
            Property::always("4: sources/ is visible after everything else", |_, state: &State| {
                state.archive.iter().all(|objects| !objects.sources || objects.raw && objects.events)
            }),
            Property::always("4: nothing of an aborted Batch is visible", |_, state: &State| {
                let items = state.ledger.items.iter().zip(&state.archive);
                items.into_iter().all(|(item, objects)| item.stand != Stand::Aborted || !(objects.raw || objects.events || objects.sources))
            }),
            Property::always("the model has room for another Batch", |_, state: &State| state.free_slot().is_some()),
            Property::sometimes("everything is landed", |_, state: &State| state.queued == 0),
        ];
        if self.faults.restores == 0 {
            properties.push(Property::always("a sound ledger is never taken for an old one", |_, state: &State| {
                state.workers.iter().all(|worker| worker.step != Step::Refused)
            }));
        }
        properties
    }
}

fn shown_once(state: &State, rank: Rank) -> bool {
    let mut seen = 0;
    (0..BATCHES).filter(|batch| state.shows(*batch, rank)).all(|batch| {
        let list = state.archive[batch].list;
        let twice = seen & list != 0;
        seen |= list;
        !twice
    })
}

impl State {
    /// Takes an action; `None` if it changes nothing.
    fn take(&mut self, action: Action, shape: &Shape) -> Option<()> {
        match action {
            Action::Receive { worker, messages } => self.receive(worker, messages, shape)?,
            Action::Lapse { worker, messages } => {
                self.faults.lapses -= 1;
                self.receive(worker, messages, shape)?;
            }
            Action::Recover { worker, batch } => {
                let step = self.recovery_of(batch)?;
                self.sleep_if_in_hand(step, batch);
                self.workers[worker] = Worker { step, target: batch, recovers: true, ..IDLE };
            }
            Action::Step { worker } => self.step(worker, shape),
            Action::Suspect { worker } => {
                self.sleep_if_in_hand(Step::DeadLook, self.workers[worker].target);
                self.workers[worker].step = Step::DeadLook;
            }
            Action::Start { worker } => self.start(worker, shape),
            Action::Rebuild => self.rebuild(true, shape)?,
            Action::BreakRebuild => {
                self.faults.crashes -= 1;
                self.rebuild(false, shape)?;
            }
            Action::Crash { worker } => {
                self.faults.crashes -= 1;
                self.workers[worker] = Worker { step: Step::Down, ..IDLE };
            }
            Action::Lose { worker } => {
                let request = self.request(self.workers[worker])?;
                self.lose(worker, request, shape);
            }
            Action::FailFetch { worker, source } => {
                self.faults.fetches -= 1;
                let this = &mut self.workers[worker];
                this.admitted &= !(1 << source);
                this.released |= 1 << source;
                (this.wanted, this.step) = (1 << source, Step::Release);
            }
            Action::KeepUnfetched { worker, source } => {
                self.faults.fetches -= 1;
                let this = &mut self.workers[worker];
                this.admitted &= !(1 << source);
                this.kept |= 1 << source;
            }
            Action::Readmit { worker, source } => {
                let this = &mut self.workers[worker];
                this.kept &= !(1 << source);
                this.released &= !(1 << source);
                (this.wanted, this.step) = (1 << source, Step::Admit);
            }
            Action::Late { request } => {
                let request = self.late.remove(request);
                self.apply(request, shape);
            }
            Action::Save => self.saved = Some(self.ledger),
            Action::PutBack => self.put_back()?,
        }
        Some(())
    }

    fn receive(&mut self, which: usize, messages: Set, shape: &Shape) -> Option<()> {
        let batch = self.free_slot()?;
        let wanted = shape.announced_by(messages);
        self.workers[which] = Worker { step: Step::Open, batch, target: NONE, messages, wanted, ..IDLE };
        Some(())
    }

    fn sleep_if_in_hand(&mut self, step: Step, batch: u8) {
        if step == Step::DeadLook && self.is_in_hand(batch) {
            self.faults.sleeps -= 1;
        }
    }
}
