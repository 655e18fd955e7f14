//! Whom the auditor asks: CloudTrail for its keys, Organizations for its accounts; and what becomes of a round where one of them refuses.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use trailkeep_organization::{Account, Roster, State};

use super::{
    attesting::DAY_MS,
    world::{HOUR_MS, Published, World},
};
use crate::{KeySource, OnceError, OrganizationSource, OutsideError, Ports, RoundReport, Settings};

/// The Region of the trail.
const REGION: &str = "us-east-1";

fn ports(world: &World, keys: &Arc<Published>) -> Ports {
    Ports { keys: Some(Arc::clone(keys) as Arc<dyn KeySource>), ..world.ports() }
}

#[test]
fn the_first_round_asks_for_keys_where_something_came_from_though_nobody_named_a_region() {
    let world = World::new(|_| false);
    let keys = world.published();
    let report = world.round_with(World::settings(), ports(&world, &keys)).unwrap();
    assert_eq!((report.outcome(), report.verification_failed), ("done", 0), "{report:?}");
    assert!(report.digests_verified > 0);
    assert_eq!(keys.asked(), [REGION]);
    assert_eq!(world.audit.objects().into_keys().filter(|key| key.starts_with("keys/")).count(), 1);

    world.pass(HOUR_MS);
    assert_eq!(world.round_with(World::settings(), ports(&world, &keys)).unwrap().outcome(), "done");
    assert_eq!(keys.asked(), Vec::<String>::new(), "once a day");
    world.pass(DAY_MS);
    world.round_with(World::settings(), ports(&world, &keys)).unwrap();
    assert_eq!(keys.asked(), [REGION]);
    // A clock that was a year ahead is no reason to wait for a year.
    world.pass(-DAY_MS / 2);
    world.round_with(World::settings(), ports(&world, &keys)).unwrap();
    assert_eq!(keys.asked(), [REGION]);
}

#[test]
fn keys_that_are_refused_are_asked_for_again_by_the_next_round_and_kept_ones_serve_meanwhile() {
    let world = World::new(|_| false);
    let keys = world.published();
    keys.refuses.store(true, std::sync::atomic::Ordering::Relaxed);
    let refused = world.round_with(World::settings(), ports(&world, &keys)).unwrap_err();
    assert!(matches!(&refused, OnceError::NotVerified(steps) if steps == "keys"), "{refused}");
    keys.refuses.store(false, std::sync::atomic::Ordering::Relaxed);
    world.pass(60_000);
    assert_eq!(world.round_with(World::settings(), ports(&world, &keys)).unwrap().outcome(), "done");

    keys.refuses.store(true, std::sync::atomic::Ordering::Relaxed);
    world.pass(DAY_MS);
    let report = world.round_with(World::settings(), ports(&world, &keys)).unwrap();
    assert_eq!((report.failed.as_slice(), report.verified), (["keys"].as_slice(), true), "{report:?}");
    assert_eq!(report.known().verification_failed, Some(report.verification_failed), "a step that failed silences no other");
}

#[test]
fn an_archive_in_which_nothing_landed_has_no_region_to_ask_in() {
    let world = World::new(|_| true);
    let keys = world.published();
    let refused = world.round_with(World::settings(), ports(&world, &keys)).unwrap_err();
    assert!(matches!(refused, OnceError::NotVerified(_)), "{refused}");
    assert_eq!(keys.asked(), Vec::<String>::new());
    let settings = Settings { assume_regions: vec![REGION.parse().unwrap()], ..World::settings() };
    world.round_with(settings, ports(&world, &keys)).unwrap();
    assert_eq!(keys.asked(), [REGION]);
}

/// AWS Organizations.
#[derive(Debug)]
struct Organization {
    /// Its accounts; none: it refuses.
    accounts: Option<Vec<Account>>,
    asked: Mutex<u32>,
}

#[async_trait]
impl OrganizationSource for Organization {
    async fn observe(&self, now_ms: i64) -> Result<(Option<Roster>, Vec<String>), OutsideError> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let Some(accounts) = self.accounts.clone() else {
            return Ok((None, vec!["allow organizations:ListAccounts".to_owned()]));
        };
        let roster = Roster::new(now_ms, "o-exampleorg1".parse().unwrap(), None, accounts).unwrap();
        Ok((Some(roster), vec!["allow account:ListRegions".to_owned()]))
    }
}

fn account(id: &str) -> Account {
    Account {
        id: id.parse().unwrap(),
        name: Some("payments".to_owned()),
        email: None,
        state: State::Active,
        unit: None,
        tags: None,
        regions: None,
        joined_ms: None,
        joined_method: None,
    }
}

fn asking(world: &World, organization: &Arc<Organization>) -> RoundReport {
    let settings = Settings { without_organization: false, assume_regions: vec![REGION.parse().unwrap()], ..World::settings() };
    let organization = Some(Arc::clone(organization) as Arc<dyn OrganizationSource>);
    world.round_with(settings, Ports { organization, ..world.ports() }).unwrap()
}

fn asked(organization: &Organization) -> u32 {
    *organization.asked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn organizations_that_refuse_are_a_failed_step_and_a_finding_and_the_archive_is_verified_all_the_same() {
    let world = World::new(|_| false);
    let refusing = Arc::new(Organization { accounts: None, asked: Mutex::default() });
    let report = asking(&world, &refusing);
    assert_eq!((report.failed.as_slice(), report.outcome()), (["roster"].as_slice(), "failed"), "{report:?}");
    assert!(report.verified && report.digests_verified > 0 && report.findings_open > 0, "whoever runs it once is told by its exit");
    assert!(world.changes().contains(&("coverage_unknown".to_owned(), "opened")), "{:?}", world.changes());
    assert_eq!(world.audit.objects().into_keys().filter(|key| key.starts_with("accounts/")).count(), 0);
    world.pass(HOUR_MS);
    let next = asking(&world, &refusing);
    assert_eq!((asked(&refusing), next.roster_age_h), (2, Some(1)), "asked again each hour, and the roster gets older");
}

#[test]
fn accounts_are_asked_for_once_a_day_and_kept_and_who_is_silent_is_found() {
    let world = World::new(|_| false);
    let accounts = ["111122220001", "111122220002", "444455556666"].map(account).to_vec();
    let organization = Arc::new(Organization { accounts: Some(accounts), asked: Mutex::default() });
    let report = asking(&world, &organization);
    assert_eq!((report.outcome(), report.roster_age_h), ("done", Some(0)), "{report:?}");
    let silent = world.rows().into_iter().any(|row| row.name == "gap" && row.account.as_deref() == Some("444455556666"));
    assert!(silent, "it was never seen, and should have been: {:?}", world.changes());
    let kept = || world.audit.objects().into_keys().filter(|key| key.starts_with("accounts/")).count();
    assert_eq!(kept(), 1);
    world.pass(2 * HOUR_MS);
    let report = asking(&world, &organization);
    assert_eq!((asked(&organization), kept(), report.roster_age_h), (1, 1, Some(2)));
    world.pass(DAY_MS);
    asking(&world, &organization);
    assert_eq!((asked(&organization), kept()), (2, 2), "confirmed once a day");
    world.pass(-DAY_MS / 2);
    asking(&world, &organization);
    assert_eq!(asked(&organization), 3, "a clock that was ahead is no reason to wait");
}
