//! Lists the origin and says what each key is. Works in rounds, so that memory does not grow with the origin.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_keys::{KeyKind, LogKey, classify};

use super::{
    config::OriginConfig,
    delivery::{Delivery, DeliveryKind},
    error::IngestError,
    observer::Observer,
    origin::{RootNames, Roots},
    ports::Shutdown,
};
use crate::ports::bucket::{LogBucket, ObjectSummary};

/// Objects of one round, all of them in memory: about 350 bytes each, so that a round takes 70 MB.
pub(crate) const ROUND_OBJECTS: usize = 200_000;

/// What lies beside an invented trail and is none of its objects (`trailkeep synth`): the Regions' public keys.
const PUBLIC_KEYS_FILE: &str = "public-keys.json";

/// How the files end that hold the user metadata of the object beside them: the Digests' signatures, in copied trees. Directories read them
/// with their object.
const SIDECAR_SUFFIX: &str = ".metadata.json";

/// Objects that a run passed over, counted by kind.
pub type Skipped = BTreeMap<String, u64>;

/// Walks through the origin.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    origin: &'a dyn LogBucket,
    config: &'a OriginConfig,
    roots: Roots,
    skipped: Skipped,
    page: Option<String>,
    done: bool,
}

/// An object that will be landed, before its root has been named.
struct Candidate {
    summary: ObjectSummary,
    root: Option<usize>,
    tail_from: usize,
    day: u32,
    kind: DeliveryKind,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(origin: &'a dyn LogBucket, config: &'a OriginConfig) -> Self {
        Self { origin, config, roots: Roots::default(), skipped: Skipped::new(), page: None, done: false }
    }

    /// What was passed over so far.
    pub(crate) fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The next deliveries, sorted by (delivery day, canonical key); `None` at the end, or when the run is to stop.
    ///
    /// # Errors
    /// [`IngestError`] where listing fails or the canonical bucket is not known.
    pub(crate) async fn next_round(&mut self, observer: &dyn Observer, shutdown: &Shutdown) -> Result<Option<Vec<Delivery>>, IngestError> {
        let mut candidates = Vec::new();
        while !self.done && candidates.len() < ROUND_OBJECTS {
            if shutdown.is_requested() {
                return Ok(None);
            }
            let page = self.origin.list(&self.config.prefix, self.page.take()).await.map_err(IngestError::List)?;
            let (seen, before) = (page.objects.len(), candidates.len());
            candidates.extend(page.objects.into_iter().filter_map(|summary| self.sort_out(summary)));
            let bytes = candidates.iter().skip(before).map(|c: &Candidate| c.summary.size_bytes).sum();
            observer.listed(seen as u64, (candidates.len() - before) as u64, bytes);
            self.done = page.next.is_none();
            self.page = page.next;
        }
        if candidates.is_empty() {
            return Ok(None);
        }
        let names = self.roots.name(self.origin, self.config).await?;
        let mut deliveries = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            deliveries.push(candidate.named(&names).ok_or_else(|| IngestError::BucketUnknown { origin: self.origin.address() })?);
        }
        deliveries.sort_unstable_by(Delivery::landing_order);
        Ok(Some(deliveries))
    }

    fn sort_out(&mut self, summary: ObjectSummary) -> Option<Candidate> {
        // By name alone: an empty object with CloudTrail's name is landed too, and quarantined with its reason.
        match classify(&summary.key, None) {
            KeyKind::Log(key) => self.candidate(summary, &key, DeliveryKind::Log),
            KeyKind::Digest(key) => self.candidate(summary, &key, DeliveryKind::Digest),
            KeyKind::OtherService { service } => self.skip(format!("other service: {service}")),
            KeyKind::FolderMarker => self.skip("folder marker".to_owned()),
            KeyKind::Unrecognised { .. } if is_side_file(&summary.key, self.config.all_files) => None,
            KeyKind::Unrecognised { .. } if self.config.all_files && is_json_name(&summary.key) => self.other_file(summary),
            KeyKind::Unrecognised { reason } => self.skip(format!("not a cloudtrail name: {reason}")),
        }
    }

    fn candidate(&mut self, summary: ObjectSummary, key: &LogKey, kind: DeliveryKind) -> Option<Candidate> {
        if !self.config.window.holds(key) {
            return self.skip("outside --since and --until".to_owned());
        }
        let root = self.roots.number(key);
        if kind == DeliveryKind::Digest {
            self.roots.saw_digest(root, &summary.key);
        }
        let slash = usize::from(key.prefix.bytes().any(|byte| byte != b'/'));
        let tail_from = key.prefix.len() + slash;
        Some(Candidate { summary, root: Some(root), tail_from, day: key.delivery_day, kind })
    }

    /// A file whose name says nothing of its delivery: out of any window.
    fn other_file(&mut self, summary: ObjectSummary) -> Option<Candidate> {
        if !self.config.window.is_unbounded() {
            return self.skip("no delivery time in its name".to_owned());
        }
        Some(Candidate { summary, root: None, tail_from: 0, day: 0, kind: DeliveryKind::Other })
    }

    fn skip(&mut self, kind: String) -> Option<Candidate> {
        *self.skipped.entry(kind).or_default() += 1;
        None
    }
}

impl Candidate {
    fn named(self, names: &RootNames) -> Option<Delivery> {
        let (bucket, prefix) = match self.root.and_then(|root| names.roots.get(root)) {
            Some(root) => (Arc::clone(&root.bucket), Arc::clone(&root.prefix)),
            None => (names.bucket.clone()?, Arc::from("")),
        };
        Some(Delivery {
            path: self.summary.key,
            bucket,
            prefix,
            tail_from: self.tail_from as u32,
            day: self.day,
            kind: self.kind,
            size_bytes: self.summary.size_bytes,
            modified_ms: self.summary.modified_ms,
            etag: self.summary.etag.map(String::into_boxed_str),
        })
    }
}

/// Whether a file is known to go with a trail and to be none of its objects: nothing to tell. With `all_files` only a sidecar is.
fn is_side_file(key: &str, all_files: bool) -> bool {
    if let Some(beside) = key.strip_suffix(SIDECAR_SUFFIX) {
        return matches!(classify(beside, None), KeyKind::Log(_) | KeyKind::Digest(_));
    }
    !all_files && key.rsplit('/').next() == Some(PUBLIC_KEYS_FILE)
}

fn is_json_name(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower.ends_with(".json") || lower.ends_with(".json.gz")
}
