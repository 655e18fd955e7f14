//! Hours without a Digest: the folders that their Digests would stand in are listed in the log bucket, and what was delivered there and never announced is
//! asked for.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_keys::{KeyKind, LogClass, LogKey};
use trailkeep_pipeline::ports::{bucket::LogBucket, queue::NotificationQueue};
use trailkeep_records::time::day_of;
use trailkeep_verification::Marks;

use super::{Round, StepError, settling::Name};
use crate::{
    heal::Presence,
    lifecycle::{Change, Open, State},
};

const DAY_MS: i64 = 86_400_000;
const HALF_HOUR_MS: i64 = 1_800_000;
/// The cause of a gap in which nothing can have been delivered. An event that stopped a trail is no such: it may be of another trail.
const NOTHING_TO_FIND: &str = "suspended";
/// Most days of one gap that are listed.
const MOST_DAYS: usize = 8;
/// Most Digests of one folder: there are 24 a day and trail.
const MOST_LISTED: usize = 10_000;
/// Most places that Digests of one account may be delivered to.
const MOST_PLACES: usize = 8;

/// Where Digests are delivered: canonical bucket, prefix, organization.
type Place = (String, String, Option<String>);

impl Round<'_> {
    /// Lists the folders of silent hours, and asks for what is there.
    pub(super) async fn silent_hours(&mut self, queue: &dyn NotificationQueue, mut budget: usize) -> Result<(), StepError> {
        if self.ports.log_buckets.is_none() {
            return Ok(());
        }
        let places = self.places();
        let mut folders = self.settings.bounds.folders;
        let due: Vec<(String, Open)> = self.silent();
        for (account, open) in due {
            if folders == 0 || budget == 0 || self.stop.is_asked() {
                break;
            }
            let (found, looked) = self.delivered(&account, &open, &places, &mut folders).await;
            let Some(found) = found.filter(|_| looked) else { continue };
            let landings = self.landings(&found).await?;
            let wanted: Vec<Name> = found.into_iter().filter(|name| !landings.contains_key(name)).take(budget).collect();
            let sent = self.send(queue, &wanted).await.map_err(|(_, error)| error)?;
            budget -= sent.len().min(budget);
            self.report.heal_sent += sent.len() as u64;
            let presence = if wanted.is_empty() { Presence::NotThere } else { Presence::There };
            self.looked_for(&account, &open.id, presence, !sent.is_empty());
        }
        Ok(())
    }

    /// Gaps whose folders are due to be listed.
    fn silent(&self) -> Vec<(String, Open)> {
        let may_have = |open: &Open| {
            let region = open.found.region.as_deref().unwrap_or_default();
            let account = open.found.account.as_deref().unwrap_or_default();
            open.found.name == "gap"
                && open.healing.is_due(self.now_ms)
                && self.settings.admission.admits(account, region)
                && !open.found.reasons.iter().any(|cause| cause == NOTHING_TO_FIND)
        };
        let all = self.accounts.iter().flat_map(|(account, note)| note.content.findings.open.iter().map(move |open| (account, open)));
        all.filter(|(_, open)| may_have(open)).map(|(account, open)| (account.clone(), open.clone())).collect()
    }

    /// Where each account's Digests have been delivered, and where those of anybody are.
    fn places(&self) -> BTreeMap<String, BTreeSet<Place>> {
        let mut places: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
        for note in self.accounts.values() {
            for (chain, mark) in Marks::from_json(note.content.marks.to_string().as_bytes()).iter() {
                let Ok(KeyKind::Digest(key)) = LogKey::parse(&mark.head.location.key) else { continue };
                let place = (mark.head.location.bucket.clone(), key.prefix, key.organization.map(|id| id.to_string()));
                // Another account delivers where this one does only for an organization's trail.
                if place.2.is_some() {
                    places.entry(String::new()).or_default().insert(place.clone());
                }
                places.entry(chain.account.to_string()).or_default().insert(place);
            }
        }
        places
    }

    /// The Digests of a gap's hours that stand in the log bucket, and whether all of it could be looked at.
    async fn delivered(
        &self,
        account: &str,
        open: &Open,
        places: &BTreeMap<String, BTreeSet<Place>>,
        folders: &mut usize,
    ) -> (Option<BTreeSet<Name>>, bool) {
        let (Some(region), Some(from_ms), Some(to_ms)) = (&open.found.region, open.found.from_ms, open.found.to_ms) else {
            return (None, false);
        };
        let Some(places) = places.get(account).or_else(|| places.get("")) else { return (None, false) };
        // A Digest is named for its end, and covers the hour whose half it holds.
        let stamps = from_ms + HALF_HOUR_MS..to_ms + HALF_HOUR_MS * 2 + 1;
        let days = (0..MOST_DAYS as i64).map(|day| stamps.start.div_euclid(DAY_MS) * DAY_MS + day * DAY_MS);
        let days: Vec<u32> = days.take_while(|day_ms| *day_ms < stamps.end).filter_map(day_of).collect();
        let mut found = BTreeSet::new();
        for (bucket, prefix, organization) in places.iter().take(MOST_PLACES) {
            let store = match &self.ports.log_buckets {
                Some(buckets) => buckets.bucket(self.settings.replica_of(bucket)).await,
                None => Ok(None),
            };
            let store = match store {
                Ok(Some(store)) => store,
                Ok(None) => return (None, false),
                Err(error) => {
                    tracing::warn!(bucket, %error, "a log bucket cannot be looked into");
                    return (None, false);
                }
            };
            for day in &days {
                let Some(left) = folders.checked_sub(1) else { return (Some(found), false) };
                *folders = left;
                let folder = folder(prefix, organization.as_deref(), account, region, *day);
                match digests(store.as_ref(), &folder, &stamps).await {
                    Ok(keys) => found.extend(keys.into_iter().map(|key| (bucket.clone(), key))),
                    Err(error) => {
                        tracing::warn!(bucket, folder, %error, "a folder of Digests cannot be listed");
                        return (Some(found), false);
                    }
                }
            }
        }
        (Some(found), true)
    }

    /// Takes down that a gap's folders were listed, and whether anything was asked for.
    fn looked_for(&mut self, account: &str, id: &str, presence: Presence, asked: bool) {
        let now_ms = self.now_ms;
        let Some(note) = self.accounts.get_mut(account) else { return };
        for open in note.content.findings.open.iter_mut().filter(|open| open.id == id) {
            let first = asked && open.healing.asked_ms.is_empty();
            if asked {
                open.healing.ask(now_ms);
            } else {
                open.healing.look(now_ms);
            }
            open.healing.at_source = Some(presence);
            if first {
                self.changes.push(Change { state: State::Healing, at_ms: now_ms, open: open.clone() });
            }
        }
    }
}

