//! What is missing is asked for: one notification each to the collector's queue, in S3's own form. Where the log buckets may be looked into it is looked
//! first whether the object is there at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt as _, stream};
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_notifications::{ObjectNotice, s3_event};
use trailkeep_pipeline::ports::{
    bucket::Standing,
    queue::{NotificationQueue, OutgoingMessage},
};

use super::{
    Round, StepError,
    settling::{Landing, Name},
};
use crate::{
    finding::Found,
    heal::{Healing, Presence, wanted},
    lifecycle::{Change, State},
};

/// Most objects of one message: a body of about 56 KB with CloudTrail's usual keys.
const OBJECTS_OF_A_MESSAGE: usize = 100;
/// Messages that are sent at once.
const MESSAGES_AT_ONCE: usize = 10;
/// Objects that are looked for at once.
const LOOKS_AT_ONCE: usize = 16;

/// What is to be asked for, and for whom: the account, and the finding's id; none for what there was no room to remember.
#[derive(Debug, Default)]
struct Wanted {
    names: BTreeMap<Name, Vec<(String, Option<String>)>>,
}

impl Round<'_> {
    /// Asks for what is due.
    pub(super) async fn heal(&mut self, beyond: &BTreeMap<String, Vec<Found>>) -> Result<(), StepError> {
        let Some(queue) = self.ports.heal_queue.clone() else { return Ok(()) };
        self.give_up();
        let mut budget = self.settings.bounds.notifications;
        let due = self.due(beyond);
        let names: BTreeSet<Name> = due.names.keys().cloned().collect();
        let landings = self.landings(&names).await?;
        let mut open: Vec<Name> =
            names.into_iter().filter(|name| landings.get(name).is_none_or(|landing| *landing == Landing::Not)).collect();
        let all = open.len();
        open.truncate(budget);
        let standings = self.standings(&open).await;
        for (name, standing) in &standings {
            self.note_standing(due.names.get(name), *standing);
        }
        // What is certainly not there is not asked for; that it was looked for is a try, and no asking.
        let absent = |name: &Name| matches!(standings.get(name), Some(Presence::NotThere | Presence::DeleteMarker));
        let (absent, asked): (Vec<Name>, Vec<Name>) = open.into_iter().partition(absent);
        let sent = self.send(queue.as_ref(), &asked).await;
        let whole = sent.is_ok() && all <= budget;
        let (sent, failed) = match sent {
            Ok(sent) => (sent, None),
            Err((sent, error)) => (sent, Some(error)),
        };
        budget = budget.saturating_sub(sent.len());
        self.report.heal_sent += sent.len() as u64;
        self.tried(&due, &absent, Healing::look);
        self.tried(&due, &sent, Healing::ask);
        self.asked_for_beyond(beyond, whole);
        if let Some(error) = failed {
            return Err(error);
        }
        self.silent_hours(queue.as_ref(), budget).await
    }

    /// Says once that asking is over.
    fn give_up(&mut self) {
        let now_ms = self.now_ms;
        for open in self.accounts.values_mut().flat_map(|note| &mut note.content.findings.open) {
            if !open.healing.given_up && open.healing.is_over(now_ms) {
                open.healing.given_up = true;
                self.changes.push(Change { state: State::Healing, at_ms: now_ms, open: open.clone() });
            }
        }
    }

    fn due(&self, beyond: &BTreeMap<String, Vec<Found>>) -> Wanted {
        let mut due = Wanted::default();
        for (account, note) in &self.accounts {
            for open in note.content.findings.open.iter().filter(|open| open.healing.is_due(self.now_ms)) {
                due.add(self.name_of(&open.found), account, Some(&open.id));
            }
            if note.content.beyond.is_due(self.now_ms) {
                for found in beyond.get(account).into_iter().flatten() {
                    due.add(self.name_of(found), account, None);
                }
            }
        }
        due
    }

    /// What would put it right, if the collector lands such.
    fn name_of(&self, found: &Found) -> Option<Name> {
        let (bucket, key) = wanted(found)?;
        let (KeyKind::Log(parsed) | KeyKind::Digest(parsed)) = LogKey::parse(key).ok()? else { return None };
        self.settings.admission.admits(parsed.account.as_str(), parsed.region.as_str()).then(|| (bucket.to_owned(), key.to_owned()))
    }

    /// Whether these are in their log buckets, as far as may be looked.
    async fn standings(&self, names: &[Name]) -> HashMap<Name, Presence> {
        let Some(buckets) = &self.ports.log_buckets else { return HashMap::new() };
        let look = |name: &Name| {
            let name = name.clone();
            async move {
                let bucket = buckets.bucket(self.settings.replica_of(&name.0)).await;
                let standing = match bucket {
                    Ok(Some(bucket)) => bucket.standing(&name.1).await.map_err(|error| error.to_string()),
                    Ok(None) => return (name, Presence::NotLooked),
                    Err(error) => Err(error.to_string()),
                };
                let presence = match standing {
                    Ok(Standing::There) => Presence::There,
                    Ok(Standing::NotThere) => Presence::NotThere,
                    Ok(Standing::Deleted) => Presence::DeleteMarker,
                    Err(error) => {
                        tracing::warn!(bucket = name.0, key = name.1, error, "a log bucket cannot be looked into");
                        Presence::NotLooked
                    }
                };
                (name, presence)
            }
        };
        let some = names.iter().take(self.settings.bounds.looks);
        let mut standings: HashMap<Name, Presence> = stream::iter(some).map(look).buffer_unordered(LOOKS_AT_ONCE).collect().await;
        for name in names {
            standings.entry(name.clone()).or_insert(Presence::NotLooked);
        }
        standings
    }

    fn note_standing(&mut self, whose: Option<&Vec<(String, Option<String>)>>, presence: Presence) {
        for (account, id) in whose.into_iter().flatten() {
            let Some(note) = self.accounts.get_mut(account) else { continue };
            for open in note.content.findings.open.iter_mut().filter(|open| Some(&open.id) == id.as_ref()) {
                open.healing.at_source = Some(presence);
            }
        }
    }

    /// Takes down what was done about these. The first time that something is asked for, or looked for, is told.
    fn tried(&mut self, due: &Wanted, names: &[Name], what: fn(&mut Healing, i64)) {
        let now_ms = self.now_ms;
        let mut ids: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (account, id) in names.iter().filter_map(|name| due.names.get(name)).flatten() {
            ids.entry(account).or_default().extend(id);
        }
        for (account, ids) in ids {
            let Some(note) = self.accounts.get_mut(account) else { continue };
            for open in note.content.findings.open.iter_mut().filter(|open| ids.contains(&open.id)) {
                let (tries, asked) = (open.healing.tries(), open.healing.asked_ms.len());
                what(&mut open.healing, now_ms);
                open.healing.at_source.get_or_insert(Presence::NotLooked);
                if tries == 0 || (asked == 0 && !open.healing.asked_ms.is_empty()) {
                    self.changes.push(Change { state: State::Healing, at_ms: now_ms, open: open.clone() });
                }
            }
        }
    }

    /// Those that are not remembered one by one have been asked for once all of them have. `whole`: all that was due.
    fn asked_for_beyond(&mut self, beyond: &BTreeMap<String, Vec<Found>>, whole: bool) {
        for account in beyond.keys().filter(|_| whole) {
            if let Some(note) = self.accounts.get_mut(account)
                && note.content.beyond.is_due(self.now_ms)
            {
                note.content.beyond.ask(self.now_ms);
            }
        }
    }

    /// Sends notifications of these. Gives those that were sent, also where it fails.
    pub(super) async fn send(&self, queue: &dyn NotificationQueue, names: &[Name]) -> Result<Vec<Name>, (Vec<Name>, StepError)> {
        let mut by_bucket: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
        for name in names {
            by_bucket.entry(self.settings.replica_of(&name.0)).or_default().push(name);
        }
        let portions: Vec<(&str, &[&Name])> =
            by_bucket.iter().flat_map(|(bucket, names)| names.chunks(OBJECTS_OF_A_MESSAGE).map(move |some| (*bucket, some))).collect();
        let mut sent = Vec::new();
        for some in portions.chunks(MESSAGES_AT_ONCE) {
            let messages: Vec<OutgoingMessage> = some.iter().map(|(bucket, names)| message(bucket, names)).collect();
            if let Err(error) = self.hold().await {
                return Err((sent, error.into()));
            }
            match queue.send(&messages).await {
                Err(error) => return Err((sent, error.into())),
                Ok(answers) => {
                    for ((_, names), answer) in some.iter().zip(answers) {
                        match answer {
                            Ok(()) => sent.extend(names.iter().map(|name| (*name).clone())),
                            Err(error) => tracing::warn!(%error, objects = names.len(), "the collector's queue refused notifications"),
                        }
                    }
                }
            }
        }
        Ok(sent)
    }
}

impl Wanted {
    fn add(&mut self, name: Option<Name>, account: &str, id: Option<&str>) {
        if let Some(name) = name {
            self.names.entry(name).or_default().push((account.to_owned(), id.map(str::to_owned)));
        }
    }
}

fn message(bucket: &str, names: &[&Name]) -> OutgoingMessage {
    let notice = |(_, key): &&Name| ObjectNotice {
        bucket: bucket.to_owned(),
        key: key.clone(),
        version: None,
        etag: None,
        size_bytes: None,
        // The collector's lag is of live traffic: no time, no lag.
        event_time_ms: None,
        sequencer: None,
    };
    let notices: Vec<ObjectNotice> = names.iter().map(notice).collect();
    OutgoingMessage { body: s3_event(&notices), ..OutgoingMessage::default() }
}
