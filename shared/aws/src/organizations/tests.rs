//! Answers that emulators never give. The whole of an organization is asked on an emulator, in the tests of the whole.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use aws_sdk_organizations::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use trailkeep_organization::State;

use super::{Observation, Organizations, OrganizationsError};
use crate::s3::scripted::{Reply, Scripted};

const ORGANIZATION: &str = r#"{"Organization":{"Id":"o-exampleorgid","MasterAccountId":"111122223333"}}"#;
const ACCOUNTS: &str = r#"{"Accounts":[{"Id":"111122223333","Name":"management","Email":"a@example.com","Status":"ACTIVE","State":"PENDING_CLOSURE"},
    {"Id":"444455556666","Status":"SUSPENDED","JoinedMethod":"INVITED","JoinedTimestamp":1.5}]}"#;

fn json(status: u16, body: &str) -> Reply {
    Reply::new(status, body).with("content-type", "application/x-amz-json-1.1")
}

fn denied() -> Reply {
    json(400, r#"{"__type":"AccessDeniedException","Message":"You don't have permissions to access this resource."}"#)
}

async fn observed(replies: Vec<Reply>) -> (Result<Observation, OrganizationsError>, Vec<String>) {
    let server = Scripted::answering(replies);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(server.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .build();
    let observation = Organizations::with_client(Client::from_conf(config)).observe(5_000).await;
    let requests = server.requests();
    let asked = requests.iter().map(|request| request.header("x-amz-target").rsplit('.').next().unwrap().to_owned());
    (observation, asked.collect())
}

#[tokio::test]
async fn being_denied_the_accounts_is_an_unknown_roster_that_says_what_to_allow() {
    for replies in [vec![denied()], vec![json(200, ORGANIZATION), denied()]] {
        let action = ["organizations:DescribeOrganization", "organizations:ListAccounts"][replies.len() - 1];
        let (observation, asked) = observed(replies).await;
        let Ok(Observation::Unknown { hint }) = observation else { panic!("{observation:?}") };
        assert!(hint.contains(&format!("allow {action}")) && hint.contains("delegated administrator"), "{hint}");
        assert!(asked.last().is_some_and(|last| action.ends_with(last)), "{asked:?}");
    }
    let none = json(400, r#"{"__type":"AWSOrganizationsNotInUseException","Message":"Your account is not a member of an organization."}"#);
    let (observation, _) = observed(vec![none]).await;
    assert!(matches!(&observation, Ok(Observation::Unknown { hint }) if hint.contains("in no organization")), "{observation:?}");
}

#[tokio::test]
async fn being_denied_the_tree_and_the_tags_leaves_them_unknown_and_the_accounts_known() {
    let (observation, asked) = observed(vec![json(200, ORGANIZATION), json(200, ACCOUNTS), denied(), denied(), denied()]).await;
    let Ok(Observation::Roster { roster, denied }) = observation else { panic!("{observation:?}") };
    assert!(denied.len() == 2 && denied[0].contains("organizations:ListRoots") && denied[1].contains("organizations:ListTagsForResource"));
    assert_eq!(asked[..3], ["DescribeOrganization", "ListAccounts", "ListRoots"]);
    assert_eq!((roster.observed_ms(), roster.organization().as_str(), roster.accounts().len()), (5_000, "o-exampleorgid", 2));
    let [management, invited] = roster.accounts() else { panic!("{roster:?}") };
    assert_eq!(
        (roster.management(), &management.state, &management.unit, &management.tags),
        (Some(management.id), &State::PendingClosure, &None, &None)
    );
    assert_eq!((&invited.state, invited.joined_ms, invited.joined_method.as_deref()), (&State::Suspended, Some(1_500), Some("INVITED")));
}

#[tokio::test]
async fn a_list_that_breaks_off_or_cannot_be_is_an_error_and_no_roster() {
    let page = |accounts: &str| json(200, &format!(r#"{{"Accounts":[{accounts}],"NextToken":"more"}}"#));
    let one = r#"{"Id":"111122223333","State":"ACTIVE"}"#;
    let broken = vec![json(200, ORGANIZATION), page(one), json(500, r#"{"__type":"ServiceException","Message":"try again"}"#)];
    let repeated = vec![json(200, ORGANIZATION), page(one), page("")];
    let odd = vec![json(200, ORGANIZATION), json(200, r#"{"Accounts":[{"Id":"1"}]}"#)];
    let nobody = vec![json(200, "{}")];
    let empty = [vec![json(200, ORGANIZATION), json(200, r#"{"Accounts":[]}"#)], vec![json(200, r#"{"Roots":[]}"#)]].concat();
    for (replies, words) in [
        (broken, "failed to organizations:ListAccounts"),
        (repeated, "the same page token again"),
        (odd, "an account id is 12 digits"),
        (nobody, "an organization id is"),
        (empty, "cannot be taken for its accounts"),
    ] {
        let (observation, asked) = observed(replies).await;
        let told = observation.expect_err("no roster").to_string();
        assert!(told.contains(words), "{told}: {asked:?}");
    }
}
