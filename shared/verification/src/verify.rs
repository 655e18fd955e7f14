//! The whole way: rounds of accounts, then the verdict.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_digests::PublicKeys;
use trailkeep_keys::{AccountId, Region};
use trailkeep_restore::Archive;

use crate::{
    Asked, Depth, FileOutcome, Marks, Options, Progress, deep,
    each::Telling,
    error::VerifyError,
    findings::Findings,
    round::{self, Part, Shared},
    rows::ROUND_BYTES,
    segments::Segments,
    sources::Files,
    verdict::{CLAIM, Chain, Counts, DigestCounts, Finding, Judged, Moment, OUTSIDE, Place, ReadAgain, SegmentCounts, Verdict, trusted},
};

/// Most rounds that are planned.
const MAX_ROUNDS: u64 = 1_000;

/// Holds an archive against what CloudTrail signed.
///
/// Reads `sources/` and `digests/`; `raw/` only as deep as asked. Chains and hashes are computed on threads of their own, accounts and Regions in rounds,
/// so that memory is bounded by the largest account's largest Region, or some 700 MB. Each round reads a few columns of all of `sources/` that the window
/// can need.
///
/// # Errors
/// [`VerifyError`]: the archive could not be read. What is wrong with what it holds is in the verdict.
pub async fn verify(archive: &Archive, keys: &PublicKeys, asked: &Asked, options: Options<'_>) -> Result<Verdict, VerifyError> {
    run(archive, keys, asked, options, ROUND_BYTES, None).await
}

/// As [`verify_each`], in rounds that are planned to hold so many bytes: for tests.
///
/// # Errors
/// As [`verify`].
#[doc(hidden)]
pub async fn verify_in_rounds_of(
    round_bytes: u64,
    archive: &Archive,
    keys: &PublicKeys,
    asked: &Asked,
    options: Options<'_>,
    tell: &mut (dyn FnMut(FileOutcome) + Send),
) -> Result<Verdict, VerifyError> {
    run(archive, keys, asked, options, round_bytes, Some(tell)).await
}

/// As [`verify`], and tells what came of each file, in any order: of every source whose name lies in the window, each of its revisions, and of every
/// file that verified Digests list there and that did not land. It reads `sources/` once more, and keeps 17 bytes for each file of a round.
///
/// # Errors
/// As [`verify`]; some files may have been told by then.
pub async fn verify_each(
    archive: &Archive,
    keys: &PublicKeys,
    asked: &Asked,
    options: Options<'_>,
    tell: &mut (dyn FnMut(FileOutcome) + Send),
) -> Result<Verdict, VerifyError> {
    run(archive, keys, asked, options, ROUND_BYTES, Some(tell)).await
}

async fn run(
    archive: &Archive,
    keys: &PublicKeys,
    asked: &Asked,
    options: Options<'_>,
    round_bytes: u64,
    tell: Option<&mut (dyn FnMut(FileOutcome) + Send)>,
) -> Result<Verdict, VerifyError> {
    let bucket = archive.bucket().as_ref();
    let (asked, keys) = (Arc::new(asked.clone()), Arc::new(keys.clone()));
    let files = Files::list(bucket, asked.reads_from_ms()).await?;
    let shared = Shared { bucket, files: &files, asked: &asked, keys: &keys, options: &options, round_bytes };
    let rounds = shared.rounds().await?.min(MAX_ROUNDS);
    let mut to_read = rounds * files.len() as u64 + if options.depth == Depth::Hashes { 0 } else { files.len() as u64 };
    (options.progress)(Progress::Files(to_read));
    // What is read again is told with each file, and comes first.
    let mut deep_findings = Findings::new(options.findings_kept);
    let mut read_again = match options.depth {
        Depth::Hashes => ReadAgain::default(),
        _ => deep::read_again(archive, &files, &asked, &options, &mut deep_findings).await?,
    };
    if let Depth::Sample { seed, .. } = options.depth {
        read_again.seed = Some(seed);
    }
    let not_intact = Arc::new(std::mem::take(&mut deep_findings.not_intact));
    let mut telling = tell.map(|tell| Telling { tell, depth: options.depth, not_intact });
    let mut gathered = Gathered::new(options.findings_kept);
    let mut parts: Vec<Part> = (0..rounds).rev().map(|number| Part { number, of: rounds }).collect();
    while let Some(part) = parts.pop() {
        match shared.round(part, &mut gathered.segments, &mut gathered.findings, telling.as_mut()).await? {
            Some(round) => gathered.take(round),
            None => {
                parts.extend(part.halves().into_iter().flatten().rev());
                to_read += 2 * files.len() as u64;
                (options.progress)(Progress::Files(to_read));
            }
        }
    }
    gathered.fallen_segments();
    gathered.findings.take(deep_findings);
    Ok(gathered.verdict(bucket.address(), &asked, &keys, read_again))
}

/// What the rounds came to so far.
pub(crate) struct Gathered {
    pub(crate) findings: Findings,
    segments: Segments,
    pub(crate) logs: BTreeMap<(AccountId, Region), Counts>,
    digests: BTreeMap<(AccountId, Region), DigestCounts>,
    chains: Vec<Chain>,
    signed: BTreeMap<(Region, String), u64>,
    marks: Marks,
}

