//! One round: some of the accounts, from rows of `sources/` to outcomes. Rounds bound what is held in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use trailkeep_archive::{Outcome, SourceRow};
use trailkeep_audit::{
    Sha256,
    completeness::{Completeness, FileId, LandedFile, ListedFile, Report, SignedPeriod},
};
use trailkeep_digests::PublicKeys;
use trailkeep_keys::{AccountId, KeyKind, LogClass, LogKey, Region};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_records::hash::sha256;

use crate::{
    Options, Progress,
    asked::Asked,
    chains::{self, Chains},
    digests::{self, DigestRow, Listed, ReadDigests, Trust},
    each::{Outcomes, Telling},
    error::{VerifyError, on_a_thread},
    evidence::SecondLook,
    findings::Findings,
    named::{Named, odd},
    revisions::Later,
    segments::Segments,
    sources::Files,
    verdict::Finding,
};

/// Most Digests of one round: some 2 GB of them would be held. A round has one account at least.
const MAX_DIGESTS: usize = 1_000_000;
/// Digests that are read again at once for what findings need: some 5 MB.
const DIGESTS_AT_ONCE: usize = 1_000;
/// Signs of a LogObject that is not exactly one clean gzip member: readers of such differ in what they see.
const IRREGULAR: [&str; 6] = ["not_gzip", "several_members", "trailing_bytes", "bad_crc", "truncated", "cut_trailer"];

/// What all rounds share.
pub(crate) struct Shared<'a> {
    pub(crate) bucket: &'a dyn AuditBucket,
    pub(crate) files: &'a Files,
    pub(crate) asked: &'a Arc<Asked>,
    pub(crate) keys: &'a Arc<PublicKeys>,
    pub(crate) options: &'a Options<'a>,
}

/// What a round came to.
pub(crate) struct Round {
    pub(crate) chains: Chains,
    pub(crate) report: Report,
    /// What the join found, as far as it is told.
    pub(crate) findings: Vec<Finding>,
}

/// Which accounts are of a round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) number: u64,
    pub(crate) of: u64,
}

/// A row that something is to be said of.
struct Picked {
    odd: Option<Finding>,
    counts: Option<Counts>,
}

/// A row that counts.
enum Counts {
    Digest(SourceRow),
    /// With when it was delivered.
    Log(SourceRow, Named, i64),
}

impl Part {
    pub(crate) fn holds(self, account: AccountId) -> bool {
        let [a, b, c, d, ..] = sha256(account.as_str().as_bytes());
        u64::from(u32::from_be_bytes([a, b, c, d])) % self.of == self.number
    }
}

