//! What is to be landed: an object that a message announces, with what the message says of it.

use std::{sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;
use trailkeep_pipeline::{
    batch::{Finding, Kind},
    ports::{
        bucket::LogBucket,
        ledger::{Landed, SourceId},
    },
};

use crate::message::Ticket;

/// A log bucket that is configured.
#[derive(Debug)]
pub struct Origin {
    /// Its name, as notifications have it.
    pub bucket: Arc<str>,
    /// The bucket whose name its objects land under: its own, or the one that it replicates.
    pub canonical: Arc<str>,
    /// Where its objects are read.
    pub store: Arc<dyn LogBucket>,
}

/// An object to be landed.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) origin: Arc<Origin>,
    pub(crate) key: Arc<str>,
    /// Version, entity tag and stored size as the notification names them.
    pub(crate) version: Option<Box<str>>,
    pub(crate) etag: Option<Box<str>>,
    pub(crate) size_bytes: Option<u64>,
    /// When the object was created, milliseconds since the Unix epoch.
    pub(crate) created_ms: Option<i64>,
    pub(crate) kind: Kind,
    /// The day of its delivery, as its key states it, `yyyymmdd`.
    pub(crate) day: u32,
    pub(crate) ticket: Ticket,
    /// How often it was found in another worker's open Batch.
    pub(crate) looks: u8,
    /// How often this process has begun with it and had to give up.
    pub(crate) tries: u8,
    /// Its share of the Deliveries that may be in hand.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl Delivery {
    /// What the ledger calls it.
    pub(crate) fn source(&self) -> SourceId {
        SourceId::new(Arc::clone(&self.origin.canonical), Arc::clone(&self.key))
    }

    /// Whether the notification alone shows that this is what landed.
    pub(crate) fn looks_like(&self, landed: &Landed) -> bool {
        let same_version = self.version.is_some() && self.version.as_deref() == landed.version.as_deref();
        let same_tag =
            self.etag.is_some() && self.etag.as_deref() == landed.etag.as_deref() && self.size_bytes == Some(landed.stored_bytes);
        same_version || same_tag
    }
}

/// Something to be written down in `quarantine/`.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) finding: Finding,
    /// The message that waits for it, if one does.
    pub(crate) ticket: Option<Ticket>,
    /// Its share of what may be in hand.
    #[expect(dead_code, reason = "held, never read")]
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// What a lander takes.
#[derive(Debug)]
pub(crate) enum Work {
    /// An object to be landed.
    Land(Delivery),
    /// Something to be written down.
    Note(Note),
}

impl Work {
    /// The same with its share of what may be in hand.
    pub(crate) fn with_room(self, room: Option<OwnedSemaphorePermit>) -> Self {
        match self {
            Self::Land(delivery) => Self::Land(Delivery { room, ..delivery }),
            Self::Note(note) => Self::Note(Note { room, ..note }),
        }
    }

    /// Lets its message come back at once.
    pub(crate) fn give_back(self) {
        let ticket = match self {
            Self::Land(delivery) => Some(delivery.ticket),
            Self::Note(note) => note.ticket,
        };
        if let Some(ticket) = ticket {
            ticket.retry_after(Duration::ZERO);
        }
    }
}
