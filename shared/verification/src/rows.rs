//! The rows of a round, out of `sources/`: log files go into the join, Digests are kept. What a round holds is bounded, by an estimate at first, and by
//! halving what turns out to be too much.

use std::{collections::HashMap, sync::Arc};

use trailkeep_audit::completeness::{Completeness, LandedFile};
use trailkeep_restore::{ReadError, SourceColumns};

use crate::{
    Progress,
    digests::DigestRow,
    error::VerifyError,
    findings::Findings,
    named::Named,
    revisions::Later,
    round::{Part, Shared},
    row::{COLUMNS, Counts, Log, Picked, Place, Wanted, pick, wanted},
    segments::Segments,
};

/// What a round is planned to hold, in bytes, with what its Digests list: 320 MiB. Each round reads all of `sources/` once more, which takes 1 µs a row.
pub(crate) const ROUND_BYTES: u64 = 320 << 20;
/// What a log file takes, in bytes: its entry in the join, and what lists it.
const LOG_BYTES: u64 = 250;
/// What a Digest takes, in bytes: its row with the signature, and its Link with that and the one before.
const DIGEST_BYTES: u64 = 3_000;
/// Most Digests of one account's Region: some 3 GB of them would be held.
const MAX_DIGESTS: usize = 1_000_000;
/// Files of `sources/` that an estimate reads.
const SAMPLED_FILES: usize = 32;
/// What an estimate reads of each row.
const SAMPLED_COLUMNS: &[&str] = &["key"];

/// Why reading ended before all was read.
enum Stop {
    /// It would hold too much.
    Full,
    Failed(VerifyError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(error.into())
    }
}

/// What was read so far.
#[derive(Default)]
struct Held {
    digests: Vec<DigestRow>,
    later: Later,
    /// Sources of each segment.
    of_segments: HashMap<u32, u64>,
    bytes: u64,
    first: Option<Place>,
    several: bool,
}

impl Held {
    fn met(&mut self, named: &Named, bytes: u64) {
        let place = (named.account, named.region);
        self.several |= *self.first.get_or_insert(place) != place;
        self.bytes += bytes;
    }

    /// Whether it is too much, half as much again as was planned, and can be cut. One account's Region is never cut.
    fn check(&self, part: Part, round_bytes: u64) -> Result<(), Stop> {
        if self.bytes > round_bytes / 2 * 3 && self.several && part.halves().is_some() {
            return Err(Stop::Full);
        }
        if self.digests.len() > MAX_DIGESTS {
            return Err(Stop::Failed(VerifyError::TooMuch { what: "Digests", limit: MAX_DIGESTS }));
        }
        Ok(())
    }
}

impl Shared<'_> {
    /// How many rounds there are to be, by what counts of some of the files, from the oldest to the newest.
    pub(crate) async fn rounds(&self) -> Result<u64, VerifyError> {
        let files = self.files.len();
        let sampled: Vec<usize> = if files <= SAMPLED_FILES {
            // What is more than a round can hold is seen soon enough.
            return Ok(1);
        } else {
            (0..SAMPLED_FILES).map(|number| number * (files - 1) / (SAMPLED_FILES - 1)).collect()
        };
        let asked = Arc::clone(self.asked);
        let pick = move |row: SourceColumns<'_>| {
            let key = row.required_text("key")?;
            Ok(Named::of(key).and_then(|named| wanted(key, &named, &asked)).map(|wanted| match wanted {
                Wanted::Digest => DIGEST_BYTES,
                Wanted::Log(_) => LOG_BYTES,
            }))
        };
        let mut bytes = 0;
        let take = |_, wanted: Vec<u64>| {
            bytes += wanted.into_iter().sum::<u64>();
            Ok::<_, VerifyError>(())
        };
        self.files.each_of(self.bucket, Some(&sampled), SAMPLED_COLUMNS, pick, take).await?;
        Ok(bytes.saturating_mul(files as u64) / sampled.len() as u64 / self.round_bytes + 1)
    }

    /// Reads `sources/`. None: a round of these would hold too much; nothing was taken then.
    pub(crate) async fn rows(
        &self,
        part: Part,
        segments: &mut Segments,
        join: &mut Completeness,
        findings: &mut Findings,
    ) -> Result<Option<Vec<DigestRow>>, VerifyError> {
        let asked = Arc::clone(self.asked);
        let (mut held, mut own) = (Held::default(), Findings::new(findings.room()));
        let (progress, round_bytes) = (self.options.progress, self.round_bytes);
        let take = |file: usize, picked: Vec<Picked>| {
            progress(Progress::File);
            for picked in picked {
                picked.findings.into_iter().for_each(|finding| own.add(finding));
                match picked.counts {
                    None => {}
                    Some(Counts::Digest(row, lying)) => {
                        let segment = segments.of(&lying);
                        *held.of_segments.entry(segment).or_default() += 1;
                        if let Some(named) = Named::of(&row.key) {
                            held.met(&named, DIGEST_BYTES);
                        }
                        held.digests.push(row.in_segment(segment));
                    }
                    Some(Counts::Log(mut log, lying)) => {
                        *held.of_segments.entry(segments.of(&lying)).or_default() += 1;
                        held.met(&log.named, LOG_BYTES);
                        if let Some(name) = log.later.take() {
                            held.later.take(name, (log.named.account, log.named.region));
                        }
                        join.landed_as(log.id, &landed(&log, file as u32));
                    }
                }
            }
            held.check(part, round_bytes)
        };
        match self.files.each_of(self.bucket, None, COLUMNS, move |row| pick(&row, part, &asked), take).await {
            Ok(()) => {}
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Full) => {
                segments.take_back(&held.of_segments);
                return Ok(None);
            }
        }
        findings.take(own);
        held.later.tell(self.bucket, self.files, findings).await?;
        Ok(Some(held.digests))
    }
}

fn landed(log: &Log, source: u32) -> LandedFile<'static> {
    LandedFile {
        bucket: "",
        key: "",
        revision: log.revision,
        class: log.named.class,
        account: log.named.account,
        region: log.named.region,
        delivered_ms: log.at_ms,
        inflated_sha256: log.inflated_sha256,
        quarantined: log.quarantined,
        source,
    }
}
