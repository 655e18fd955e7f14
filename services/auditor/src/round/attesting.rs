//! Attestations that are due, oldest day first.

use std::collections::BTreeMap;

use trailkeep_attest::{Head, Judged, Listing, Made, Making, Parts, Signer, called, due, due_at_ms, judge, read, unknown_coverage};
use trailkeep_audit::{
    Day, Sha256,
    attestation::{CoverageStatement, Envelope, Kind, TrailConfiguration},
};
use trailkeep_coverage::{Asked, Recorded, kept, look};
use trailkeep_pipeline::ports::causes;
use trailkeep_query::recorded::{trail_configurations, trail_configurations_since};

use super::{Round, RoundError, StepError, keys::Trusted};
use crate::{finding::Origin, notes::is_due};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Records arrive late: so many days before what is known are read again.
const LATE_DAYS: i64 = 7;
/// Most days that are looked through for what is due: 200 years.
const MOST_DAYS: usize = 73_000;
/// Counted among the findings of an attestation whose trails could not be read.
const TRAILS_UNKNOWN: &str = "trails_unknown";

/// What is due, and of whom it is.
struct Chain {
    done: BTreeMap<Day, Kind>,
    first: Option<Day>,
}

impl Round<'_> {
    /// Makes what is due, as many as a round may. `findings` is the hash of the round's rows. A day that cannot be verified does not hold up the others; what
    /// cannot be signed or written does, since the others could not be either.
    pub(super) async fn attest(&mut self, trusted: Option<&Trusted>, findings: Option<Sha256>) -> Result<(), RoundError> {
        let Some(signer) = self.ports.signer.clone() else {
            self.report.attestation_late_h = Some(0);
            return Ok(());
        };
        let bucket = self.archive.bucket().clone();
        let step = Listing::of(bucket.as_ref()).await.map_err(StepError::from);
        let Some(listing) = self.done("attest", step)? else { return Ok(()) };
        let mut chain = Chain { done: listing.days(), first: self.first_day() };
        // Known before anything is tried, and told whatever comes of it.
        self.late(&chain);
        let Some(trusted) = trusted else { return Ok(()) };
        let step = called(bucket.as_ref(), self.settings.archive_name.as_deref()).await.map_err(StepError::from);
        let Some(name) = self.done("attest", step)? else { return Ok(()) };
        let all = due(&chain.done, chain.first, self.now_ms, MOST_DAYS);
        for (day, kind) in all.into_iter().take(self.settings.bounds.attestations) {
            if self.stop.is_asked() {
                break;
            }
            self.hold().await?;
            let (policy, aliases) = (self.settings.policy("", self.now_ms), self.settings.aliases.clone());
            let making =
                Making { now_ms: self.now_ms, sample: self.settings.sample, aliases: &aliases, policy: &policy, progress: &|_| {} };
            let most = self.settings.bounds.findings;
            let judged = Box::pin(judge(&self.archive, &trusted.keys, (day, kind), &name, most, &making)).await;
            let Some(judged) = self.done("attest", judged.map_err(StepError::from))? else { continue };
            let rows = self.take_in_day(day, &judged).await?.or(findings);
            let step = self.sign((day, kind), &judged, (trusted, rows, &name), signer.as_ref(), &making).await;
            let Some(made) = self.done("attest", step)? else { break };
            chain.done.insert(day, kind);
            self.late(&chain);
            if let Made::Attested { kept, envelope, .. } = made {
                tracing::info!(%day, kind = kind.as_str(), sequence = kept.sequence, "attested");
                self.report.attested += 1;
                self.metrics.attested(kind.as_str());
                self.put_head(&envelope).await;
            }
        }
        self.lacking_heads(&name).await;
        Ok(())
    }

    async fn sign(
        &self,
        of: (Day, Kind),
        judged: &Judged,
        (trusted, findings, name): (&Trusted, Option<Sha256>, &str),
        signer: &dyn Signer,
        making: &Making<'_>,
    ) -> Result<Made, StepError> {
        let parts = self.parts(of, trusted, findings, name).await?;
        self.hold().await?;
        Ok(Box::pin(judged.attest(&self.archive, signer, &parts, making)).await?)
    }

    /// Puts down how late the oldest attestation is that is due and not made, in hours, at least 1; 0: there is none. Where nobody was ever seen and nobody
    /// could look, it is not known.
    fn late(&mut self, chain: &Chain) {
        let left = due(&chain.done, chain.first, self.now_ms, MOST_DAYS);
        let late_ms = left.iter().map(|(day, kind)| self.now_ms - due_at_ms(*day, *kind)).max();
        let looked = chain.first.is_some() || !self.report.failed.contains(&"coverage");
        self.report.attestation_late_h = looked.then(|| late_ms.map_or(0, |late_ms| (late_ms / HOUR_MS).max(1)));
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
    async fn lacking_heads(&mut self, name: &str) {
        let Some(heads) = &self.ports.heads else { return };
        if !is_due(self.memory.content.heads_ms, DAY_MS, self.now_ms) {
            return;
        }
        match heads.catch_up(self.archive.bucket().as_ref(), name, self.now_ms).await {
            Ok(_) => self.memory.content.heads_ms = Some(self.now_ms),
            Err(error) => self.step_failed("heads", &error.into()),
        }
    }

    async fn parts(&self, of: (Day, Kind), trusted: &Trusted, findings_sha256: Option<Sha256>, name: &str) -> Result<Parts, StepError> {
        let (keys_origin, keys_sha256) = match &trusted.file {
            Some((key, sha256)) => (key.clone(), sha256.parse().unwrap_or_else(|_| Sha256::of(trusted.keys.to_json().as_bytes()))),
            None => ("given to the auditor".to_owned(), Sha256::of(trusted.keys.to_json().as_bytes())),
        };
        let mut further_findings = self.further(of.0);
        let coverage = self.or_unknown(of, self.coverage_of(of.0).await)?.unwrap_or_else(unknown_coverage);
        let trails = self.or_unknown(of, self.trails(of.0).await)?;
        if trails.is_none() {
            further_findings.insert(TRAILS_UNKNOWN.to_owned(), 1);
        }
        Ok(Parts {
            archive: name.to_owned(),
            coverage,
            trails: trails.unwrap_or_default(),
            findings_sha256,
            further_findings,
            keys_sha256,
            keys_origin,
        })
    }

    /// What could not be read fails the attestation for a day, in which the next rounds try again. Then it is stated to be unknown, which is never complete:
    /// a day without an attestation would say less.
    fn or_unknown<T>(&self, (day, kind): (Day, Kind), read: Result<T, StepError>) -> Result<Option<T>, StepError> {
        match read {
            Err(error) if self.now_ms - due_at_ms(day, kind) >= DAY_MS => {
                tracing::warn!(%day, error = causes(&error), "what an attestation states beside the sources is unknown in it");
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// Who delivered on that day.
    async fn coverage_of(&self, day: Day) -> Result<CoverageStatement, StepError> {
        let (since_ms, until_ms) = (day.start_ms(), day.start_ms() + DAY_MS);
        let asked = Asked { since_ms, until_ms, assumed: self.settings.assume_regions.clone(), ..Asked::default() };
        let history = kept::newest(self.archive.bucket().as_ref()).await?.map(|kept| kept.history);
        let recorded: Recorded = self.recorded(&asked, history.as_ref().and_then(trailkeep_organization::History::management)).await;
        let (told, _) = look(&self.archive, history.as_ref(), recorded, &asked, self.seen()).await?;
        Ok(told.statement())
    }

    /// Trails as recorded by the end of the day: what an earlier attestation has, and what was recorded since.
    async fn trails(&self, day: Day) -> Result<Vec<TrailConfiguration>, StepError> {
        let (bucket, until_ms) = (self.archive.bucket(), day.start_ms() + DAY_MS);
        Ok(match self.attested_before(day).await {
            Some(before) => {
                let since_ms = before.statement.day.start_ms() - LATE_DAYS * DAY_MS;
                trail_configurations_since(bucket.clone(), since_ms, until_ms, before.statement.trails).await?
            }
            None => trail_configurations(bucket.clone(), until_ms).await?,
        })
    }

    async fn attested_before(&self, day: Day) -> Option<Envelope> {
        let bucket = self.archive.bucket().as_ref();
        let listing = Listing::of(bucket).await.ok()?;
        let newest = listing.days().range(..=day).next_back().and_then(|(day, _)| listing.newest_of(*day))?;
        let bytes = read(bucket, &newest.key()).await.ok().flatten()?;
        // What this key did not sign says nothing of trails, nor does what did not know them: all of it is read then.
        let signer = self.ports.signer.as_ref()?;
        let knows = |envelope: &Envelope| !envelope.statement.findings.counts.contains_key(TRAILS_UNKNOWN);
        Envelope::parse(&bytes).ok().filter(|envelope| envelope.verify(signer.public_key()).is_ok() && knows(envelope))
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
