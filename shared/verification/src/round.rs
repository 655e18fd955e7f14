//! One round: some of the accounts, from rows of `sources/` to outcomes. Rounds bound what is held in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use trailkeep_archive::SourceRow;
use trailkeep_audit::{
    Sha256,
    completeness::{Completeness, FileId, ListedFile, Report, SignedPeriod},
};
use trailkeep_digests::PublicKeys;
use trailkeep_keys::{AccountId, KeyKind, LogClass, LogKey, Region};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use crate::{
    Options, Progress,
    asked::Asked,
    chains::{self, Chains, Signed},
    digests::{self, DigestRow, Listed, ListedId, ReadDigests, Trust},
    each::{Outcomes, Telling},
    error::{VerifyError, on_a_thread},
    evidence::SecondLook,
    findings::Findings,
    named::{Named, Stated},
    segments::Segments,
    sources::Files,
    verdict::Finding,
};

/// Most parts that accounts and Regions are cut into.
const MAX_PARTS: u64 = 1 << 16;
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
    /// What a round is planned to hold, in bytes.
    pub(crate) round_bytes: u64,
}

/// What a round came to.
pub(crate) struct Round {
    pub(crate) chains: Chains,
    pub(crate) report: Report,
    /// What the join found, as far as it is told.
    pub(crate) findings: Vec<Finding>,
}

/// Which accounts in which Regions are of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u64,
    pub(crate) of: u64,
}

impl Part {
    pub(crate) fn holds(self, account: AccountId, region: Region) -> bool {
        // FNV-1a, and its halves on one another: each row of each round is asked.
        let bytes = account.as_str().bytes().chain(region.as_str().bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (hash ^ hash >> 32) % self.of == self.number
    }

    /// Two parts that hold together what this one holds; none where it is as small as parts get.
    pub(crate) fn halves(self) -> Option<[Self; 2]> {
        let of = self.of * 2;
        (of <= MAX_PARTS).then(|| [Self { number: self.number, of }, Self { number: self.number + self.of, of }])
    }
}

impl Shared<'_> {
    /// Runs a round, and tells what came of each of its files if somebody wants to know. None: it would hold too much, and is to be run in halves.
    pub(crate) async fn round(
        &self,
        part: Part,
        segments: &mut Segments,
        findings: &mut Findings,
        telling: Option<&mut Telling<'_>>,
    ) -> Result<Option<Round>, VerifyError> {
        let mut join = Completeness::new();
        let Some(rows) = self.rows(part, segments, &mut join, findings).await? else { return Ok(None) };
        let rows = Arc::new(rows);
        (self.options.progress)(Progress::Digests(rows.len() as u64));
        segments.ask(self.bucket).await?;
        let trust = Trust { keys: Arc::clone(self.keys), aliases: Arc::new(self.asked.bucket_aliases()) };
        let window = self.asked.window();
        let read = digests::read_ids(self.bucket, &rows, segments, &trust, window, self.options.progress).await?;
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
        self.told(concluded, findings.room(), segments, &trust).await.map(Some)
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

/// A log file whose container is not as CloudTrail writes it. Its hash may be the signed one all the same: bytes after the member are in no hash.
pub(crate) fn irregular(row: &Stated<'_>, class: LogClass, flags: &[&str], segment: &str) -> Option<Finding> {
    let reasons = irregularities(flags, segment);
    (class == LogClass::CloudTrail && !reasons.is_empty()).then(|| Finding {
        account: row.account.map(str::to_owned),
        region: row.region.map(str::to_owned),
        ..not_one_member(row.bucket, row.key, reasons)
    })
}

/// What its row says of a source's container.
pub(crate) fn irregularities(flags: &[&str], segment: &str) -> Vec<&'static str> {
    let reasons: Vec<&'static str> = IRREGULAR.into_iter().filter(|flag| flags.contains(flag)).collect();
    // Rows that were rebuilt have no flags; where the bytes lie tells it, too.
    if reasons.is_empty() && segment.ends_with(".bin") { vec!["not_clean"] } else { reasons }
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
    let marked = asked.marked().filter(|chain| part.holds(chain.account, chain.region)).cloned();
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
    list_ids(&mut join, read.ids, &chains.verified, &rows);
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

/// As [`list`], for what was read without names. A sound Digest lists files of its own account and Region only.
fn list_ids(join: &mut Completeness, ids: Vec<ListedId>, verified: &[Option<Signed>], rows: &[DigestRow]) {
    let mut last: Option<(u32, Named)> = None;
    for file in ids {
        let Some(signed) = verified.get(file.digest as usize).copied().flatten() else { continue };
        let known = last.filter(|(digest, _)| *digest == file.digest);
        let Some(place) = known.or_else(|| Some((file.digest, Named::of(&rows.get(file.digest as usize)?.key)?))) else { continue };
        last = Some(place);
        let file_of = ListedFile {
            bucket: "",
            key: "",
            class: file.class,
            account: place.1.account,
            region: place.1.region,
            delivered_ms: file.delivered_ms.unwrap_or(signed.end_ms),
            inflated_sha256: Sha256(file.hash),
            digest: file.digest,
            digest_end_ms: signed.end_ms,
        };
        join.listed_as(file.id, &file_of);
    }
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
    fn every_account_is_of_one_round_and_its_halves_hold_what_it_holds() {
        let regions: Vec<Region> = ["eu-west-1", "us-east-1"].iter().map(|name| name.parse().expect("a Region")).collect();
        let accounts = (0..500_u64).filter_map(|n| format!("{n:012}").parse::<AccountId>().ok());
        let places: Vec<(AccountId, Region)> = accounts.flat_map(|account| regions.iter().map(move |region| (account, *region))).collect();
        let mut sizes = [0; 7];
        for (account, region) in &places {
            let parts: Vec<u64> = (0..7).filter(|number| Part { number: *number, of: 7 }.holds(*account, *region)).collect();
            assert_eq!(parts.len(), 1, "{account}");
            parts.iter().filter_map(|number| usize::try_from(*number).ok()).for_each(|number| sizes[number] += 1);
            let whole = Part { number: parts[0], of: 7 };
            let halves = whole.halves().expect("halves");
            assert_eq!(halves.iter().filter(|half| half.holds(*account, *region)).count(), 1);
            let other = Part { number: (parts[0] + 1) % 7, of: 7 };
            assert!(other.halves().expect("halves").iter().all(|half| !half.holds(*account, *region)));
        }
        assert!(sizes.iter().all(|size| *size > 90), "{sizes:?}");
        assert_eq!(Part { number: 0, of: MAX_PARTS }.halves(), None);
    }
}