/// The folder of a day's Digests.
fn folder(prefix: &str, organization: Option<&str>, account: &str, region: &str, day: u32) -> String {
    let below = |name: &str| if name.is_empty() { String::new() } else { format!("{name}/") };
    let organization = organization.map(below).unwrap_or_default();
    let (year, month, day) = (day / 10_000, day / 100 % 100, day % 100);
    format!("{}AWSLogs/{organization}{account}/CloudTrail-Digest/{region}/{year:04}/{month:02}/{day:02}/", below(prefix))
}

/// The keys of Digests in a folder that are named for a moment of the stretch.
async fn digests(
    bucket: &dyn LogBucket,
    folder: &str,
    stamps: &std::ops::Range<i64>,
) -> Result<Vec<String>, trailkeep_pipeline::ports::bucket::BucketError> {
    let (mut keys, mut page) = (Vec::new(), None);
    loop {
        let listed = bucket.list(folder, page).await?;
        for object in listed.objects {
            let Ok(KeyKind::Digest(key)) = LogKey::parse(&object.key) else { continue };
            if key.class == LogClass::Digest && key.delivered_ms().is_some_and(|at_ms| stamps.contains(&at_ms)) && keys.len() < MOST_LISTED
            {
                keys.push(object.key);
            }
        }
        page = listed.next;
        if page.is_none() || keys.len() >= MOST_LISTED {
            return Ok(keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_where_cloudtrail_delivers_digests_to() {
        assert_eq!(
            folder("", Some("o-exampleorg1"), "111122223333", "eu-west-1", 20_260_105),
            "AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/eu-west-1/2026/01/05/"
        );
        assert_eq!(
            folder("logs/of/us", None, "111122223333", "eu-west-1", 20_261_231),
            "logs/of/us/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/12/31/"
        );
    }
}
