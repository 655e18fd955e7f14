//! The archive held against what CloudTrail signed: from the marks on for everybody, and once a day by themselves for those whose marks lag or whose
//! findings lie before that. The first one goes back 40 days: what is older is for `trailkeep verify`, on demand.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_digests::PublicKeys;
use trailkeep_keys::{AccountId, KeyKind, LogKey};
use trailkeep_restore::SourceFiles;
use trailkeep_verification::{Asked, Depth, Finding, MARK_BEHIND_MS, Mark, Marks, OPEN_END_MS, Options, Verdict, VerifyError, verify};

use super::Round;
use crate::{
    finding::{Found, Origin},
    lifecycle::Looked,
    notes,
};

/// How often what lags is looked at, in milliseconds: once a day.
const DAY_MS: i64 = 86_400_000;
/// How far back what is open is looked at again, in milliseconds: 40 days. CloudTrail retries for 30.
pub(super) const MOST_BACK_MS: i64 = 40 * DAY_MS;
/// Rows, about, that everybody has had since something is open that is no account's, up to which everybody is looked at again for it: some 10 s. Where there
/// are more it stays open until it is 39 days old.
const LITTLE_ROWS: u64 = 10_000_000;

/// What a verification came to.
#[derive(Debug, Default)]
pub(super) struct Verified {
    pub(super) found: Vec<Found>,
    pub(super) looked: Vec<Looked>,
    /// New marks.
    pub(super) marks: Marks,
    /// Where the next one begins.
    pub(super) until_ms: i64,
    /// What lags was looked at.
    pub(super) lagging: bool,
    pub(super) digests_verified: u64,
    pub(super) files_verified: u64,
    /// How many findings are not among those that were found, by name.
    pub(super) left_out: BTreeMap<String, u64>,
    /// Regions of Digests that name a key which is not kept.
    pub(super) unknown_keys: BTreeSet<String>,
}

/// Whom to look at by themselves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lagging {
    /// None: all of them, since something is open that is no account's, and there is little to look at.
    accounts: Option<BTreeSet<AccountId>>,
    since_ms: i64,
}

