//! What the model's world is made of: ledger, archive, queue, workers, requests under way. Batches are slots, in the order of their ids.

/// Batches that stand side by side. A Batch that nothing speaks of any more gives its slot back, which is as good as a new id.
pub(super) const BATCHES: usize = 6;
/// No Batch.
pub(super) const NONE: u8 = u8::MAX;
/// A set of sources, or of messages: bit 0 and bit 1.
pub(super) type Set = u8;
/// Both sources.
pub(super) const BOTH: Set = 0b11;

/// Where a Batch stands in the ledger ("announced" changes nothing here).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Stand {
    Absent,
    Open,
    Committed,
    Published,
    Aborted,
}

/// A Batch's item. Its owner is the one worker that has it in hand; what it was committed with is the manifest's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) stand: Stand,
    pub(super) epoch: u8,
    pub(super) list: Set,
}

pub(super) const NO_ITEM: Item = Item { stand: Stand::Absent, epoch: 0, list: 0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ledger {
    pub(super) epoch: u8,
    pub(super) ready: bool,
    pub(super) items: [Item; BATCHES],
    /// Whom each source points to.
    pub(super) pointers: [u8; 2],
    /// Sources whose row says that they landed; always empty in a ledger that does not keep it.
    pub(super) landed: Set,
}

/// What the archive has of a Batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Objects {
    /// What its uploads hold and its manifest lists.
    pub(super) list: Set,
    /// Finished uploads that were neither published nor thrown away.
    pub(super) staged: bool,
    pub(super) manifest: bool,
    pub(super) raw: bool,
    pub(super) events: bool,
    pub(super) sources: bool,
}

pub(super) const NO_OBJECTS: Objects = Objects { list: 0, staged: false, manifest: false, raw: false, events: false, sources: false };

/// Ranks in which uploads become visible; each stands for all uploads of its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Rank {
    Raw,
    Events,
    Sources,
}

/// A request that changes something. Every one is conditional on single items, as the ports have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Request {
    Open { batch: u8, epoch: u8 },
    Admit { batch: u8, source: u8 },
    TakeOver { batch: u8, source: u8, from: u8 },
    Release { batch: u8, source: u8 },
    PutManifest { batch: u8, list: Set },
    Commit { batch: u8, epoch: u8, list: Set },
    Abort { batch: u8 },
    Publish { batch: u8, rank: Rank },
    Mark { batch: u8 },
    Abandon { batch: u8 },
    DeleteManifest { batch: u8 },
    DeleteMessage { message: u8 },
}

/// Which step a worker takes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// The process has ended.
    Down,
    /// It would not start, or stopped: the ledger is behind the archive.
    Refused,
    Idle,
    Open,
    /// The next wanted source.
    Admit,
    /// Reads the item of the Batch that stands in the way.
    Judge,
    /// That Batch is open: is its worker dead?
    Doubt,
    TakeOver,
    /// Every source that it admitted; each may fail.
    Fetch,
    Release,
    PutManifest,
    Commit,
    Publish(Rank),
    Mark,
    DeleteManifest,
    Acknowledge,
    /// Gives its own Batch up: looks for `sources/`, asks the ledger, throws away.
    OwnLook,
    OwnAbort,
    /// Reads the manifest of a committed Batch.
    ReadManifest,
    /// There was none: was it marked meanwhile, or is its commit mark visible?
    NoManifest,
    /// Aborts another's Batch: looks for `sources/`, then flips.
    DeadLook,
    DeadAbort,
    /// Throws an aborted Batch's uploads and manifest away.
    Abandon,
    DeleteAbandoned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Worker {
    pub(super) step: Step,
    /// Its own Batch.
    pub(super) batch: u8,
    /// The Batch that it deals with: its own, or another in its way.
    pub(super) target: u8,
    /// Whether it deals with that one for a recovery, and not for an admission.
    pub(super) recovers: bool,
    /// Messages that it holds.
    pub(super) messages: Set,
    /// Their sources that are still to be admitted, lowest first.
    pub(super) wanted: Set,
    /// Sources that its Batch is to land.
    pub(super) admitted: Set,
    /// Sources that it knows to have landed.
    pub(super) settled: Set,
    /// Sources that its Batch could not fetch and has kept: it may be asked for them again.
    pub(super) kept: Set,
    /// Sources that its Batch has let go of, whether or not the answer came: it never lands them.
    pub(super) released: Set,
}

pub(super) const IDLE: Worker = Worker {
    step: Step::Idle,
    batch: NONE,
    target: NONE,
    recovers: false,
    messages: 0,
    wanted: 0,
    admitted: 0,
    settled: 0,
    kept: 0,
    released: 0,
};

/// How many of each fault may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Faults {
    /// A worker ends between any two calls.
    pub(super) crashes: u8,
    /// An answer is lost: the request takes effect at any later moment, or never.
    pub(super) losses: u8,
    /// An admitted source cannot be fetched: its Batch lets go of it, or keeps it to try again.
    pub(super) fetches: u8,
    /// A worker that lives is taken for dead: it slept past its lease.
    pub(super) sleeps: u8,
    /// A held message comes back to the queue.
    pub(super) lapses: u8,
    /// The ledger is put back to what it was at some earlier moment, writers stopped.
    pub(super) restores: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) archive: [Objects; BATCHES],
    /// The epoch in `archive.json`.
    pub(super) descriptor: u8,
    pub(super) workers: [Worker; 2],
    /// Messages that are not deleted.
    pub(super) queued: Set,
    /// Requests whose answer was lost and that may still take effect.
    pub(super) late: Vec<Request>,
    /// The ledger as it was when somebody saved it.
    pub(super) saved: Option<Ledger>,
    pub(super) faults: Faults,
}

impl State {
    pub(super) fn new(faults: Faults, queued: Set) -> Self {
        Self {
            ledger: Ledger { epoch: 1, ready: true, items: [NO_ITEM; BATCHES], pointers: [NONE; 2], landed: 0 },
            archive: [NO_OBJECTS; BATCHES],
            descriptor: 1,
            workers: [IDLE; 2],
            queued,
            late: Vec::new(),
            saved: None,
            faults,
        }
    }

    /// Sources that some Batch with a visible `sources/` object lists.
    pub(super) fn published(&self) -> Set {
        self.archive.iter().filter(|objects| objects.sources).fold(0, |all, objects| all | objects.list)
    }

    pub(super) fn item(&mut self, batch: u8) -> &mut Item {
        &mut self.ledger.items[usize::from(batch)]
    }

    pub(super) fn objects(&mut self, batch: u8) -> &mut Objects {
        &mut self.archive[usize::from(batch)]
    }

    /// Whether a worker has this Batch in hand and could still act on it.
    pub(super) fn is_in_hand(&self, batch: u8) -> bool {
        self.workers.iter().any(|worker| worker.batch == batch)
    }
}

/// The members of a set.
pub(super) fn members(set: Set) -> impl Iterator<Item = u8> {
    (0..2).filter(move |member| set & (1 << member) != 0)
}

/// The lowest member.
pub(super) fn lowest(set: Set) -> u8 {
    set.trailing_zeros() as u8
}
