//! CloudTrail's public keys, kept with where and when they were got, so that verification works years later and offline.
//!
//! CloudTrail tells keys by ListPublicKeys, one list a Region. Who asks it writes the answers down here and keeps the file
//! locked beside the archive: whoever can change this file decides what is verified.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use trailkeep_keys::Region;
use trailkeep_records::time::to_rfc3339;

use crate::{Fingerprint, Signature};

mod der;
mod file;
mod united;

pub use file::MAX_KEYS_BYTES;
pub use united::{KeyConflict, KeyContradiction};

/// A key of one Region and the time in which CloudTrail signed with it.
#[derive(Clone)]
pub struct PublicKey {
    region: Region,
    fingerprint: Fingerprint,
    der: Box<[u8]>,
    parsed: ParsedPublicKey,
    valid_from_ms: i64,
    valid_to_ms: i64,
    origin: Origin,
}

/// Where and when a key was got.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Where from, in words that an investigator can follow: an endpoint and its caller, or a file.
    pub source: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// Why a key was not taken, by stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyReason {
    /// `no_value`: it has no key in it.
    NoValue,
    /// `not_base64`: the key is not base64.
    NotBase64,
    /// `is_spki`: a `SubjectPublicKeyInfo`, where CloudTrail gives PKCS#1.
    IsSpki,
    /// `not_pkcs1`: no PKCS#1 `RSAPublicKey`.
    NotPkcs1,
    /// `too_weak`: fewer than 2,048 bits.
    TooWeak,
    /// `too_long`: more than 8,192 bits.
    TooLong,
    /// `not_rsa`: the numbers make no RSA key.
    NotRsa,
    /// `fingerprint_differs`: the fingerprint beside it is not the key's.
    FingerprintDiffers,
    /// `no_validity`: the time of its validity is missing or no time.
    NoValidity,
    /// `validity_out_of_order`: its validity ends before it starts.
    ValidityOutOfOrder,
    /// `no_region`: its Region is missing or none.
    NoRegion,
    /// `no_origin`: it is not said where or when it was got.
    NoOrigin,
}

impl KeyReason {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::NotBase64 => "not_base64",
            Self::IsSpki => "is_spki",
            Self::NotPkcs1 => "not_pkcs1",
            Self::TooWeak => "too_weak",
            Self::TooLong => "too_long",
            Self::NotRsa => "not_rsa",
            Self::FingerprintDiffers => "fingerprint_differs",
            Self::NoValidity => "no_validity",
            Self::ValidityOutOfOrder => "validity_out_of_order",
            Self::NoRegion => "no_region",
            Self::NoOrigin => "no_origin",
        }
    }
}

/// A key that was not taken: the others of its list were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Its place in the list, from 0.
    pub index: usize,
    /// The fingerprint that stood beside it, at most 64 characters of it.
    pub fingerprint: Option<String>,
    /// Why.
    pub reason: KeyReason,
}

/// Why a list or file of keys was not read at all.
#[derive(Debug, thiserror::Error)]
pub enum PublicKeysError {
    /// Larger than [`MAX_KEYS_BYTES`].
    #[error("the list of public keys has {bytes} bytes, more than any")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No JSON, or not the members that it must have.
    #[error("the list of public keys cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Written by a newer release.
    #[error("the file of public keys has format {found}, newer than the newest that this release knows: use a newer trailkeep")]
    NewerFormat {
        /// The format it names.
        found: u64,
    },
}

impl PublicKey {
    /// A key from its parts, in base64 as CloudTrail gives it. The fingerprint beside it is compared, never believed.
    ///
    /// # Errors
    /// The [`KeyReason`] why it is not taken.
    pub fn new(
        region: Region,
        value_base64: &str,
        fingerprint: Option<&str>,
        (valid_from_ms, valid_to_ms): (i64, i64),
        origin: Origin,
    ) -> Result<Self, KeyReason> {
        let der = STANDARD.decode(value_base64).map_err(|_| KeyReason::NotBase64)?;
        der::check(&der)?;
        let own = crate::values::Hex(Md5::digest(&der).into());
        if fingerprint.is_some_and(|text| text.parse() != Ok(own)) {
            return Err(KeyReason::FingerprintDiffers);
        }
        if valid_to_ms < valid_from_ms {
            return Err(KeyReason::ValidityOutOfOrder);
        }
        // Times that cannot be written down could not be kept.
        if to_rfc3339(valid_from_ms).is_none() || to_rfc3339(valid_to_ms).is_none() {
            return Err(KeyReason::NoValidity);
        }
        if origin.source.is_empty() || to_rfc3339(origin.at_ms).is_none() {
            return Err(KeyReason::NoOrigin);
        }
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der).map_err(|_| KeyReason::NotRsa)?;
        Ok(Self { region, fingerprint: own, der: der.into(), parsed, valid_from_ms, valid_to_ms, origin })
    }

    /// The Region whose Digests it verifies.
    pub fn region(&self) -> Region {
        self.region
    }

    /// MD5 of its DER.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The key as PKCS#1 `RSAPublicKey`, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The first and the last moment of its validity, milliseconds since 1970.
    pub fn validity_ms(&self) -> (i64, i64) {
        (self.valid_from_ms, self.valid_to_ms)
    }

    /// Where and when it was got.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it was valid at some moment from the first to the last of these, milliseconds since 1970.
    pub fn is_valid_within(&self, (first_ms, last_ms): (i64, i64)) -> bool {
        self.valid_from_ms <= last_ms && first_ms <= self.valid_to_ms
    }

    /// RSA PKCS#1 v1.5 with SHA-256, and nothing else.
    pub fn verifies(&self, text: &[u8], signature: &Signature) -> bool {
        self.parsed.verify_sig(text, signature.as_bytes()).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("region", &self.region)
            .field("fingerprint", &self.fingerprint)
            .field("validity_ms", &self.validity_ms())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Public keys of any number of Regions. Sharing it between threads is free of locks.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys {
    /// By fingerprint; within it, by Region and validity.
    keys: BTreeMap<Fingerprint, Vec<PublicKey>>,
}

impl PublicKeys {
    /// No keys: nothing is verified.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a key. One that is there with the same Region and validity stays as it is, with its first origin.
    pub fn add(&mut self, key: PublicKey) {
        let same = self.keys.entry(key.fingerprint).or_default();
        if !same.iter().any(|kept| kept.region == key.region && kept.validity_ms() == key.validity_ms() && kept.der == key.der) {
            same.push(key);
            same.sort_by_key(|key| (key.region, key.valid_from_ms, key.valid_to_ms));
        }
    }

    /// The keys of this fingerprint.
    pub fn with_fingerprint(&self, fingerprint: Fingerprint) -> impl Iterator<Item = &PublicKey> {
        self.keys.get(&fingerprint).into_iter().flatten()
    }

    /// Every key: the root of trust, to be printed with every verdict.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values().flatten()
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.keys.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
