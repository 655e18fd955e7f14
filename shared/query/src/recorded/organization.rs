//! Organizations' own records of who joined, left, was closed, moved or tagged.
//! Sources: AWS Organizations User Guide, "Logging AWS Organizations API calls with AWS CloudTrail"; API Reference, on the membership events that an
//! action logs.

use std::sync::Arc;

use serde_json::Value;
use trailkeep_keys::AccountId;
use trailkeep_organization::{EventKind, OrganizationEvent};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::{
    RecordedError,
    rows::{Event, Question, at, each, json},
};

const NAMES: &[&str] = &[
    "CreateAccount",
    "CreateAccountResult",
    "CreateGovCloudAccount",
    "InviteAccountToOrganization",
    "AcceptHandshake",
    "AccountJoinedOrganization",
    "RemoveAccountFromOrganization",
    "LeaveOrganization",
    "AccountDepartedOrganization",
    "CloseAccount",
    "CloseAccountResult",
    "MoveAccount",
    "TagResource",
    "UntagResource",
    "CreateOrganizationalUnit",
    "UpdateOrganizationalUnit",
    "DeleteOrganizationalUnit",
];

/// Organizations' own records of `since_ms` to `until_ms`, milliseconds since 1970, that succeeded, oldest first. They stand in the management account's
/// trail, in one Region; leaving and accepting an invitation stand in the account's own.
///
/// # Errors
/// [`RecordedError`].
pub async fn organization_events(
    bucket: Arc<dyn AuditBucket>,
    since_ms: i64,
    until_ms: i64,
) -> Result<Vec<OrganizationEvent>, RecordedError> {
    let what = "events of AWS Organizations";
    let question = Question { what, source: "organizations.amazonaws.com", names: NAMES, since_ms: Some(since_ms), until_ms };
    let mut events = Vec::new();
    each(bucket, question, |event| {
        events.extend(organization_event(&event));
        Ok(())
    })
    .await?;
    events.sort_by(|a, b| (a.at_ms, &a.event_id).cmp(&(b.at_ms, &b.event_id)));
    Ok(events)
}

pub(super) fn organization_event(event: &Event<'_>) -> Option<OrganizationEvent> {
    let (request, response, details) = (json(event.request), json(event.response), json(event.details));
    let (kind, account) = match event.name {
        "CreateAccount" | "CreateGovCloudAccount" => (EventKind::Asked, None),
        "CreateAccountResult" => (EventKind::Joined, Some(succeeded(details.as_ref(), "createAccountStatus")?)),
        "InviteAccountToOrganization" => (EventKind::Asked, invited(request.as_ref())),
        "AcceptHandshake" => {
            // Other handshakes switch features on.
            let action = at(response.as_ref(), &["handshake", "action"]);
            (action == Some("INVITE")).then_some((EventKind::Joined, event.recipient))?
        }
        "AccountJoinedOrganization" => (EventKind::Joined, Some(member(details.as_ref(), event.recipient)?)),
        "AccountDepartedOrganization" => (EventKind::Left, Some(member(details.as_ref(), event.recipient)?)),
        "RemoveAccountFromOrganization" => (EventKind::Left, Some(account(at(request.as_ref(), &["accountId"]))?)),
        "LeaveOrganization" => (EventKind::Left, Some(event.recipient?)),
        "CloseAccount" => (EventKind::Closed, Some(account(at(request.as_ref(), &["accountId"]))?)),
        "CloseAccountResult" => (EventKind::Closed, Some(succeeded(details.as_ref(), "closeAccountStatus")?)),
        "MoveAccount" => (EventKind::Moved, Some(account(at(request.as_ref(), &["accountId"]))?)),
        // Units, roots and policies have tags too.
        "TagResource" | "UntagResource" => (EventKind::Tagged, Some(account(at(request.as_ref(), &["resourceId"]))?)),
        _ => (EventKind::Unit, None),
    };
    Some(OrganizationEvent {
        at_ms: event.at_ms,
        kind,
        name: event.name.to_owned(),
        account,
        recorded_by: event.recipient,
        organization: named(response.as_ref()).or_else(|| at(details.as_ref(), &["organizationId"]).map(str::to_owned)),
        event_id: event.id.to_owned(),
    })
}

fn account(text: Option<&str>) -> Option<AccountId> {
    text?.parse().ok()
}

/// The account of a request that came to its end well.
fn succeeded(details: Option<&Value>, status: &str) -> Option<AccountId> {
    (at(details, &[status, "state"]) == Some("SUCCEEDED")).then(|| account(at(details, &[status, "accountId"])))?
}

/// Whom an invitation is for; those by email name no account.
fn invited(request: Option<&Value>) -> Option<AccountId> {
    account(at(request, &["target", "id"]))
}

/// The member that a membership event is about. The management account stands beside it: where it is the only one, it is about itself.
fn member(details: Option<&Value>, management: Option<AccountId>) -> Option<AccountId> {
    const NAMES: [&str; 4] = ["memberAccountId", "accountId", "joinedAccountId", "departedAccountId"];
    let named = NAMES.iter().find_map(|name| account(at(details, &[name])));
    let other = || {
        let members = details?.as_object()?.iter();
        members.filter(|(name, _)| !name.to_ascii_lowercase().contains("management")).find_map(|(_, value)| {
            // One level below, under whatever name.
            let found = account(value.as_str()).or_else(|| NAMES.iter().find_map(|name| account(at(Some(value), &[name]))));
            found.filter(|found| Some(*found) != management)
        })
    };
    named.or_else(other)
}

/// The organization that a handshake is of.
fn named(response: Option<&Value>) -> Option<String> {
    let parties = response?.get("handshake")?.get("parties")?.as_array()?;
    let organization = parties.iter().find(|party| at(Some(party), &["type"]) == Some("ORGANIZATION"))?;
    at(Some(organization), &["id"]).map(str::to_owned)
}
