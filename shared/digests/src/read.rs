//! One stored Digest by itself: its container, its content, its place and its signature.

use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_records::{
    hash::sha256,
    inflate::{GzipFlags, InflateLimits, Inflation, Shape, inflate_into},
    time::parse_iso,
};

use crate::{
    BucketAliases, Digest, HashValue, Link, Location, Member, Metadata, Pointer, PublicKeys, Reason, Reasons, SIGNATURE_ALGORITHM,
    SIGNING_LAG_MS, Signature, SignedText,
    link::Claims,
    location::{ChainId, DigestKey},
    values::Hex,
    verify_signature,
};

/// Most stored bytes of a Digest that are looked at: 64 MiB.
pub const MAX_STORED_BYTES: usize = 64 << 20;
/// Most inflated bytes of a Digest: 64 MiB, some 150,000 log files in an hour.
pub const MAX_INFLATED_BYTES: usize = 64 << 20;

/// Inflated bytes that a [`Reader`] keeps room for between Digests.
const KEPT_BUFFER_BYTES: usize = 1 << 20;
/// How far the time that a backfill Digest was made at may lie from its key's validity, in milliseconds: 1 h, as the AWS command line asks.
const BACKFILL_LAG_MS: i64 = 3_600_000;

const LIMITS: InflateLimits = InflateLimits {
    inflated_bytes: MAX_INFLATED_BYTES as u64,
    ratio: 1000,
    ratio_from_bytes: 16 << 20,
    whole_buffer_bytes: MAX_INFLATED_BYTES,
};

/// A Digest as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredDigest<'a> {
    /// The bucket that it was found in, which may be a replica.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its stored bytes.
    pub bytes: &'a [u8],
    /// Its metadata.
    pub metadata: Metadata<'a>,
}

/// Looks at Digests one after the other, in one buffer. A thread has one; keys and aliases are shared.
#[derive(Debug)]
pub struct Reader<'k> {
    keys: &'k PublicKeys,
    aliases: &'k BucketAliases,
    buffer: Vec<u8>,
}

/// What came of looking at a Digest.
#[derive(Debug)]
pub struct Reading<'r> {
    link: Link,
    digest: Option<Digest<'r>>,
}

impl<'r> Reading<'r> {
    /// What the chain needs.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// What the chain needs, given away.
    pub fn into_link(self) -> Link {
        self.link
    }

    /// The content of a Digest that nothing is wrong with by itself. Its log files count once [`crate::walk`] has no reason against it either.
    pub fn sound(&self) -> Option<&Digest<'r>> {
        self.digest.as_ref().filter(|_| self.link.reasons.is_empty())
    }

    /// The content as claimed, whoever wrote it: for findings, never for a verdict.
    pub fn claimed(&self) -> Option<&Digest<'r>> {
        self.digest.as_ref()
    }
}

impl<'k> Reader<'k> {
    /// A reader that trusts these keys and knows these replicas.
    pub fn new(keys: &'k PublicKeys, aliases: &'k BucketAliases) -> Self {
        Self { keys, aliases, buffer: Vec::new() }
    }

    /// Looks at a Digest. Never fails: what is wrong are reasons in the [`Link`].
    pub fn read<'r>(&'r mut self, stored: &StoredDigest<'_>) -> Reading<'r> {
        let (mut link, place) = located(stored, self.aliases);
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER_BYTES);
        inflate(stored.bytes, &mut self.buffer, &mut link.reasons);
        let signature = read_metadata(&stored.metadata, link.backfill, &mut link.reasons);
        if self.buffer.is_empty() && !link.reasons.is_empty() {
            return Reading { link, digest: None };
        }
        let hash = Hex(sha256(&self.buffer));
        link.hash = Some(hash);
        link.signature = signature;
        let digest = match Digest::parse(&self.buffer) {
            Ok(digest) => digest,
            Err(reasons) => {
                link.reasons.extend(&reasons);
                return Reading { link, digest: None };
            }
        };
        link.claims = Some(claims(&digest));
        if let Some(place) = &place {
            compare_place(&digest, &link.location, place, &mut link.reasons);
            check_signature(&digest, hash, place, &stored.metadata, self.keys, &mut link);
        }
        Reading { link, digest: Some(digest) }
    }
}

/// Where the object stands, by its key and the aliases.
fn located(stored: &StoredDigest<'_>, aliases: &BucketAliases) -> (Link, Option<DigestKey>) {
    let delivered_to = aliases.delivered_to(stored.bucket);
    let location = Location { bucket: delivered_to.unwrap_or(stored.bucket).to_owned(), key: stored.key.to_owned() };
    let place = DigestKey::parse(stored.key);
    let mut reasons = Reasons::default();
    match &place {
        None => reasons.add(Reason::NotADigestKey),
        Some(place) if place.region_differs => reasons.add(Reason::RegionDiffers),
        Some(_) => {}
    }
    let link = Link {
        location,
        alias: delivered_to.map(|_| stored.bucket.to_owned()),
        chain: place.as_ref().map(|place| place.chain.clone()),
        stamp_ms: place.as_ref().map(|place| place.stamp_ms),
        backfill: place.as_ref().is_some_and(|place| place.backfill),
        hash: None,
        signature: None,
        claims: None,
        reasons,
    };
    (link, place)
}