impl Shared<'_> {
    /// Runs a round, and tells what came of each of its files if somebody wants to know.
    pub(crate) async fn round(
        &self,
        part: Part,
        segments: &mut Segments,
        findings: &mut Findings,
        telling: Option<&mut Telling<'_>>,
    ) -> Result<Round, VerifyError> {
        let mut join = Completeness::new();
        let rows = self.rows(part, segments, &mut join, findings).await?;
        let rows = Arc::new(rows);
        (self.options.progress)(Progress::Digests(rows.len() as u64));
        segments.ask(self.bucket).await?;
        let trust = Trust { keys: Arc::clone(self.keys), aliases: Arc::new(self.asked.bucket_aliases()) };
        let window = self.asked.window();
        let wants = move |key: &str| Named::of(key).is_some_and(|named| named.delivered_in(window).is_some());
        let read = digests::read(self.bucket, &rows, segments, &trust, wants, self.options.progress).await?;
        let (asked, each) = (Arc::clone(self.asked), telling.is_some());
        let mut taken = std::mem::replace(findings, Findings::new(0));
        let (mut concluded, mut found) = on_a_thread(move || {
            let concluded = conclude(read, rows, join, part, &asked, each, &mut taken);
            (concluded, taken)
        })
        .await?;
        std::mem::swap(findings, &mut found);
        if let Some(telling) = telling {
            let outcomes = std::mem::take(&mut concluded.outcomes);
            self.each(telling, part, outcomes, &concluded.rows, segments, &trust).await?;
        }
        self.told(concluded, findings.room(), segments, &trust).await
    }

    /// Reads `sources/`: log files go into the join, rows of Digests are kept.
    async fn rows(
        &self,
        part: Part,
        segments: &mut Segments,
        join: &mut Completeness,
        findings: &mut Findings,
    ) -> Result<Vec<DigestRow>, VerifyError> {
        let asked = Arc::clone(self.asked);
        let (mut digests, mut later) = (Vec::new(), Later::default());
        let pick = move |row| pick(row, part, &asked);
        let progress = self.options.progress;
        let take = |file: usize, picked: Vec<Picked>| {
            progress(Progress::File);
            for picked in picked {
                if let Some(finding) = picked.odd {
                    findings.add(finding);
                }
                match picked.counts {
                    None => {}
                    Some(Counts::Digest(row)) => {
                        let segment = segments.of(&row);
                        digests.push(DigestRow::new(row, segment));
                    }
                    Some(Counts::Log(row, named, at_ms)) => {
                        segments.of(&row);
                        later.take(&row, (named.account, named.region));
                        if let Some(finding) = irregular(&row, named.class) {
                            findings.add(finding);
                        }
                        join.landed(&landed(&row, self.asked, (&named, at_ms), file as u32));
                    }
                }
            }
            if digests.len() > MAX_DIGESTS {
                return Err(VerifyError::TooMuch { what: "Digests", limit: MAX_DIGESTS });
            }
            Ok(())
        };
        self.files.each(self.bucket, None, pick, take).await?;
        later.tell(self.bucket, self.files, findings).await?;
        Ok(digests)
    }

    /// Names what findings are about and gathers their evidence: reads again what they point to. As many as are told.
    async fn told(&self, mut concluded: Concluded, most: usize, segments: &Segments, trust: &Trust) -> Result<Round, VerifyError> {
        let (report, rows) = (&mut concluded.report, &concluded.rows);
        let told = report.findings.len().min(most);
        let ids: Arc<BTreeSet<FileId>> = Arc::new(report.findings.iter().take(told).map(|finding| finding.id).collect());
        let landed = report.findings.iter().take(told).flat_map(|finding| finding.landed.iter().map(|landed| landed.source as usize));
        let sources: BTreeSet<usize> = landed.collect();
        let sources: Vec<usize> = sources.into_iter().collect();
        let mut look = SecondLook::default();
        if !sources.is_empty() {
            let (asked, wanted) = (Arc::clone(self.asked), Arc::clone(&ids));
            let pick = move |row: SourceRow| {
                let id = FileId::of(asked.delivered_to(&row.bucket), &row.key);
                wanted.contains(&id).then_some((id, row))
            };
            let take = |file: usize, found: Vec<(FileId, SourceRow)>| {
                for (id, row) in found {
                    report.name(self.asked.delivered_to(&row.bucket), &row.key);
                    look.landed(id, file, row);
                }
                Ok(())
            };
            self.files.each(self.bucket, Some(&sources), pick, take).await?;
        }
        let listing: BTreeSet<usize> =
            report.findings.iter().take(told).flat_map(|finding| finding.listed.iter().map(|listed| listed.digest as usize)).collect();
        let listing: Vec<usize> = listing.into_iter().collect();
        for some in listing.chunks(DIGESTS_AT_ONCE) {
            let again: Arc<Vec<DigestRow>> = Arc::new(some.iter().filter_map(|digest| rows.get(*digest).cloned()).collect());
            let read = digests::read(self.bucket, &again, segments, trust, |_| true, &|_| {}).await?;
            for file in &read.listed {
                let bucket = again.get(file.digest).map_or("", |row| self.asked.delivered_to(&row.bucket));
                report.name(file.bucket.as_deref().unwrap_or(bucket), &file.key);
            }
            for (digest, events) in &read.events {
                if let Some(digest) = some.get(*digest) {
                    look.listed(*digest, *events);
                }
            }
        }
        let verified = &concluded.chains.verified;
        let findings = report.findings.iter().take(told).map(|finding| look.told(finding, rows, verified, Some(self.files))).collect();
        Ok(Round { report: concluded.report, chains: concluded.chains, findings })
    }
}

/// Whether a row counts in this round, and what is wrong with its name whatever is asked.
fn pick(row: SourceRow, part: Part, asked: &Asked) -> Option<Picked> {
    let named = Named::of(&row.key);
    if !named.map_or(part.number == 0, |named| part.holds(named.account)) {
        return None;
    }
    let odd = odd(&row, named.as_ref());
    let counts = named.and_then(|named| counted(row, named, asked));
    (odd.is_some() || counts.is_some()).then_some(Picked { odd, counts })
}

fn counted(row: SourceRow, named: Named, asked: &Asked) -> Option<Counts> {
    if !asked.wants_place(named.account, named.region) {
        return None;
    }
    if named.class == LogClass::Digest {
        return asked.wants_digest(&row.key, &named).then_some(Counts::Digest(row));
    }
    let at_ms = named.delivered_in(asked.window())?;
    Some(Counts::Log(row, named, at_ms))
}

fn landed<'a>(row: &'a SourceRow, asked: &'a Asked, (named, delivered_ms): (&Named, i64), source: u32) -> LandedFile<'a> {
    LandedFile {
        bucket: asked.delivered_to(&row.bucket),
        key: &row.key,
        revision: row.revision,
        class: named.class,
        account: named.account,
        region: named.region,
        delivered_ms,
        inflated_sha256: row.inflated_sha256.as_deref().and_then(|hash| hash.parse().ok()),
        quarantined: row.outcome == Outcome::Quarantined,
        source,
    }
}

