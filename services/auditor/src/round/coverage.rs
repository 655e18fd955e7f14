//! Who is silent: the last seven days, held against who should deliver.

use std::sync::Arc;

use trailkeep_audit::coverage::{Cause, Gap, Lacks, TrailEventKind};
use trailkeep_coverage::{Asked, OBSERVED_ONLY, Recorded, Seen, Told, kept, look};
use trailkeep_keys::AccountId;
use trailkeep_query::recorded::{organization_events, trail_events};
use trailkeep_records::time::to_rfc3339;

use super::{Round, StepError, verification::MOST_BACK_MS};
use crate::{
    finding::{Found, Origin},
    lifecycle::Looked,
    notes::is_due,
};

/// What stopped a trail in this time before the window explains a gap that begins with it: 30 days, milliseconds.
const MONTH_MS: i64 = 30 * 86_400_000;

/// How often it is looked who is silent, in milliseconds: once an hour, less what rounds may come early.
const EVERY_MS: i64 = 55 * 60_000;

/// What coverage came to.
#[derive(Debug)]
pub(super) struct Covered {
    pub(super) found: Vec<Found>,
    pub(super) looked: Looked,
    pub(super) seen: Seen,
    pub(super) told: Told,
}

impl Round<'_> {
    /// Looks who delivered, once an hour: it reads the rows of seven days, and hours are what it tells. `thoroughly`: as far back as gaps are open, whenever
    /// that is.
    pub(super) async fn cover(&self, thoroughly: bool) -> Result<Option<Covered>, StepError> {
        if !thoroughly && !is_due(self.memory.content.covered_ms, EVERY_MS, self.now_ms) {
            return Ok(None);
        }
        let mut asked = Asked { assumed: self.settings.assume_regions.clone(), ..Asked::of(None, None, self.now_ms) };
        if thoroughly {
            let open = self.accounts.values().flat_map(|note| &note.content.findings.open);
            let gaps = open.filter(|open| open.found.origin == Origin::Coverage).filter_map(|open| open.found.from_ms);
            let oldest_ms = gaps.filter(|from_ms| *from_ms > self.now_ms - MOST_BACK_MS).min();
            asked.since_ms = oldest_ms.into_iter().chain([asked.since_ms]).min().unwrap_or(asked.since_ms);
        }
        let bucket = self.archive.bucket();
        let history = kept::newest(bucket.as_ref()).await?.map(|kept| kept.history);
        let management = history.as_ref().and_then(trailkeep_organization::History::management);
        let recorded = self.recorded(&asked, management).await;
        let (told, seen) = look(&self.archive, history.as_ref(), recorded, &asked, self.seen()).await?;
        let partial = told.report.gaps_left_out > 0;
        let looked =
            Looked { origin: Origin::Coverage, since_ms: Some(asked.since_ms), until_ms: asked.until_ms, partial, ..Looked::default() };
        Ok(Some(Covered { found: self.findings_of(&told), looked, seen, told }))
    }

    /// What the archive's own events say. Where they cannot be read causes are poorer, and gaps are the same.
    pub(super) async fn recorded(&self, asked: &Asked, management: Option<AccountId>) -> Recorded {
        let bucket = || Arc::clone(self.archive.bucket());
        let since_ms = asked.since_ms - MONTH_MS;
        let mut incomplete = None;
        let trails = trail_events(bucket(), since_ms, asked.until_ms, management).await.unwrap_or_else(|error| {
            tracing::warn!("events that stopped or changed a trail cannot be read, and no gap is put down to one: {error:#}");
            Vec::new()
        });
        let organization = organization_events(bucket(), since_ms, self.now_ms).await.unwrap_or_else(|error| {
            incomplete = Some(error.to_string());
            Vec::new()
        });
        Recorded { trails, organization, incomplete }
    }

    /// What was seen before, from the notes of the accounts.
    pub(super) fn seen(&self) -> Seen {
        let through = self.memory.content.seen_through.as_deref().and_then(|day| day.parse().ok());
        // What a lost note had seen is read again.
        let through = through.filter(|_| !self.notes_lost);
        let mut seen = Seen { through, ..Seen::default() };
        for (account, note) in &self.accounts {
            let Ok(account) = account.parse::<AccountId>() else { continue };
            for (region, first_ms) in &note.content.seen {
                if let Ok(region) = region.parse() {
                    seen.accounts.entry(account).or_default().insert(region, *first_ms);
                }
            }
        }
        seen
    }

    fn findings_of(&self, told: &Told) -> Vec<Found> {
        let mut all: Vec<Found> = told.report.gaps.iter().map(gap).collect();
        if told.report.gaps_left_out > 0 {
            all.push(Found {
                origin: Origin::Coverage,
                name: "gaps_left_out".to_owned(),
                count: Some(told.report.gaps_left_out),
                detail: "there are more gaps than are told one by one".to_owned(),
                ..Found::default()
            });
        }
        let differences = told.reconciled.differences.iter().map(|difference| Found {
            origin: Origin::Coverage,
            name: "roster_contradicted".to_owned(),
            account: Some(difference.account.to_string()),
            reasons: vec![difference.kind.name().to_owned()],
            evidence: [("event_id", &difference.event_id), ("event_name", &difference.event_name)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
                .collect(),
            detail: "the roster and what the archive holds contradict each other of this account".to_owned(),
            ..Found::default()
        });
        all.extend(differences);
        // Who said that there is no organization to ask has said that accounts are those that were seen; nothing else is known by that.
        let said = |reason: &&String| self.settings.without_organization && reason.as_str() == OBSERVED_ONLY;
        let unknown: Vec<&str> = told.unknown.iter().filter(|reason| !said(reason)).map(String::as_str).collect();
        if !unknown.is_empty() {
            all.push(Found {
                origin: Origin::Coverage,
                name: "coverage_unknown".to_owned(),
                count: Some(unknown.len() as u64),
                detail: unknown.join("; "),
                ..Found::default()
            });
        }
        all
    }
}