impl Round<'_> {
    /// Verifies what is due.
    pub(super) async fn verify(&self, keys: &PublicKeys) -> Result<Verified, VerifyError> {
        let until_ms = self.now_ms - OPEN_END_MS;
        let marks = self.marks();
        let lagging: BTreeSet<AccountId> = marks.iter().filter(|(_, mark)| mark.lags).map(|(chain, _)| chain.account).collect();
        let full = self.memory.content.verified_ms.is_none();
        let since_ms = match self.memory.content.verified_ms {
            Some(end_ms) => Some(end_ms.min(until_ms) - MARK_BEHIND_MS),
            None => self.begins_ms(),
        };
        let mut verified = Verified { until_ms, ..Verified::default() };
        let (settled, held): (Vec<_>, Vec<_>) = marks.iter().partition(|(chain, _)| !lagging.contains(&chain.account));
        let asked = self.asked(since_ms, until_ms, settled.into_iter().map(|(_, mark)| mark.clone()), BTreeSet::new());
        let verdict = self.judge(keys, &asked).await?;
        verified.take(&verdict, self.looked(&asked, if full { BTreeSet::new() } else { lagging.clone() }));
        // What is held back stays where it is until it is looked at by itself.
        let fresh = verdict.marks.clone().by_account().into_iter().filter(|(account, _)| full || !lagging.contains(account));
        fresh.for_each(|(_, marks)| verified.marks.take(marks));
        let due = notes::is_due(self.memory.content.lagging_ms, DAY_MS, self.now_ms);
        if full || !due {
            verified.lagging = full;
            return Ok(verified);
        }
        verified.lagging = true;
        let oldest_ms = held.iter().map(|(_, mark)| mark.head.end_ms).min();
        let since_ms = since_ms.unwrap_or(until_ms);
        let little = match self.nobodys_since_ms(since_ms) {
            Some(from_ms) => self.is_little(from_ms).await?,
            None => false,
        };
        if let Some(own) = self.lagging(&lagging, since_ms, oldest_ms, little) {
            let all = own.accounts.unwrap_or_default();
            let wanted = |account: &AccountId| all.is_empty() || all.contains(account);
            let own_marks: Vec<Mark> = marks.iter().filter(|(chain, _)| wanted(&chain.account)).map(|(_, mark)| mark.clone()).collect();
            let asked = self.asked(Some(own.since_ms), until_ms, own_marks.into_iter(), all);
            let verdict = self.judge(keys, &asked).await?;
            verified.take(&verdict, self.looked(&asked, BTreeSet::new()));
            verified.marks.take(verdict.marks);
        }
        Ok(verified)
    }

    /// Where a first round begins: 40 days back, or where the archive does if that is known to be later. A round that reads years of a fleet would not end.
    fn begins_ms(&self) -> Option<i64> {
        let since_ms = self.now_ms - MOST_BACK_MS;
        let first_ms = self.accounts.values().flat_map(|note| note.content.seen.values()).min();
        let whole = !self.notes_lost && first_ms.is_some_and(|first_ms| *first_ms > since_ms);
        if !whole {
            tracing::info!(
                days = MOST_BACK_MS / DAY_MS,
                "nothing is remembered: what was delivered before these days is for trailkeep verify"
            );
        }
        (!whole).then_some(since_ms)
    }

    /// Whether so little landed since then that everybody may be looked at for what is nobody's.
    async fn is_little(&self, since_ms: i64) -> Result<bool, VerifyError> {
        let files = SourceFiles::list(self.archive.bucket().as_ref(), Some(since_ms)).await?;
        Ok(files.rows() <= LITTLE_ROWS)
    }

    async fn judge(&self, keys: &PublicKeys, asked: &Asked) -> Result<Verdict, VerifyError> {
        let options = Options { depth: Depth::Hashes, findings_kept: self.settings.bounds.findings, progress: &|_| {} };
        verify(&self.archive, keys, asked, options).await
    }

    fn asked(&self, since_ms: Option<i64>, until_ms: i64, marks: impl Iterator<Item = Mark>, accounts: BTreeSet<AccountId>) -> Asked {
        let mut taken = Marks::new();
        for mark in marks {
            taken.insert(mark);
        }
        Asked {
            since_ms,
            until_ms: Some(until_ms),
            accounts,
            aliases: self.settings.aliases.clone(),
            as_of_ms: self.now_ms,
            marks: taken,
            ..Asked::default()
        }
    }

    fn looked(&self, asked: &Asked, cut: BTreeSet<AccountId>) -> Looked {
        let texts = |accounts: &BTreeSet<AccountId>| accounts.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
        Looked {
            origin: Origin::Verification,
            accounts: (!asked.accounts.is_empty()).then(|| texts(&asked.accounts)),
            cut: texts(&cut),
            since_ms: asked.since_ms,
            until_ms: asked.until_ms.unwrap_or(self.now_ms),
            ..Looked::default()
        }
    }

    /// Marks of all accounts.
    fn marks(&self) -> Marks {
        let mut all = Marks::new();
        for note in self.accounts.values() {
            all.take(Marks::from_json(note.content.marks.to_string().as_bytes()));
        }
        all
    }

    /// What is open, is settled by verifying, and lies before this moment: whose it is, and since when.
    fn older(&self, since_ms: i64) -> impl Iterator<Item = (&String, i64)> {
        let open = self.accounts.iter().flat_map(|(account, note)| note.content.findings.open.iter().map(move |open| (account, open)));
        open.filter(|(_, open)| is_verifications(&open.found))
            .map(|(account, open)| (account, open.begins_ms(self.now_ms)))
            .filter(move |(_, begins_ms)| *begins_ms < since_ms && *begins_ms > self.now_ms - MOST_BACK_MS)
    }

    /// Since when something of it is open that is no account's: everybody is looked at from then on, and from no earlier.
    fn nobodys_since_ms(&self, since_ms: i64) -> Option<i64> {
        self.older(since_ms).filter(|(account, _)| account.as_str() == notes::NOBODY).map(|(_, begins_ms)| begins_ms).min()
    }

    /// Whom to look at by themselves, and since when.
    fn lagging(&self, lagging: &BTreeSet<AccountId>, since_ms: i64, oldest_mark_ms: Option<i64>, little: bool) -> Option<Lagging> {
        let older: Vec<(&String, i64)> = self.older(since_ms).collect();
        let mut accounts = lagging.clone();
        accounts.extend(older.iter().filter_map(|(account, _)| account.parse::<AccountId>().ok()));
        let nobodys = little && older.iter().any(|(account, _)| account.as_str() == notes::NOBODY);
        if accounts.is_empty() && !nobodys {
            return None;
        }
        let looked_at = older.iter().filter(|(account, _)| nobodys || account.as_str() != notes::NOBODY);
        let from_ms = looked_at.map(|(_, begins_ms)| *begins_ms).chain(oldest_mark_ms).min().unwrap_or(since_ms);
        Some(Lagging { accounts: (!nobodys).then_some(accounts), since_ms: from_ms.max(self.now_ms - MOST_BACK_MS).min(since_ms) })
    }
}

