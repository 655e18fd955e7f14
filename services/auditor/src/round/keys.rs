//! CloudTrail's public keys: asked for once a day in each Region that anything came from, and whenever a Digest names a key that is not kept; kept beside
//! all that were there. An auditor that remembers no Region looks into `sources/` for them first.

use std::collections::BTreeSet;

use trailkeep_archive::layout;
use trailkeep_coverage::{Asked, Recorded, Seen, look};
use trailkeep_digests::PublicKeys;
use trailkeep_keys::Region;
use trailkeep_pipeline::ports::bucket::PutOutcome;
use trailkeep_verification::kept_keys;

use super::{Round, StepError, error::NoKeys, verification::found};
use crate::{
    finding::{Found, Origin},
    lifecycle::Looked,
    notes::is_due,
};

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
    /// Where they are kept, in words, and SHA-256 of the file, lower hex.
    pub(super) file: Option<(String, String)>,
}

impl Round<'_> {
    /// The kept keys, with what is new in the Regions that are due or named.
    pub(super) async fn keys(&mut self, named: &BTreeSet<String>) -> Result<Trusted, StepError> {
        let bucket = self.archive.bucket().clone();
        let kept = kept_keys(bucket.as_ref(), self.now_ms).await?;
        for refused in &kept.refused {
            tracing::warn!(file = refused.file, reason = refused.reason, "a kept public key was not taken: {}", refused.detail);
        }
        // All that is refused is looked at in every round: what is not found any more is gone.
        let looked = Looked {
            origin: Origin::Keys,
            until_ms: self.now_ms,
            partial: kept.refused_count > kept.refused.len() as u64,
            ..Looked::default()
        };
        let found = kept.findings().map(|finding| Found { origin: Origin::Keys, ..found(&finding) }).collect();
        self.kept_keys = Some((looked, found));
        let mut trusted_file = kept.stated().map(|(sha256, origin)| (origin, sha256));
        let mut keys = kept.keys;
        let before = keys.len();
        for key in self.ports.keys.iter().filter_map(|source| source.all()).flat_map(PublicKeys::iter) {
            keys.add(key.clone());
        }
        let asked = self.ask_for_keys(named, &mut keys).await;
        if keys.len() > before {
            self.hold().await?;
            let (key, body) = (layout::public_keys_key(self.now_ms), keys.to_json());
            let sha256 = hex::encode(trailkeep_records::hash::sha256(body.as_bytes()));
            let policy = self.settings.policy("application/json", self.now_ms);
            if bucket.put(&key, body.into(), &policy).await? == PutOutcome::Written {
                tracing::info!(key, new = keys.len() - before, "public keys of CloudTrail's that were not kept yet are kept now");
                trusted_file = Some((format!("{key} of the archive"), sha256));
            }
        }
        match asked {
            Ok(regions) if keys.is_empty() => Err(StepError::NoKeys(self.no_keys(regions))),
            Ok(_) => Ok(Trusted { keys, file: trusted_file }),
            // Those that are kept serve for the rest.
            Err(error) if !keys.is_empty() => {
                self.step_failed("keys", &error);
                Ok(Trusted { keys, file: trusted_file })
            }
            Err(error) => Err(error),
        }
    }

    /// Asks in the Regions that are due or named. Gives how many were asked; an error after all of them were.
    async fn ask_for_keys(&mut self, named: &BTreeSet<String>, keys: &mut PublicKeys) -> Result<usize, StepError> {
        if self.ports.keys.is_none() {
            return Ok(0);
        }
        let mut failed = self.see().await.err();
        let regions = self.regions(named, keys.is_empty());
        for region in &regions {
            match self.keys_of(*region).await {
                Ok(more) => {
                    more.iter().for_each(|key| {
                        keys.add(key.clone());
                    });
                    self.memory.content.keys_ms.insert(region.to_string(), self.now_ms);
                }
                Err(error) => failed = Some(error.into()),
            }
        }
        failed.map_or(Ok(regions.len()), Err)
    }

    /// Where nothing was seen before: looks who delivered what in which Region. Coverage goes on from there.
    async fn see(&mut self) -> Result<(), StepError> {
        if self.memory.content.seen_through.is_some() || self.accounts.values().any(|note| !note.content.seen.is_empty()) {
            return Ok(());
        }
        let (_, seen) = look(&self.archive, None, Recorded::default(), &Asked::of(None, None, self.now_ms), Seen::default()).await?;
        self.saw(&seen);
        Ok(())
    }

    fn no_keys(&self, regions: usize) -> NoKeys {
        match (&self.ports.keys, regions) {
            (None, _) => NoKeys::NobodyToAsk,
            (Some(_), 0) => NoKeys::NoRegion,
            (Some(_), regions) => NoKeys::NoneGiven(regions),
        }
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

    /// Regions that are asked now. Without any key (`all`) none is waited for.
    fn regions(&self, named: &BTreeSet<String>, all: bool) -> BTreeSet<Region> {
        let due = |region: &str| all || is_due(self.memory.content.keys_ms.get(region).copied(), DAY_MS, self.now_ms);
        let known = self.accounts.values().flat_map(|note| note.content.seen.keys());
        let assumed = self.settings.assume_regions.iter().map(ToString::to_string);
        let all: BTreeSet<String> = known.cloned().chain(assumed).filter(|region| due(region)).chain(named.iter().cloned()).collect();
        all.iter().filter_map(|region| region.parse().ok()).collect()
    }
}