impl Gathered {
    pub(crate) fn new(findings_kept: usize) -> Self {
        Self {
            findings: Findings::new(findings_kept),
            segments: Segments::default(),
            logs: BTreeMap::new(),
            digests: BTreeMap::new(),
            chains: Vec::new(),
            signed: BTreeMap::new(),
            marks: Marks::new(),
        }
    }

    pub(crate) fn take(&mut self, mut round: round::Round) {
        round::tell(&mut round, &mut self.findings);
        round::count(&round.report, &mut self.logs);
        self.digests.extend(round.chains.counts);
        self.chains.extend(round.chains.chains);
        self.marks.take(round.chains.marks);
        for (key, digests) in round.chains.signed {
            *self.signed.entry(key).or_default() += digests;
        }
    }

    fn fallen_segments(&mut self) {
        for finding in self.segments.findings() {
            self.findings.add(finding);
        }
    }

    /// What no chain and no Digest speaks of is no gap in a chain, and not proven either.
    fn silent_places(&mut self) {
        for ((account, region), counts) in &self.logs {
            let told = [("no_digest", counts.no_digest, "log files landed, and no verified Digest speaks of their time")];
            let waiting =
                ("unlisted_within_grace", counts.unlisted_within_grace, "log files landed, and no Digest of their time lists them yet");
            for (name, count, detail) in told.into_iter().chain([waiting]).filter(|(_, count, _)| *count > 0) {
                self.findings.add(Finding {
                    name,
                    account: Some(account.to_string()),
                    region: Some(region.to_string()),
                    count: Some(count),
                    provisional: name == "unlisted_within_grace",
                    detail: detail.to_owned(),
                    ..Finding::default()
                });
            }
        }
    }

    pub(crate) fn verdict(mut self, archive: String, asked: &Asked, keys: &PublicKeys, read_again: ReadAgain) -> Verdict {
        self.silent_places();
        let places = self.places();
        let (mut log_files, mut digests) = (Counts::default(), DigestCounts::default());
        for place in &places {
            log_files.plus(&place.log_files);
            digests.verified += place.digests.verified;
            digests.refused += place.digests.refused;
        }
        self.nothing_there(asked, &places);
        self.chains
            .sort_by(|a, b| (&a.account, &a.region, &a.trail, &a.organization).cmp(&(&b.account, &b.region, &b.trail, &b.organization)));
        Verdict {
            claim: CLAIM,
            outside: OUTSIDE,
            verified: self.findings.is_empty() && self.chains.iter().all(|chain| chain.gaps.is_empty()),
            archive,
            log_bucket: None,
            judged: Judged {
                window: asked.window().into(),
                as_of: Moment(asked.as_of_ms),
                accounts: asked.accounts.iter().map(ToString::to_string).collect(),
                regions: asked.regions.iter().map(ToString::to_string).collect(),
            },
            trust: trusted(keys, &self.signed),
            aliases: asked.aliases.clone(),
            log_files,
            digests,
            places,
            chains: self.chains,
            segments: SegmentCounts { asked: self.segments.len() as u64, fallen: self.segments.fallen().count() as u64 },
            read_again,
            finding_counts: self.findings.counts,
            findings: self.findings.kept,
            marks: self.marks,
        }
    }

    /// Where nothing was found of what was asked, nothing is proven.
    fn nothing_there(&mut self, asked: &Asked, places: &[Place]) {
        let has = |account: Option<&str>, region: Option<&str>| {
            let is_of = |place: &&Place| account.is_none_or(|id| id == place.account) && region.is_none_or(|name| name == place.region);
            places.iter().filter(is_of).any(|place| place.digests.verified + place.digests.refused > 0)
        };
        for (account, region) in named_places(asked).into_iter().filter(|(account, region)| !has(account.as_deref(), region.as_deref())) {
            let detail = "there is no Digest of what was asked: nothing is proven".to_owned();
            self.findings.add(Finding { name: "nothing_to_verify", account, region, detail, ..Finding::default() });
        }
    }

    fn places(&self) -> Vec<Place> {
        let mut all: Vec<&(AccountId, Region)> = self.logs.keys().chain(self.digests.keys()).collect();
        all.sort_unstable();
        all.dedup();
        let told = |place: &(AccountId, Region)| Place {
            account: place.0.to_string(),
            region: place.1.to_string(),
            log_files: self.logs.get(place).copied().unwrap_or_default(),
            digests: self.digests.get(place).copied().unwrap_or_default(),
        };
        all.into_iter().map(told).collect()
    }
}

/// What was asked by name, beside everything: accounts, Regions, or each of those accounts in each of those Regions.
fn named_places(asked: &Asked) -> Vec<(Option<String>, Option<String>)> {
    let names = |all: Vec<String>| if all.is_empty() { vec![None] } else { all.into_iter().map(Some).collect() };
    let accounts = names(asked.accounts.iter().map(ToString::to_string).collect());
    let regions: Vec<Option<String>> = names(asked.regions.iter().map(ToString::to_string).collect());
    accounts.iter().flat_map(|account| regions.iter().map(|region| (account.clone(), region.clone()))).collect()
}