impl Verified {
    fn take(&mut self, verdict: &Verdict, looked: Looked) {
        let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
        verdict.findings.iter().for_each(|finding| *kept.entry(finding.name).or_default() += 1);
        let left_out = verdict.finding_counts.iter().filter_map(|(name, count)| {
            let left_out = count.saturating_sub(kept.get(name).copied().unwrap_or_default());
            (left_out > 0).then_some((*name, left_out))
        });
        let left_out: Vec<(&str, u64)> = left_out.collect();
        self.looked.push(Looked { partial: !left_out.is_empty(), ..looked });
        for (name, count) in left_out {
            *self.left_out.entry(name.to_owned()).or_default() += count;
        }
        self.digests_verified += verdict.digests.verified;
        self.files_verified += verdict.log_files.verified;
        for finding in &verdict.findings {
            if finding.reasons.contains(&"unknown_public_key") {
                self.unknown_keys.extend(finding.region.clone());
            }
            if !has_only_not_begun(finding) {
                self.found.push(found(finding));
            }
        }
    }
}

/// Whether verifying settles it. That there are more findings is settled so, too, unless all of them are of segments, which are asked for by themselves.
fn is_verifications(found: &Found) -> bool {
    match found.origin {
        Origin::Verification => true,
        Origin::Auditor => found.reasons.is_empty() || !found.reasons.iter().all(|name| name.starts_with("segment")),
        Origin::Coverage | Origin::Sample | Origin::Segments | Origin::Keys => false,
    }
}

/// Where a window begins is the auditor's own affair: that a chain began after it is no finding. A beginning that is none is told as another one
/// (`suspicious_start`, `missing_digests`), and hours before it as gaps.
fn has_only_not_begun(finding: &Finding) -> bool {
    finding.name == "not_proven" && finding.reasons == ["not_begun"]
}

/// The account that a key names.
fn account_of(key: &str) -> Option<String> {
    match LogKey::parse(key).ok()? {
        KeyKind::Log(key) | KeyKind::Digest(key) => Some(key.account.to_string()),
        _ => None,
    }
}

/// A finding of a verification, as it is remembered.
pub(super) fn found(finding: &Finding) -> Found {
    let owned = |(name, value): (&&'static str, &String)| ((*name).to_owned(), value.clone());
    let evidence: BTreeMap<String, String> = finding.evidence.iter().map(owned).collect();
    // Segments are asked for again by themselves.
    let segment = finding.name.starts_with("segment_");
    Found {
        origin: if segment { Origin::Segments } else { Origin::Verification },
        name: finding.name.to_owned(),
        account: finding.account.clone().or_else(|| account_of(finding.key.as_deref()?)),
        region: finding.region.clone(),
        trail: finding.trail.clone(),
        bucket: finding.bucket.clone(),
        key: finding.key.clone(),
        from_ms: finding.from.map(|from| from.0),
        to_ms: finding.to.map(|to| to.0),
        lasting: false,
        count: finding.count,
        reasons: finding.reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        provisional: finding.provisional,
        detail: finding.detail.clone(),
        evidence,
    }
}
