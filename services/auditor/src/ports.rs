//! The outside of an auditor.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use trailkeep_attest::{HeadStore, Signer};
use trailkeep_digests::PublicKeys;
use trailkeep_keys::Region;
use trailkeep_organization::Roster;
use trailkeep_pipeline::{
    ingest::Surroundings,
    ports::{
        bucket::{AuditBucket, LogBucket},
        ledger::Ledger,
        queue::NotificationQueue,
    },
};

use crate::message::Message;

/// What an auditor works with. What is none is not done, and said once.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The archive.
    pub archive: Arc<dyn AuditBucket>,
    /// Its ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The collector's queue: what is missing is asked for there.
    pub heal_queue: Option<Arc<dyn NotificationQueue>>,
    /// Announcements of landed Digests: they wake a round.
    pub digest_queue: Option<Arc<dyn NotificationQueue>>,
    /// Whom findings are told.
    pub teller: Option<Arc<dyn Teller>>,
    /// CloudTrail's public keys.
    pub keys: Option<Arc<dyn KeySource>>,
    /// The organization's accounts.
    pub organization: Option<Arc<dyn OrganizationSource>>,
    /// The log buckets, to look into.
    pub log_buckets: Option<Arc<dyn LogBuckets>>,
    /// Signs attestations.
    pub signer: Option<Arc<dyn Signer>>,
    /// Where their hashes are also put.
    pub heads: Option<HeadStore>,
    /// Clocks and randomness.
    pub surroundings: Arc<dyn Surroundings>,
    /// This process's name in the ledger.
    pub process: String,
}

/// Why something outside could not be asked or told. It is tried again in the next round.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The caller may not.
    #[error("not permitted to {operation}: {hint}")]
    Denied {
        /// What was to be done.
        operation: String,
        /// What to do.
        hint: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to {operation}")]
    Failed {
        /// What was to be done.
        operation: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Tells people of findings: SNS on AWS.
#[async_trait]
pub trait Teller: Debug + Send + Sync {
    /// Where it tells, for messages.
    fn address(&self) -> String;

    /// Tells these, at least once.
    async fn tell(&self, messages: &[Message]) -> Told;
}

/// What came of telling; messages that are not named here were told.
#[derive(Debug, Default)]
pub struct Told {
    /// Places of messages that are not taken for what they are, however often they are told.
    pub refused: BTreeSet<usize>,
    /// Places of messages that may be told later.
    pub left: BTreeSet<usize>,
    /// Why, the first; none: all were told.
    pub error: Option<OutsideError>,
}

/// CloudTrail's public keys: ListPublicKeys on AWS.
#[async_trait]
pub trait KeySource: Debug + Send + Sync {
    /// The keys that were valid at some time between two moments, milliseconds since 1970. Those that cannot be used are left out, with a warning.
    ///
    /// # Errors
    /// [`OutsideError`]; nothing of it is taken.
    async fn keys(&self, region: Region, from_ms: i64, to_ms: i64, now_ms: i64) -> Result<PublicKeys, OutsideError>;

    /// All its keys, where they are at hand: a file's, of whatever Regions.
    fn all(&self) -> Option<&PublicKeys> {
        None
    }
}

/// The organization's accounts: AWS Organizations.
#[async_trait]
pub trait OrganizationSource: Debug + Send + Sync {
    /// The accounts as they are now, and what could not be asked with what to do about it; none where the caller may not ask at all.
    ///
    /// # Errors
    /// [`OutsideError`].
    async fn observe(&self, now_ms: i64) -> Result<(Option<Roster>, Vec<String>), OutsideError>;
}

/// Log buckets by name.
#[async_trait]
pub trait LogBuckets: Debug + Send + Sync {
    /// The bucket of this name, as notifications have it; none where it is not to be looked into.
    ///
    /// # Errors
    /// [`OutsideError`].
    async fn bucket(&self, name: &str) -> Result<Option<Arc<dyn LogBucket>>, OutsideError>;
}
