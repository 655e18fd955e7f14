//! The roster held against the archive's own records: where they contradict each other, and what the records know more exactly.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use trailkeep_organization::{Difference, DifferenceKind, History, Narrowed, reconcile};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_query::recorded;

use crate::figures::moment;

/// How far back records are read unless somebody says otherwise: 30 days, in milliseconds.
const BACK_MS: i64 = 30 * 86_400_000;

/// From when on records are read.
pub(super) fn since(given_ms: Option<i64>, now_ms: i64) -> i64 {
    given_ms.unwrap_or(now_ms - BACK_MS)
}

/// What came of it, as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Reconciliation {
    since: String,
    until: String,
    pub(crate) differences: Vec<ToldDifference>,
    /// Those that were counted and are not in the list.
    pub(crate) differences_left_out: u64,
    /// Times that a record knows exactly, where an observation only found later that it was so.
    exact: Vec<Exact>,
    /// Why the records could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
}

/// A time that a record makes exact.
#[derive(Debug, Serialize)]
struct Exact {
    account: String,
    what: &'static str,
    at: String,
    found_at: String,
    event_id: String,
}

impl Reconciliation {
    /// Holds a roster against the records of a time, and against who delivered in it. Records that cannot be read are told, and are no failure.
    pub(super) async fn of(bucket: &Arc<dyn AuditBucket>, history: &History, since_ms: i64, now_ms: i64) -> Self {
        let read = async {
            let delivering = recorded::delivering(Arc::clone(bucket), since_ms, now_ms).await?;
            Ok::<_, recorded::RecordedError>((recorded::organization_events(Arc::clone(bucket), since_ms, now_ms).await?, delivering))
        };
        let (reconciled, failed) = match read.await {
            Ok((events, delivering)) => (reconcile(history, &events, &delivering), None),
            Err(error) => (reconcile(history, &[], &BTreeSet::new()), Some(format!("{:#}", anyhow::Error::from(error)))),
        };
        Self {
            since: moment(since_ms),
            until: moment(now_ms),
            differences: reconciled.differences.iter().map(ToldDifference::of).collect(),
            differences_left_out: reconciled.differences_left_out,
            exact: reconciled.narrowed.iter().map(Exact::of).collect(),
            failed,
        }
    }
}

impl Exact {
    fn of(narrowed: &Narrowed) -> Self {
        Self {
            account: narrowed.account.to_string(),
            what: narrowed.kind.name(),
            at: moment(narrowed.at_ms),
            found_at: moment(narrowed.observed_ms),
            event_id: narrowed.event_id.clone(),
        }
    }
}

/// A contradiction, as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct ToldDifference {
    pub(crate) account: String,
    /// Its stable name.
    pub(crate) difference: &'static str,
    /// When the event was.
    at: Option<String>,
    event_name: Option<String>,
    event_id: Option<String>,
}

impl ToldDifference {
    pub(crate) fn of(difference: &Difference) -> Self {
        Self {
            account: difference.account.to_string(),
            difference: difference.kind.name(),
            at: difference.at_ms.map(moment),
            event_name: difference.event_name.clone(),
            event_id: difference.event_id.clone(),
        }
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        let said = [DifferenceKind::JoinedNotListed, DifferenceKind::LeftStillListed, DifferenceKind::DeliversNotListed];
        let words = match said.into_iter().find(|kind| kind.name() == self.difference) {
            Some(DifferenceKind::JoinedNotListed) => "joined, and the roster does not list it",
            Some(DifferenceKind::LeftStillListed) => "left, and the roster lists it",
            _ => "delivers, and the roster never listed it",
        };
        match (&self.event_name, &self.at, &self.event_id) {
            (Some(name), Some(at), Some(id)) => format!("{words}: {name} at {at} (event {id})"),
            _ => words.to_owned(),
        }
    }
}
