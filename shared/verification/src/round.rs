//! One round: some of the accounts, from rows of `sources/` to outcomes. Rounds bound what is held in memory.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_archive::{Outcome, SourceRow};
use trailkeep_audit::{
    Sha256,
    completeness::{Completeness, LandedFile, ListedFile, Report, SignedPeriod},
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
    error::{VerifyError, on_a_thread},
    findings::Findings,
    named::{Named, odd},
    revisions::Later,
    segments::Segments,
    sources::Files,
    verdict::Finding,
};

/// Most Digests of one round: some 2 GB of them would be held. A round has one account at least.
const MAX_DIGESTS: usize = 1_000_000;
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
    fn holds(self, account: AccountId) -> bool {
        let [a, b, c, d, ..] = sha256(account.as_str().as_bytes());
        u64::from(u32::from_be_bytes([a, b, c, d])) % self.of == self.number
    }
}

impl Shared<'_> {
    /// Runs a round.
    pub(crate) async fn round(&self, part: Part, segments: &mut Segments, findings: &mut Findings) -> Result<Round, VerifyError> {
        let mut join = Completeness::new();
        let rows = Arc::new(self.rows(part, segments, &mut join, findings).await?);
        (self.options.progress)(Progress::Digests(rows.len() as u64));
        segments.ask(self.bucket).await?;
        let trust = Trust { keys: Arc::clone(self.keys), aliases: Arc::new(self.asked.bucket_aliases()) };
        let window = self.asked.window();
        let wants = move |key: &str| Named::of(key).is_some_and(|named| named.delivered_in(window).is_some());
        let read = digests::read(self.bucket, &rows, segments, &trust, wants, self.options.progress).await?;
        let asked = Arc::clone(self.asked);
        let mut taken = std::mem::replace(findings, Findings::new(0));
        let (chains, report, mut found, rows) = on_a_thread(move || {
            let (chains, report) = conclude(read, &rows, join, &asked, &mut taken);
            (chains, report, taken, rows)
        })
        .await?;
        std::mem::swap(findings, &mut found);
        let mut round = Round { chains, report };
        self.name(&mut round.report, &rows, segments, &trust).await?;
        Ok(round)
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

    /// Names what findings are about: reads again what they point to.
    async fn name(&self, report: &mut Report, rows: &[DigestRow], segments: &Segments, trust: &Trust) -> Result<(), VerifyError> {
        let mut sources: Vec<usize> =
            report.findings.iter().flat_map(|finding| finding.landed.iter().map(|landed| landed.source as usize)).collect();
        sources.sort_unstable();
        sources.dedup();
        let named = |_, rows: Vec<(String, String)>| {
            for (bucket, key) in rows {
                report.name(self.asked.delivered_to(&bucket), &key);
            }
            Ok(())
        };
        if !sources.is_empty() {
            self.files.each(self.bucket, Some(&sources), |row| Some((row.bucket, row.key)), named).await?;
        }
        let unnamed = report.findings.iter().filter(|finding| finding.name.is_none());
        let mut listing: Vec<usize> = unnamed.flat_map(|finding| finding.listed.iter().map(|listed| listed.digest as usize)).collect();
        listing.sort_unstable();
        listing.dedup();
        let again: Arc<Vec<DigestRow>> = Arc::new(listing.iter().filter_map(|digest| rows.get(*digest).cloned()).collect());
        let read = digests::read(self.bucket, &again, segments, trust, |_| true, &|_| {}).await?;
        for file in &read.listed {
            let bucket = again.get(file.digest).map_or("", |row| self.asked.delivered_to(&row.bucket));
            report.name(file.bucket.as_deref().unwrap_or(bucket), &file.key);
        }
        Ok(())
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
        return asked.wants_digest(&named).then_some(Counts::Digest(row));
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
        name: "not_one_member",
        account: row.account.clone(),
        region: row.region.clone(),
        bucket: Some(row.bucket.clone()),
        key: Some(row.key.clone()),
        reasons,
        detail: "this log file is not exactly one clean gzip member, as CloudTrail writes it".to_owned(),
        ..Finding::default()
    })
}

/// Walks the chains and joins what their verified Digests list with what landed.
fn conclude(read: ReadDigests, rows: &[DigestRow], mut join: Completeness, asked: &Asked, findings: &mut Findings) -> (Chains, Report) {
    for row in read.lost.iter().filter_map(|lost| rows.get(*lost)) {
        findings.add(Finding {
            name: "digest_lost",
            bucket: Some(row.bucket.to_string()),
            key: Some(row.key.to_string()),
            detail: "this Digest landed, and its bytes are not in the archive any more".to_owned(),
            ..Finding::default()
        });
    }
    let chains = chains::judge(read.links, rows.len(), asked, findings);
    for (account, region, period) in &chains.proven {
        join.signed(&SignedPeriod { account: *account, region: *region, start_ms: period.from_ms, end_ms: period.to_ms });
    }
    for file in &read.listed {
        if let Some(end_ms) = chains.verified.get(file.digest).copied().flatten() {
            list(&mut join, file, end_ms, rows, asked);
        }
    }
    (chains, join.finish(asked.as_of_ms))
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
pub(crate) fn tell(report: &Report, findings: &mut Findings) {
    for finding in &report.findings {
        findings.add(told(finding));
    }
    for kind in report.found.keys() {
        let left_out = report.left_out(*kind);
        if left_out > 0 {
            findings.count(kind.name(), left_out);
        }
    }
}

fn told(finding: &trailkeep_audit::completeness::Finding) -> Finding {
    use trailkeep_audit::completeness::FindingKind as Kind;
    let detail = match finding.kind {
        Kind::Missing => "a verified Digest lists it, and it has not landed in 30 days",
        Kind::MissingWithinGrace => "a verified Digest lists it, and it has not landed yet",
        Kind::Altered => "a verified Digest lists it with another hash",
        Kind::ListedDifferently => "verified Digests list it with different hashes",
        Kind::Quarantined => "it landed as it is listed, and nothing of it could be read",
        Kind::Unlisted => "it landed, and no verified Digest of its time lists it: someone put it there",
        Kind::RevisionDiffers => "other content landed later under its key",
    };
    let hashes = finding.listed.iter().map(|listed| format!("listed as {}", listed.hash));
    let landed = finding.landed.iter().filter_map(|landed| Some(format!("revision {} landed as {}", landed.revision, landed.hash?)));
    let all: Vec<String> = std::iter::once(detail.to_owned()).chain(hashes).chain(landed).collect();
    Finding {
        name: finding.kind.name(),
        account: Some(finding.place.account.to_string()),
        region: Some(finding.place.region.to_string()),
        bucket: finding.name.as_ref().map(|name| name.bucket.clone()),
        key: finding.name.as_ref().map(|name| name.key.clone()),
        provisional: finding.kind == Kind::MissingWithinGrace,
        detail: all.join("; "),
        ..Finding::default()
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
