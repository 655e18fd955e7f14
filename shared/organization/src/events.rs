//! What Organizations' own records in an archive tell of accounts.

use trailkeep_keys::AccountId;

/// What an event did to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// It is in the organization since: `CreateAccountResult` that succeeded, `AcceptHandshake` of an invitation, `AccountJoinedOrganization`.
    Joined,
    /// It is not any more: `RemoveAccountFromOrganization`, `LeaveOrganization`, `AccountDepartedOrganization`.
    Left,
    /// It is being closed, or was: `CloseAccount`, `CloseAccountResult` that succeeded.
    Closed,
    /// It hangs elsewhere in the tree: `MoveAccount`.
    Moved,
    /// Its tags changed: `TagResource`, `UntagResource`.
    Tagged,
    /// An organizational unit was made, renamed or deleted: of no account.
    Unit,
    /// It was asked for and nothing has come of it yet: `CreateAccount`, `InviteAccountToOrganization`.
    Asked,
}

impl EventKind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Closed => "closed",
            Self::Moved => "moved",
            Self::Tagged => "tagged",
            Self::Unit => "unit",
            Self::Asked => "asked",
        }
    }
}

/// An event of Organizations that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationEvent {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// What it did.
    pub kind: EventKind,
    /// As CloudTrail names it.
    pub name: String,
    /// The account that it is about; none: it says none.
    pub account: Option<AccountId>,
    /// The account whose trail recorded it.
    pub recorded_by: Option<AccountId>,
    /// The organization that it names, as it spells it; none: it names none.
    pub organization: Option<String>,
    /// Its event id, by which the Record is found in the archive.
    pub event_id: String,
}
