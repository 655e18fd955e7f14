//! What people said of findings: taken up for those that are open, and as they are now. An acknowledged finding stays what it is; it is only counted apart, and
//! alarms nobody, until it changes.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_archive::{Acknowledgement, layout::ACKNOWLEDGED, parse_acknowledgement_key};
use trailkeep_pipeline::ports::{bucket::BucketError, causes};

use super::{Round, StepError};
use crate::lifecycle::{Change, State};

/// Most acknowledgements of one finding that are read, the newest first.
const MOST_OF_A_FINDING: usize = 4;
/// Most acknowledgements that are read in a round.
const MOST_READ: usize = 10_000;
/// Most keys that are listed; what people wrote is far less.
const MOST_LISTED: usize = 1_000_000;
/// So far behind the auditor's clock a writer's may be: a day, milliseconds. What was written earlier than that before a finding was told is not read.
const CLOCKS_APART_MS: i64 = 86_400_000;

impl Round<'_> {
    /// Takes up what was said of findings that are open.
    pub(super) async fn acknowledge(&mut self) -> Result<(), StepError> {
        let all = self.accounts.values().flat_map(|note| &note.content.findings.open);
        let open: BTreeMap<String, i64> =
            all.filter(|open| open.acknowledged_ms.is_none()).map(|open| (open.id.clone(), open.told_ms())).collect();
        if open.is_empty() {
            return Ok(());
        }
        let mut said = BTreeMap::new();
        let mut left = MOST_READ;
        for (id, keys) in self.written(&open).await? {
            for key in keys.into_iter().rev().take(MOST_OF_A_FINDING.min(left)) {
                left -= 1;
                if let Some(acknowledgement) = self.said_of(&id, open.get(&id).copied().unwrap_or(i64::MAX), &key).await? {
                    said.insert(id.clone(), (key, acknowledgement));
                    break;
                }
            }
        }
        self.take_up(&said);
        Ok(())
    }

    /// Keys of what was said of these findings, ascending by when it was written.
    async fn written(&self, open: &BTreeMap<String, i64>) -> Result<BTreeMap<String, BTreeSet<String>>, StepError> {
        let bucket = self.archive.bucket();
        let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let (mut page, mut listed) = (None, 0);
        loop {
            let one = match bucket.list(ACKNOWLEDGED, page).await {
                // A directory has no folder for what it does not hold.
                Err(BucketError::NotFound { .. }) => break,
                one => one?,
            };
            listed += one.objects.len();
            for object in one.objects {
                let Some((id, at_ms)) = parse_acknowledgement_key(&object.key) else { continue };
                if open.get(id).is_some_and(|told_ms| at_ms.saturating_add(CLOCKS_APART_MS) >= *told_ms) {
                    written.entry(id.to_owned()).or_default().insert(object.key);
                }
            }
            page = one.next;
            if page.is_none() {
                break;
            }
            if listed > MOST_LISTED {
                tracing::warn!(listed, "there are more acknowledgements than are listed: those of greater ids are not taken up");
                break;
            }
        }
        Ok(written)
    }

    /// What an object says of a finding that is told since then; none: it says nothing of it as it is now.
    async fn said_of(&self, id: &str, told_ms: i64, key: &str) -> Result<Option<Acknowledgement>, StepError> {
        let bytes = match self.archive.bucket().get(key, Acknowledgement::MAX_BYTES).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error @ BucketError::TooLarge { .. }) => {
                tracing::warn!(key, error = causes(&error), "an acknowledgement cannot be taken up");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        match Acknowledgement::parse(&bytes) {
            // A time in the future would be of whatever comes.
            Ok(said) if said.finding == id => Ok(Some(said).filter(|said| (told_ms..=self.now_ms).contains(&said.as_of_ms))),
            Ok(_) => {
                tracing::warn!(key, "an acknowledgement is of another finding than its key, and is not taken up");
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(key, error = causes(&error), "an acknowledgement cannot be taken up");
                Ok(None)
            }
        }
    }

    fn take_up(&mut self, said: &BTreeMap<String, (String, Acknowledgement)>) {
        let now_ms = self.now_ms;
        for open in self.accounts.values_mut().flat_map(|note| &mut note.content.findings.open) {
            let Some((key, said)) = said.get(&open.id) else { continue };
            open.acknowledged_ms = Some(now_ms);
            // Who and why is in the row and the message: the note has no room for it.
            let mut told = open.clone();
            let evidence = [
                ("acknowledged_because", Some(said.reason.clone())),
                ("acknowledged_by", said.by.clone()),
                ("acknowledgement", Some(key.clone())),
            ];
            told.found.evidence.extend(evidence.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            self.changes.push(Change { state: State::Acknowledged, at_ms: now_ms, open: told });
        }
    }
}
