//! The manifest of a Batch: what it lands and which uploads publish it. With it any worker can roll a
//! committed Batch forward. Its SHA-256 stands in the Batch's ledger item.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{BatchId, CREATED_BY, FORMAT, LandedDigests, LandedObject, layout};

/// `staging/<batch>/manifest.json`. `U` is the pipeline's staged upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "U: Serialize", deserialize = "U: DeserializeOwned"))]
pub struct Manifest<U> {
    /// Format of the archive.
    pub format: u32,
    /// Writer: `trailkeep <version>`.
    pub created_by: String,
    /// The Batch.
    pub batch: BatchId,
    /// The ledger epoch under which it was sealed.
    pub epoch: u64,
    /// Every LogObject and Digest that it lands.
    pub sources: Vec<ManifestSource>,
    /// What to publish, in this order; the last one is the Batch's `sources/` object.
    pub uploads: Vec<U>,
    /// What to announce once it is published; empty in manifests of writers that announce nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub landed: Vec<LandedObject>,
    /// The Batch's Digests, to be announced besides; absent in manifests of writers that do not announce them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digests: Option<LandedDigests>,
}

/// One LogObject or Digest of a Batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestSource {
    /// Canonical bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// S3 version id that was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Entity tag that was fetched, without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Size of the stored bytes.
    pub stored_bytes: u64,
    /// SHA-256 of the stored bytes, lower hex.
    pub stored_sha256: String,
    /// 1, or higher for other content under a key that has landed.
    pub revision: u32,
    /// As in `sources/`.
    pub outcome: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Its bytes are not those that the ledger names.
    #[error("the manifest hashes to {found}, but the ledger names {expected}")]
    OtherContent {
        /// SHA-256 of the bytes, lower hex.
        found: String,
        /// SHA-256 in the ledger, lower hex.
        expected: String,
    },
    /// No JSON, or not the fields that format 1 has.
    #[error("the manifest cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Written by a newer release.
    #[error("the manifest has format {found}, newer than {FORMAT}: use a newer trailkeep")]
    NewerFormat {
        /// The format it names.
        found: u64,
    },
}

impl<U> Manifest<U> {
    /// The manifest of a Batch; uploads are put into the order of publication by their key.
    pub fn new(batch: BatchId, epoch: u64, sources: Vec<ManifestSource>, mut uploads: Vec<U>, key: impl Fn(&U) -> &str) -> Self {
        uploads.sort_by(|left, right| {
            let (left, right) = (key(left), key(right));
            (layout::publish_rank(left), left).cmp(&(layout::publish_rank(right), right))
        });
        Self { format: FORMAT, created_by: CREATED_BY.to_owned(), batch, epoch, sources, uploads, landed: Vec::new(), digests: None }
    }
}

impl<U> Manifest<U> {
    /// How many messages announce it: one for each object, one for its Digests.
    pub fn to_announce(&self) -> u64 {
        self.landed.len() as u64 + u64::from(self.digests.is_some())
    }
}

impl<U: Serialize + DeserializeOwned> Manifest<U> {
    /// The bytes to write and their SHA-256 in lower hex.
    ///
    /// # Errors
    /// [`serde_json::Error`] where `U` does not serialise.
    pub fn to_bytes(&self) -> Result<(Vec<u8>, String), serde_json::Error> {
        let bytes = serde_json::to_vec(self)?;
        let hash = hex::encode(Sha256::digest(&bytes));
        Ok((bytes, hash))
    }

    /// Reads a manifest whose SHA-256 (lower hex) the ledger names.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(bytes: &[u8], expected_sha256: &str) -> Result<Self, ManifestError> {
        let found = hex::encode(Sha256::digest(bytes));
        if found != expected_sha256 {
            return Err(ManifestError::OtherContent { found, expected: expected_sha256.to_owned() });
        }
        Self::parse_unverified(bytes)
    }

    /// Reads a manifest where no ledger vouches for it, as when a ledger is rebuilt.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse_unverified(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            format: u64,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(ManifestError::Unreadable)?;
        if head.format > u64::from(FORMAT) {
            return Err(ManifestError::NewerFormat { found: head.format });
        }
        serde_json::from_slice(bytes).map_err(ManifestError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn manifest() -> Manifest<String> {
        let batch = BatchId::new(1_760_000_000_123, 7);
        let source = ManifestSource {
            bucket: "logs".to_owned(),
            key: "AWSLogs/111122223333/CloudTrail/x".to_owned(),
            version: None,
            etag: Some("e".to_owned()),
            stored_bytes: 4_096,
            stored_sha256: "00".to_owned(),
            revision: 1,
            outcome: "landed".to_owned(),
        };
        let uploads = ["sources/a", "quarantine/a", "events/b", "digests/a", "events/a", "raw/a"].map(str::to_owned).to_vec();
        Manifest::new(batch, 3, vec![source], uploads, |upload| upload)
    }

    #[test]
    fn uploads_stand_in_the_order_of_publication() {
        assert_eq!(manifest().uploads, ["raw/a", "digests/a", "events/a", "events/b", "quarantine/a", "sources/a"]);
    }

    #[test]
    fn it_reads_back_under_its_hash_only() {
        let (bytes, hash) = manifest().to_bytes().unwrap();
        assert_eq!(Manifest::<String>::parse(&bytes, &hash).unwrap(), manifest());
        let mut other = bytes.clone();
        other.push(b' ');
        assert!(matches!(Manifest::<String>::parse(&other, &hash), Err(ManifestError::OtherContent { .. })));
    }

    #[test]
    fn what_is_to_be_announced_stands_in_it_and_older_ones_say_nothing_of_digests() {
        let digests = LandedDigests {
            keys: vec!["digests/a".to_owned()],
            accounts: vec!["111122223333".to_owned()],
            account_count: 1,
            regions: vec!["eu-central-1".to_owned()],
            digests: 2,
            first_period_end_ms: Some(1_760_000_400_000),
            last_period_end_ms: None,
            bytes: 4_096,
        };
        let told = Manifest { digests: Some(digests), ..manifest() };
        let (bytes, hash) = told.to_bytes().unwrap();
        assert_eq!(Manifest::<String>::parse(&bytes, &hash).unwrap(), told);
        assert_eq!((manifest().to_announce(), told.to_announce()), (0, 1));
        // As releases before wrote it.
        let older = serde_json::json!({
            "format": 1, "created_by": "trailkeep 0.1.0", "batch": told.batch, "epoch": 3, "sources": [], "uploads": [],
            "landed": [{
                "key": "events/a", "category": "management", "event_day": 20_251_009, "accounts": [], "account_count": 0, "regions": [],
                "records": 1, "bytes": 1,
            }],
        });
        let older = Manifest::<String>::parse_unverified(older.to_string().as_bytes()).unwrap();
        assert_eq!((older.digests.is_none(), older.to_announce()), (true, 1));
        let (bytes, _) = manifest().to_bytes().unwrap();
        assert!(!String::from_utf8(bytes).unwrap().contains("\"digests\":"), "a manifest that announces none is as it was");
    }

    #[test]
    fn a_newer_format_is_named() {
        let error = Manifest::<String>::parse_unverified(br#"{"format":9}"#).unwrap_err();
        assert!(matches!(error, ManifestError::NewerFormat { found: 9 }));
    }
}
