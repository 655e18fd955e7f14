//! CloudTrail's public keys: asked for once a day in each Region that Digests come from, and whenever one names a key that is not kept; kept beside all that
//! were there.

use std::collections::BTreeSet;

use trailkeep_archive::layout;
use trailkeep_digests::PublicKeys;
use trailkeep_keys::Region;
use trailkeep_pipeline::ports::bucket::PutOutcome;
use trailkeep_verification::kept_keys;

use super::{Round, StepError};

/// How often a Region is asked, in milliseconds: once a day.
const DAY_MS: i64 = 86_400_000;
/// Before the first Digest that is known: a key may have been valid for long when it signed. 90 days, milliseconds.
const BEFORE_MS: i64 = 90 * DAY_MS;
/// CloudTrail's first Digests are of 2015; where nobody knows better it is asked for keys from then on. Milliseconds since 1970.
const FIRST_MS: i64 = 1_420_070_400_000;

/// The keys that are trusted in a round.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted {
    pub(super) keys: PublicKeys,
    /// SHA-256 of the file that keeps them, lower hex, and its key.
    pub(super) file: Option<(String, String)>,
}

impl Round<'_> {
    /// The kept keys, with what is new in the Regions that are due or named.
    pub(super) async fn keys(&mut self, named: &BTreeSet<String>) -> Result<Trusted, StepError> {
        let bucket = self.archive.bucket().clone();
        let kept = kept_keys(bucket.as_ref()).await?;
        for refused in &kept.refused {
            tracing::warn!(file = refused.file, reason = refused.reason, "a kept public key was not taken: {}", refused.detail);
        }
        let mut keys = kept.keys;
        let mut trusted_file = kept.files.first().map(|file| (file.key.clone(), file.sha256.clone()));
        let before = keys.len();
        let mut failed = None;
        for key in self.ports.keys.iter().filter_map(|source| source.all()).flat_map(PublicKeys::iter) {
            keys.add(key.clone());
        }
        for region in self.regions(named) {
            match self.keys_of(region).await {
                Ok(more) => {
                    for key in more.iter() {
                        keys.add(key.clone());
                    }
                    self.memory.content.keys_ms.insert(region.to_string(), self.now_ms);
                }
                Err(error) => failed = Some(error),
            }
        }
        if keys.len() > before {
            self.hold().await?;
            let (key, body) = (layout::public_keys_key(self.now_ms), keys.to_json());
            let sha256 = hex::encode(trailkeep_records::hash::sha256(body.as_bytes()));
            let policy = self.settings.policy("application/json", self.now_ms);
            if bucket.put(&key, body.into(), &policy).await? == PutOutcome::Written {
                tracing::info!(key, new = keys.len() - before, "public keys of CloudTrail's that were not kept yet are kept now");
                trusted_file = Some((key, sha256));
            }
        }
        if let Some(error) = failed {
            self.step_failed("keys", &StepError::Outside(error));
        }
        if keys.is_empty() { Err(StepError::NoKeys) } else { Ok(Trusted { keys, file: trusted_file }) }
    }

    async fn keys_of(&self, region: Region) -> Result<PublicKeys, crate::ports::OutsideError> {
        let Some(source) = &self.ports.keys else { return Ok(PublicKeys::new()) };
        let seen = self.accounts.values().filter_map(|note| note.content.seen.get(region.as_str())).min();
        let from_ms = match seen {
            Some(first_ms) => (first_ms - BEFORE_MS).max(FIRST_MS),
            None => FIRST_MS,
        };
        source.keys(region, from_ms.min(self.now_ms), self.now_ms, self.now_ms).await
    }

    /// Regions that are asked now.
    fn regions(&self, named: &BTreeSet<String>) -> BTreeSet<Region> {
        let due = |region: &str| self.memory.content.keys_ms.get(region).is_none_or(|last_ms| self.now_ms - last_ms >= DAY_MS);
        let known = self.accounts.values().flat_map(|note| note.content.seen.keys());
        let assumed = self.settings.assume_regions.iter().map(ToString::to_string);
        let all: BTreeSet<String> = known.cloned().chain(assumed).filter(|region| due(region)).chain(named.iter().cloned()).collect();
        all.iter().filter_map(|region| region.parse().ok()).collect()
    }
}