fn gap(gap: &Gap) -> Found {
    let mut evidence = std::collections::BTreeMap::from([("lacks".to_owned(), gap.lacks.name().to_owned())]);
    if let Cause::TrailStopped { kind, event_id, at_ms } = &gap.cause {
        evidence.insert("event_id".to_owned(), event_id.clone());
        evidence.insert("event_name".to_owned(), event_name(*kind).to_owned());
        evidence.extend(to_rfc3339(*at_ms).map(|at| ("event_at".to_owned(), at)));
    }
    let hours = (gap.until_ms - gap.since_ms) / trailkeep_audit::coverage::HOUR_MS;
    let detail = match (gap.lacks, gap.open) {
        (Lacks::Digests, true) => "since then no Digest has come, though one comes every hour, whatever happens",
        (Lacks::Digests, false) => "in these hours no Digest came, though one comes every hour, whatever happens",
        (Lacks::Sources, _) => "Digests of these hours list log files, and none of theirs landed",
    };
    Found {
        origin: Origin::Coverage,
        name: "gap".to_owned(),
        account: Some(gap.account.to_string()),
        region: Some(gap.region.to_string()),
        from_ms: Some(gap.since_ms),
        to_ms: Some(gap.until_ms),
        lasting: gap.open,
        // How long it will have been nobody knows while it lasts.
        count: u64::try_from(hours).ok().filter(|_| !gap.open),
        reasons: vec![gap.cause.name().to_owned()],
        detail: detail.to_owned(),
        evidence,
        ..Found::default()
    }
}

fn event_name(kind: TrailEventKind) -> &'static str {
    match kind {
        TrailEventKind::StopLogging => "StopLogging",
        TrailEventKind::DeleteTrail => "DeleteTrail",
        TrailEventKind::PutEventSelectors => "PutEventSelectors",
        TrailEventKind::UpdateTrail => "UpdateTrail",
        TrailEventKind::Started => "StartLogging",
    }
}
