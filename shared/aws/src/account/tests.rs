//! Answers that emulators never give.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use aws_sdk_account::{
    Config,
    config::{BehaviorVersion, Credentials, retry::RetryConfig},
};
use trailkeep_organization::Account;

use super::*;
use crate::s3::scripted::{Reply, Scripted};

const MANAGEMENT: &str = "111122223333";

fn account(id: &str, state: State) -> Account {
    Account {
        id: id.parse().unwrap(),
        name: None,
        email: None,
        state,
        unit: None,
        tags: None,
        regions: None,
        joined_ms: None,
        joined_method: None,
    }
}

fn roster() -> Roster {
    let members = [MANAGEMENT, "444455556666", "777788889999"].map(|id| account(id, State::Active));
    let accounts = members.into_iter().chain([account("123456789012", State::Suspended)]).collect();
    Roster::new(5_000, "o-exampleorg1".parse().unwrap(), Some(MANAGEMENT.parse().unwrap()), accounts).unwrap()
}

fn json(status: u16, body: &str) -> Reply {
    Reply::new(status, body).with("content-type", "application/json")
}

fn denied() -> Reply {
    json(403, r#"{"message":"Access denied."}"#).with("x-amzn-errortype", "AccessDeniedException")
}

fn regions(names: &[(&str, &str)], next: &str) -> Reply {
    let listed: Vec<String> =
        names.iter().map(|(name, status)| format!(r#"{{"RegionName":"{name}","RegionOptStatus":"{status}"}}"#)).collect();
    json(200, &format!(r#"{{"Regions":[{}],"NextToken":{next}}}"#, listed.join(",")))
}

/// What each account is known to have enabled, what was refused, and for whom it was asked.
async fn asked(replies: Vec<Reply>) -> (BTreeMap<String, Vec<String>>, Vec<String>, Vec<String>) {
    let server = Scripted::answering(replies);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_sdk_account::config::Region::new("us-east-1"))
        .endpoint_url(server.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .build();
    let account_regions = AccountRegions::with_client(Client::from_conf(config), Some(MANAGEMENT.parse().unwrap()));
    let (roster, refused) = account_regions.complete(roster()).await;
    let known = roster
        .accounts()
        .iter()
        .filter_map(|account| Some((account.id.to_string(), account.regions.as_ref()?.iter().map(ToString::to_string).collect())));
    let requests = server.requests().into_iter().map(|request| format!("{} {}", request.line, request.body));
    (known.collect(), refused, requests.collect())
}

#[tokio::test]
async fn each_active_account_is_asked_page_by_page_and_the_callers_own_without_its_id() {
    let own = regions(&[("us-east-1", "ENABLED_BY_DEFAULT"), ("eu-south-2", "ENABLING")], "null");
    let first = regions(&[("us-east-1", "ENABLED_BY_DEFAULT")], r#""more""#);
    let second = regions(&[("eu-south-2", "ENABLED"), ("ap-east-1", "DISABLING"), ("me-south-1", "DISABLED")], "null");
    let (known, refused, asked) = asked(vec![own, first, second, regions(&[("us-east-1", "ENABLED_BY_DEFAULT")], "null")]).await;
    assert_eq!(refused, Vec::<String>::new());
    assert_eq!(known.keys().collect::<Vec<_>>(), [MANAGEMENT, "444455556666", "777788889999"]);
    assert_eq!(known[MANAGEMENT], ["us-east-1"]);
    assert_eq!(known["444455556666"], ["ap-east-1", "eu-south-2", "us-east-1"]);
    assert!(asked[0].contains("listRegions") && !asked[0].contains("AccountId"), "{asked:?}");
    assert!(asked[1].contains("444455556666") && asked[2].contains("more") && asked[3].contains("777788889999"), "{asked:?}");
}

#[tokio::test]
async fn being_denied_others_is_said_once_and_leaves_them_unknown() {
    let own = || regions(&[("us-east-1", "ENABLED_BY_DEFAULT")], "null");
    let (known, refused, asked) = asked(vec![own(), denied()]).await;
    assert_eq!((known.len(), asked.len()), (1, 2));
    assert!(refused.len() == 1 && refused[0].contains("allow it to the caller"), "{refused:?}");
    // An endpoint that has no such call, as emulators answer.
    let (known, refused, _) = self::asked(vec![json(404, "Not Found"), json(501, "Not Implemented")]).await;
    assert!(known.is_empty() && refused.len() == 2 && refused.iter().any(|why| why.contains("501")), "{refused:?}");
}

#[tokio::test]
async fn answers_that_cannot_be_leave_an_account_unknown() {
    let own = || regions(&[("us-east-1", "ENABLED_BY_DEFAULT")], "null");
    for odd in [
        regions(&[("us-east-1", "ON_HOLIDAY")], "null"),
        regions(&[("not a region", "ENABLED")], "null"),
        regions(&[], "null"),
        json(200, r#"{"Regions":[{"RegionName":"us-east-1"}]}"#),
        json(200, "{"),
    ] {
        let (known, refused, _) = asked(vec![own(), own(), odd]).await;
        assert_eq!((known.len(), refused.len()), (2, 1), "{known:?} {refused:?}");
        assert!(refused[0].contains("777788889999"), "{refused:?}");
    }
}