/// A log file whose container is not as CloudTrail writes it. Its hash may be the signed one all the same: bytes after the member are in no hash.
pub(crate) fn irregular(row: &SourceRow, class: LogClass) -> Option<Finding> {
    let mut reasons: Vec<&'static str> = IRREGULAR.into_iter().filter(|flag| row.flags.iter().any(|has| has == flag)).collect();
    // Rows that were rebuilt have no flags; where the bytes lie tells it, too.
    if reasons.is_empty() && row.segment.ends_with(".bin") {
        reasons.push("not_clean");
    }
    (class == LogClass::CloudTrail && !reasons.is_empty()).then(|| Finding {
        account: row.account.clone(),
        region: row.region.clone(),
        ..not_one_member(&row.bucket, &row.key, reasons)
    })
}

pub(crate) fn not_one_member(bucket: &str, key: &str, reasons: Vec<&'static str>) -> Finding {
    Finding {
        name: "not_one_member",
        bucket: Some(bucket.to_owned()),
        key: Some(key.to_owned()),
        reasons,
        detail: "this log file is not exactly one clean gzip member, as CloudTrail writes it".to_owned(),
        ..Finding::default()
    }
}

/// What a round came to, before it is told.
pub(crate) struct Concluded {
    pub(crate) rows: Arc<Vec<DigestRow>>,
    pub(crate) chains: Chains,
    pub(crate) report: Report,
    pub(crate) outcomes: Outcomes,
}

/// Walks the chains and joins what their verified Digests list with what landed.
pub(crate) fn conclude(
    read: ReadDigests,
    rows: Arc<Vec<DigestRow>>,
    mut join: Completeness,
    part: Part,
    asked: &Asked,
    each: bool,
    findings: &mut Findings,
) -> Concluded {
    for row in read.lost.iter().filter_map(|lost| rows.get(*lost)) {
        findings.add(Finding {
            name: "digest_lost",
            bucket: Some(row.bucket.to_string()),
            key: Some(row.key.to_string()),
            detail: "this Digest landed, and its bytes are not in the archive any more".to_owned(),
            ..Finding::default()
        });
    }
    let marked = asked.marked().filter(|chain| part.holds(chain.account)).cloned();
    let chains = chains::judge(read.links, rows.len(), marked, asked, findings);
    for (account, region, period) in &chains.proven {
        join.signed(&SignedPeriod { account: *account, region: *region, start_ms: period.from_ms, end_ms: period.to_ms });
    }
    for file in &read.listed {
        if let Some(signed) = chains.verified.get(file.digest).copied().flatten() {
            list(&mut join, file, signed.end_ms, &rows, asked);
        }
    }
    drop(read.listed);
    let mut outcomes = Outcomes::default();
    let report = join.finish_with(asked.as_of_ms, |id, outcome, not_landed| {
        if each {
            outcomes.take(id, outcome, not_landed);
        }
    });
    Concluded { rows, chains, report, outcomes }
}

fn list(join: &mut Completeness, file: &Listed, digest_end_ms: i64, rows: &[DigestRow], asked: &Asked) {
    // Sound Digests list nothing but log files.
    let Ok(KeyKind::Log(key)) = LogKey::parse(&file.key) else { return };
    let own = rows.get(file.digest).map_or("", |row| asked.delivered_to(&row.bucket));
    join.listed(&ListedFile {
        bucket: file.bucket.as_deref().unwrap_or(own),
        key: &file.key,
        class: key.class,
        account: key.account,
        region: key.region,
        delivered_ms: key.delivered_ms().unwrap_or(digest_end_ms),
        inflated_sha256: Sha256(file.hash),
        digest: file.digest as u32,
        digest_end_ms,
    });
}

/// What the join found, for the verdict. Waiting ones are told too: not everything is verified while they wait.
pub(crate) fn tell(round: &mut Round, findings: &mut Findings) {
    let told = round.findings.len();
    for finding in std::mem::take(&mut round.findings) {
        findings.add(finding);
    }
    for finding in round.report.findings.iter().skip(told) {
        findings.count(finding.kind.name(), 1);
    }
    for kind in round.report.found.keys() {
        let left_out = round.report.left_out(*kind);
        if left_out > 0 {
            findings.count(kind.name(), left_out);
        }
    }
}

/// Adds a report's counts to those of accounts and Regions.
pub(crate) fn count(report: &Report, places: &mut BTreeMap<(AccountId, Region), crate::verdict::Counts>) {
    for (place, counts) in &report.places {
        places.entry((place.account, place.region)).or_default().plus(&counts.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_of_one_round() {
        let accounts = (0..500_u64).filter_map(|n| format!("{n:012}").parse::<AccountId>().ok());
        let mut sizes = [0; 7];
        for account in accounts {
            let parts: Vec<u64> = (0..7).filter(|number| Part { number: *number, of: 7 }.holds(account)).collect();
            assert_eq!(parts.len(), 1, "{account}");
            parts.iter().filter_map(|number| usize::try_from(*number).ok()).for_each(|number| sizes[number] += 1);
            assert!(Part { number: 0, of: 1 }.holds(account));
        }
        assert!(sizes.iter().all(|size| *size > 40), "{sizes:?}");
    }
}
