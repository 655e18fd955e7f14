//! Attestations that are due, oldest day first.

use std::collections::BTreeMap;

use trailkeep_attest::{Head, Listing, Made, Making, Parts, due, due_at_ms, make, read, unknown_coverage};
use trailkeep_audit::{
    Day, Sha256,
    attestation::{CoverageStatement, Envelope, Kind, TrailConfiguration},
};
use trailkeep_coverage::{Asked, Recorded, kept, look};
use trailkeep_query::recorded::{trail_configurations, trail_configurations_since};

use super::{Round, StepError, keys::Trusted};
use crate::finding::Origin;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Records arrive late: so many days before what is known are read again.
const LATE_DAYS: i64 = 7;
/// Most days that are looked through for what is due: 200 years.
const MOST_DAYS: usize = 73_000;

impl Round<'_> {
    /// Makes what is due, as many as a round may.
    pub(super) async fn attest(&mut self, trusted: Option<&Trusted>, findings: Option<Sha256>) -> Result<(), StepError> {
        let Some(signer) = self.ports.signer.clone() else {
            self.report.attestation_late_h = Some(0);
            return Ok(());
        };
        let bucket = self.archive.bucket().clone();
        let mut done: BTreeMap<Day, Kind> = Listing::of(bucket.as_ref()).await?.days();
        let first = self.first_day();
        // Told even where the next line fails.
        self.report.attestation_late_h = Some(self.late_h(&done, first));
        let Some(trusted) = trusted else { return Ok(()) };
        let all = due(&done, first, self.now_ms, MOST_DAYS);
        for (day, kind) in all.into_iter().take(self.settings.bounds.attestations) {
            if self.stop.is_asked() {
                break;
            }
            self.hold().await?;
            let parts = self.parts(day, trusted, findings).await?;
            let policy = self.settings.policy("", self.now_ms);
            let making = Making {
                now_ms: self.now_ms,
                // What will be archived soon is read again while it can be.
                sample: if kind == Kind::Provisional { self.settings.sample } else { 0.0 },
                aliases: &self.settings.aliases,
                policy: &policy,
                progress: &|_| {},
            };
            let made = Box::pin(make(&self.archive, &trusted.keys, (day, kind), signer.as_ref(), &parts, &making)).await?;
            done.insert(day, kind);
            if let Made::Attested { kept, envelope, .. } = made {
                tracing::info!(%day, kind = kind.as_str(), sequence = kept.sequence, "attested");
                self.report.attested += 1;
                self.metrics.attested(kind.as_str());
                self.put_head(&envelope).await;
            }
        }
        self.report.attestation_late_h = Some(self.late_h(&done, first));
        self.lacking_heads().await;
        Ok(())
    }

    /// Hours since the oldest attestation that is not made became due, at least 1; 0: there is none.
    fn late_h(&self, done: &BTreeMap<Day, Kind>, first: Option<Day>) -> i64 {
        let left = due(done, first, self.now_ms, MOST_DAYS);
        let late_ms = left.iter().map(|(day, kind)| self.now_ms - due_at_ms(*day, *kind)).max();
        late_ms.map_or(0, |late_ms| (late_ms / HOUR_MS).max(1))
    }

    /// The day of the first source that was ever seen.
    fn first_day(&self) -> Option<Day> {
        self.accounts.values().flat_map(|note| note.content.seen.values()).min().map(|first_ms| Day::of(*first_ms))
    }

    async fn put_head(&mut self, envelope: &Envelope) {
        let Some(heads) = &self.ports.heads else { return };
        let put = match Head::of(envelope, self.now_ms) {
            Ok(head) => heads.put(&head).await.map_err(StepError::Head),
            Err(error) => Err(StepError::Attest(error)),
        };
        if let Err(error) = put {
            self.memory.content.heads_ms = None;
            self.step_failed("heads", &error);
        }
    }

    /// Once a day, and after a failure: puts there what is lacking.
    async fn lacking_heads(&mut self) {
        let Some(heads) = &self.ports.heads else { return };
        if self.memory.content.heads_ms.is_some_and(|last_ms| self.now_ms - last_ms < DAY_MS) {
            return;
        }
        match heads.catch_up(self.archive.bucket().as_ref(), &self.settings.archive_name, self.now_ms).await {
            Ok(_) => self.memory.content.heads_ms = Some(self.now_ms),
            Err(error) => self.step_failed("heads", &error.into()),
        }
    }

    async fn parts(&self, day: Day, trusted: &Trusted, findings_sha256: Option<Sha256>) -> Result<Parts, StepError> {
        let (keys_origin, keys_sha256) = match &trusted.file {
            Some((key, sha256)) => (key.clone(), sha256.parse().unwrap_or_else(|_| Sha256::of(trusted.keys.to_json().as_bytes()))),
            None => ("given to the auditor".to_owned(), Sha256::of(trusted.keys.to_json().as_bytes())),
        };
        Ok(Parts {
            archive: self.settings.archive_name.clone(),
            coverage: self.coverage_of(day).await,
            trails: self.trails(day).await,
            findings_sha256,
            further_findings: self.further(day),
            keys_sha256,
            keys_origin,
        })
    }

    /// Who delivered on that day. Where it cannot be looked at it is unknown, which is never complete.
    async fn coverage_of(&self, day: Day) -> CoverageStatement {
        let (since_ms, until_ms) = (day.start_ms(), day.start_ms() + DAY_MS);
        let asked = Asked { since_ms, until_ms, assumed: self.settings.assume_regions.clone(), ..Asked::default() };
        let history = match kept::newest(self.archive.bucket().as_ref()).await {
            Ok(kept) => kept.map(|kept| kept.history),
            Err(error) => {
                tracing::warn!(%day, %error, "coverage of the day is unknown in its attestation");
                return unknown_coverage();
            }
        };
        let recorded: Recorded = self.recorded(&asked, history.as_ref().and_then(trailkeep_organization::History::management)).await;
        match look(&self.archive, history.as_ref(), recorded, &asked, self.seen()).await {
            Ok((told, _)) => told.statement(),
            Err(error) => {
                tracing::warn!(%day, %error, "coverage of the day is unknown in its attestation");
                unknown_coverage()
            }
        }
    }

    /// Trails as recorded by the end of the day: what an earlier attestation has, and what was recorded since.
    async fn trails(&self, day: Day) -> Vec<TrailConfiguration> {
        let (bucket, until_ms) = (self.archive.bucket(), day.start_ms() + DAY_MS);
        let told = match self.attested_before(day).await {
            Some(before) => {
                let since_ms = before.statement.day.start_ms() - LATE_DAYS * DAY_MS;
                trail_configurations_since(bucket.clone(), since_ms, until_ms, before.statement.trails).await
            }
            None => trail_configurations(bucket.clone(), until_ms).await,
        };
        told.unwrap_or_else(|error| {
            tracing::warn!(%day, "trails as recorded cannot be read, and the attestation has none: {error:#}");
            Vec::new()
        })
    }

    async fn attested_before(&self, day: Day) -> Option<Envelope> {
        let bucket = self.archive.bucket().as_ref();
        let listing = Listing::of(bucket).await.ok()?;
        let newest = listing.days().range(..=day).next_back().and_then(|(day, _)| listing.newest_of(*day))?;
        let bytes = read(bucket, &newest.key()).await.ok().flatten()?;
        // What this key did not sign says nothing of trails.
        let signer = self.ports.signer.as_ref()?;
        Envelope::parse(&bytes).ok().filter(|envelope| envelope.verify(signer.public_key()).is_ok())
    }

    /// What is open of that day, and is not found by verifying it.
    fn further(&self, day: Day) -> BTreeMap<String, u64> {
        let (since_ms, until_ms) = (day.start_ms(), day.start_ms() + DAY_MS);
        let mut counts = BTreeMap::new();
        for open in self.accounts.values().flat_map(|note| &note.content.findings.open) {
            let is_of = open.found.span_ms().is_none_or(|(from_ms, to_ms)| from_ms < until_ms && to_ms >= since_ms);
            if is_of && !matches!(open.found.origin, Origin::Verification | Origin::Sample) {
                *counts.entry(open.found.name.clone()).or_default() += 1;
            }
        }
        counts
    }
}