/// Inflates exactly one clean member. What comes out of anything else is kept as well, so that it can be told what was there.
fn inflate(stored: &[u8], out: &mut Vec<u8>, reasons: &mut Reasons) {
    if stored.len() > MAX_STORED_BYTES {
        return reasons.add(Reason::StoredTooLarge);
    }
    match inflate_into(stored, out, &LIMITS) {
        Inflation::Done { shape: Shape::CleanMember, .. } => {}
        Inflation::Done { shape: Shape::Plain, .. } => reasons.add(Reason::NotGzip),
        Inflation::Done { shape: Shape::Irregular(flags), .. } => irregular(flags, reasons),
        Inflation::OverLimit { reason: "inflation_ratio" } => reasons.add(Reason::InflationRatio),
        Inflation::OverLimit { .. } | Inflation::TooLargeForMemory => reasons.add(Reason::InflatedTooLarge),
    }
}

fn irregular(flags: GzipFlags, reasons: &mut Reasons) {
    let GzipFlags { several_members, trailing_bytes, bad_crc, truncated, cut_trailer } = flags;
    let all = [
        (several_members, Reason::SeveralMembers),
        (trailing_bytes, Reason::TrailingBytes),
        (bad_crc, Reason::BadCrc),
        (truncated, Reason::Truncated),
        (cut_trailer, Reason::CutTrailer),
    ];
    all.into_iter().filter(|(set, _)| *set).for_each(|(_, reason)| reasons.add(reason));
}

/// The signature and what else the metadata must say.
fn read_metadata(metadata: &Metadata<'_>, backfill: bool, reasons: &mut Reasons) -> Option<Signature> {
    match metadata.signature_algorithm {
        None => reasons.add(Reason::Missing(Member::MetadataSignatureAlgorithm)),
        Some(SIGNATURE_ALGORITHM) => {}
        Some(_) => reasons.add(Reason::WrongMetadataAlgorithm),
    }
    match metadata.backfill_generation_timestamp {
        None if backfill => reasons.add(Reason::Missing(Member::MetadataBackfillTimestamp)),
        Some(text) if backfill && parse_iso(text).is_none() => reasons.add(Reason::Odd(Member::MetadataBackfillTimestamp)),
        Some(_) if !backfill => reasons.add(Reason::BackfillMismatch),
        None | Some(_) => {}
    }
    let signature = metadata.signature.map(str::parse);
    match signature {
        None => reasons.add(Reason::Missing(Member::MetadataSignature)),
        Some(Err(_)) => reasons.add(Reason::Odd(Member::MetadataSignature)),
        Some(Ok(_)) => {}
    }
    signature?.ok()
}

fn claims(digest: &Digest<'_>) -> Claims {
    Claims {
        start_ms: digest.start_ms,
        end_ms: digest.end_ms,
        fingerprint: digest.fingerprint,
        previous: digest.previous.as_ref().map(|previous| Pointer {
            location: Location { bucket: previous.bucket.clone().into_owned(), key: previous.key.clone().into_owned() },
            hash: previous.hash,
            signature: previous.signature.clone(),
        }),
        log_files: digest.log_files.len(),
    }
}

/// Compares what the Digest says about itself, and lists, with where it stands.
fn compare_place(digest: &Digest<'_>, location: &Location, place: &DigestKey, reasons: &mut Reasons) {
    if digest.bucket != location.bucket || digest.key != location.key {
        reasons.add(Reason::Moved);
    }
    if digest.account != place.chain.account {
        reasons.add(Reason::AccountDiffers);
    }
    if digest.end_ms.div_euclid(1000) * 1000 != place.stamp_ms {
        reasons.add(Reason::StampDiffers);
    }
    for file in &digest.log_files {
        compare_log_file(&file.key, &place.chain, reasons);
    }
    let mut listed: Vec<(&str, &str)> = digest.log_files.iter().map(|file| (&*file.bucket, &*file.key)).collect();
    listed.sort_unstable();
    if listed.windows(2).any(|pair| pair.first() == pair.last()) {
        reasons.add(Reason::RepeatedLogFile);
    }
}

/// A listed key. Bucket and prefix may be others than the Digest's, as a trail may be given new ones within the hour, and so may the organization be
/// missing on one side; account and Region may not differ. One that cannot be read as the key of a log file, or names no minute, could be held against
/// nothing that landed: it stands against the Digest, or what it lists would go unnoticed.
fn compare_log_file(key: &str, chain: &ChainId, reasons: &mut Reasons) {
    let Ok(KeyKind::Log(log)) = LogKey::parse(key) else {
        return reasons.add(Reason::Odd(Member::FileObject));
    };
    if log.account != chain.account {
        reasons.add(Reason::LogFileOfAnotherAccount);
    }
    if log.region != chain.region {
        reasons.add(Reason::LogFileOfAnotherRegion);
    }
    if log.organization.is_some() && chain.organization.is_some() && log.organization != chain.organization {
        reasons.add(Reason::LogFileOfAnotherOrganization);
    }
}

fn check_signature(digest: &Digest<'_>, hash: HashValue, place: &DigestKey, metadata: &Metadata<'_>, keys: &PublicKeys, link: &mut Link) {
    // Without a signature there is a reason already.
    let Some(signature) = &link.signature else { return };
    let made_ms = metadata.backfill_generation_timestamp.and_then(parse_iso).filter(|_| place.backfill);
    let signed_ms = match made_ms {
        Some(made_ms) => (made_ms.saturating_sub(BACKFILL_LAG_MS), made_ms.saturating_add(BACKFILL_LAG_MS)),
        None => (digest.end_ms, digest.end_ms.saturating_add(SIGNING_LAG_MS)),
    };
    let text = SignedText::of(digest, hash);
    if let Err(reason) = verify_signature(keys, place.chain.region, digest.fingerprint, signed_ms, &text, signature) {
        link.reasons.add(reason);
    }
}
