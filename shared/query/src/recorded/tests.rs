//! Records as AWS writes them, and as nobody does.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use trailkeep_organization::EventKind;

use super::{organization::organization_event, rows::Event, trails};

const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "444455556666";

fn event<'a>(name: &'a str, request: &'a str, response: &'a str, details: &'a str) -> Event<'a> {
    let text = |text: &'a str| (!text.is_empty()).then_some(text);
    Event {
        at_ms: 5,
        name,
        recipient: MANAGEMENT.parse().ok(),
        region: Some("us-east-1"),
        id: "e",
        request: text(request),
        response: text(response),
        details: text(details),
    }
}

fn told(event: &Event<'_>) -> Option<(EventKind, Option<String>)> {
    organization_event(event).map(|told| (told.kind, told.account.map(|account| account.to_string())))
}

#[test]
fn each_record_of_organizations_tells_whom_it_is_about() {
    let member = || Some(MEMBER.to_owned());
    let created = r#"{"createAccountStatus":{"id":"car-1","state":"SUCCEEDED","accountName":"****","accountId":"444455556666"}}"#;
    let closed = r#"{"closeAccountStatus":{"accountId":"444455556666","state":"SUCCEEDED"}}"#;
    let of_account = r#"{"accountId":"444455556666","sourceParentId":"r-abcd","destinationParentId":"ou-abcd-1"}"#;
    let handshake = r#"{"handshake":{"action":"INVITE","parties":[{"type":"ACCOUNT","id":"111122223333"},{"type":"ORGANIZATION","id":"o-exampleorg1"}]}}"#;
    for (event, expected) in [
        (
            event("CreateAccount", r#"{"accountName":"x"}"#, r#"{"createAccountStatus":{"state":"IN_PROGRESS"}}"#, ""),
            (EventKind::Asked, None),
        ),
        (event("CreateAccountResult", "", "", created), (EventKind::Joined, member())),
        (
            event("InviteAccountToOrganization", r#"{"target":{"type":"ACCOUNT","id":"444455556666"}}"#, "", ""),
            (EventKind::Asked, member()),
        ),
        (event("AcceptHandshake", r#"{"handshakeId":"h-1"}"#, handshake, ""), (EventKind::Joined, Some(MANAGEMENT.to_owned()))),
        (
            event("AccountJoinedOrganization", "", "", r#"{"managementAccountId":"111122223333","accountId":"444455556666"}"#),
            (EventKind::Joined, member()),
        ),
        (
            event(
                "AccountDepartedOrganization",
                "",
                "",
                r#"{"managementAccountId":"111122223333","account":{"accountId":"444455556666"}}"#,
            ),
            (EventKind::Left, member()),
        ),
        (event("RemoveAccountFromOrganization", of_account, "", ""), (EventKind::Left, member())),
        (event("LeaveOrganization", "", "", ""), (EventKind::Left, Some(MANAGEMENT.to_owned()))),
        (event("CloseAccount", of_account, "", ""), (EventKind::Closed, member())),
        (event("CloseAccountResult", "", "", closed), (EventKind::Closed, member())),
        (event("MoveAccount", of_account, "", ""), (EventKind::Moved, member())),
        (event("UntagResource", r#"{"resourceId":"444455556666","tagKeys":["team"]}"#, "", ""), (EventKind::Tagged, member())),
        (event("CreateOrganizationalUnit", r#"{"name":"x","parentId":"r-abcd"}"#, "", ""), (EventKind::Unit, None)),
    ] {
        assert_eq!(told(&event), Some(expected), "{}", event.name);
    }
    let organization = organization_event(&event("AcceptHandshake", "", handshake, "")).unwrap().organization;
    assert_eq!(organization.as_deref(), Some("o-exampleorg1"));
}

#[test]
fn records_that_say_nothing_or_are_no_json_are_passed_over() {
    let deep = "[".repeat(100_000);
    for (name, text) in [
        ("CreateAccountResult", r#"{"createAccountStatus":{"state":"FAILED","accountId":"444455556666"}}"#),
        ("CreateAccountResult", r#"{"createAccountStatus":"SUCCEEDED"}"#),
        ("CloseAccountResult", "null"),
        ("AccountJoinedOrganization", r#"{"accountId":444455556666}"#),
        ("AccountDepartedOrganization", r#"{"managementAccountId":"111122223333"}"#),
        ("MoveAccount", r#"{"accountId":"4444-5555-6666"}"#),
        ("RemoveAccountFromOrganization", deep.as_str()),
        ("TagResource", r#"{"resourceId":"ou-abcd-11111111"}"#),
        ("AcceptHandshake", r#"{"handshake":{"action":"ENABLE_ALL_FEATURES"}}"#),
    ] {
        assert_eq!(told(&event(name, text, text, text)), None, "{name}");
    }
    let nobody = Event { recipient: None, ..event("LeaveOrganization", "", "", "") };
    assert_eq!(told(&nobody), None);
}

#[test]
fn a_trail_is_known_by_its_arn_or_by_its_name_where_it_was_changed() {
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization";
    let by_name = r#"{"name":"organization"}"#;
    let by_arn = format!(r#"{{"trailName":"{arn}"}}"#);
    let answered = format!(r#"{{"trailARN":"{arn}"}}"#);
    for event in
        [event("StopLogging", by_name, "", ""), event("PutEventSelectors", &by_arn, "", ""), event("UpdateTrail", "{", &answered, "")]
    {
        assert_eq!(trails::arn(&event).as_deref(), Some(arn), "{}", event.name);
    }
    let government = Event { region: Some("us-gov-west-1"), ..event("StopLogging", by_name, "", "") };
    assert_eq!(trails::arn(&government).unwrap(), "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/organization");
    for nothing in ["", "{}", r#"{"name":7}"#, "[[["] {
        assert_eq!(trails::arn(&event("StopLogging", nothing, "", "")), None, "{nothing}");
    }
}

#[test]
fn what_was_recorded_stands_in_a_configuration_as_it_was_and_what_is_no_json_as_a_text() {
    let request = r#"{"trailName": "t",  "eventSelectors":[{"readWriteType":"All"}]}"#;
    let told = trails::configuration(&event("PutEventSelectors", request, "", ""));
    assert_eq!(told, format!(r#"{{"eventName":"PutEventSelectors","requestParameters":{request}}}"#));
    for broken in [r#"{"a":"#, "}{", "\u{0}\"", &"x".repeat(300 << 10)] {
        let told = trails::configuration(&event("UpdateTrail", broken, r#"{"name":"t"}"#, ""));
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert!(read["requestParameters"].is_string() && read["responseElements"]["name"] == "t" && told.len() < 300, "{told}");
    }
}
