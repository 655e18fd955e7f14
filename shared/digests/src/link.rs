//! What is left of a Digest once it was looked at by itself: enough to join it with the others of its chain.

use crate::{ChainId, Fingerprint, HashValue, Location, Reasons, Signature};

/// A Digest that a [`crate::Reader`] has looked at, without its log files: about 1.2 KB with keys of 2,048 bits.
#[derive(Debug, Clone)]
pub struct Link {
    pub(crate) location: Location,
    pub(crate) alias: Option<String>,
    pub(crate) chain: Option<ChainId>,
    pub(crate) stamp_ms: Option<i64>,
    pub(crate) backfill: bool,
    pub(crate) hash: Option<HashValue>,
    pub(crate) signature: Option<Signature>,
    pub(crate) claims: Option<Claims>,
    pub(crate) reasons: Reasons,
}

/// What the JSON says. Believed only of a Digest without reasons.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) previous: Option<Pointer>,
    pub(crate) log_files: usize,
}

/// What a Digest says about the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Where it was delivered.
    pub location: Location,
    /// SHA-256 of its inflated bytes.
    pub hash: HashValue,
    /// Its signature.
    pub signature: Signature,
}

impl Link {
    /// Where it was found, replicas counted as the bucket that CloudTrail delivered to.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The replica's bucket, if it was found in one: to be stated with the outcome.
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// The chain that its key names; none if the key is not that of a Digest.
    pub fn chain(&self) -> Option<&ChainId> {
        self.chain.as_ref()
    }

    /// The end of its period as its key has it, milliseconds since 1970.
    pub fn stamp_ms(&self) -> Option<i64> {
        self.stamp_ms
    }

    /// Whether it lists what the first Digest of its period missed.
    pub fn is_backfill(&self) -> bool {
        self.backfill
    }

    /// SHA-256 of its inflated bytes, if they could be inflated.
    pub fn hash(&self) -> Option<HashValue> {
        self.hash
    }

    /// Its signature, if the metadata has one.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Start and end of its period, milliseconds since 1970, if it could be read.
    pub fn period_ms(&self) -> Option<(i64, i64)> {
        self.claims.as_ref().map(|claims| (claims.start_ms, claims.end_ms))
    }

    /// The public key that it names.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.claims.as_ref().map(|claims| claims.fingerprint)
    }

    /// The Digest that it names as the one before it.
    pub fn previous(&self) -> Option<&Pointer> {
        self.claims.as_ref()?.previous.as_ref()
    }

    /// How many log files it lists.
    pub fn log_files(&self) -> usize {
        self.claims.as_ref().map_or(0, |claims| claims.log_files)
    }

    /// What is wrong with it by itself. None is necessary for being verified, not sufficient: the chain has its say.
    pub fn reasons(&self) -> &Reasons {
        &self.reasons
    }

    /// Whether it is what this pointer says.
    pub(crate) fn is(&self, pointer: &Pointer) -> bool {
        self.hash == Some(pointer.hash) && self.signature.as_ref() == Some(&pointer.signature)
    }

    /// Whether these are two looks at one object, or exact copies of it at one place.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.location == other.location && self.hash.is_some() && self.hash == other.hash && self.signature == other.signature
    }
}
