//! What Organizations said at one time.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt,
    str::FromStr,
};

use trailkeep_keys::{AccountId, OrganizationId, Region};

/// Where an account stands in its life.
/// Source: AWS Organizations User Guide, "Monitor the state of your AWS accounts".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// `ACTIVE`.
    Active,
    /// `SUSPENDED`: by AWS, or closed and not gone yet; CloudTrail delivers nothing of it that can be counted on.
    Suspended,
    /// `PENDING_CLOSURE`: it is being closed.
    PendingClosure,
    /// `PENDING_ACTIVATION`: it was made and cannot be used yet.
    PendingActivation,
    /// `CLOSED`.
    Closed,
    /// Anything that AWS has added since.
    Other(String),
}

impl State {
    /// As Organizations spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Closed => "CLOSED",
            Self::Other(text) => text,
        }
    }
}

impl FromStr for State {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let known = [Self::Active, Self::Suspended, Self::PendingClosure, Self::PendingActivation, Self::Closed];
        Ok(known.into_iter().find(|state| state.as_str() == text).unwrap_or_else(|| Self::Other(text.to_owned())))
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Where an account hangs in the organization's tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationalUnit {
    /// Names from the root down, with `/` between them: `Root/Workloads/Production`. A name may hold `/` itself: for people.
    pub path: String,
    /// Ids from the root down, with `/` between them: `r-abcd/ou-abcd-11111111`. For programs.
    pub ids: String,
}

/// An account as Organizations describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// The root user's email address.
    pub email: Option<String>,
    /// Where it stands in its life.
    pub state: State,
    /// Where it hangs; none: that could not be asked, or it moved while it was.
    pub unit: Option<OrganizationalUnit>,
    /// Its tags; none: they could not be asked.
    pub tags: Option<BTreeMap<String, String>>,
    /// Regions that it has enabled; none: they could not be asked. What is not known now is not known: unlike units and tags, an earlier answer is not
    /// kept, since a Region that was enabled since would be taken for one that is off.
    pub regions: Option<BTreeSet<Region>>,
    /// When it joined, milliseconds since 1970.
    pub joined_ms: Option<i64>,
    /// How it joined: `CREATED`, `INVITED`.
    pub joined_method: Option<String>,
}

/// What cannot be an organization's roster. Taken for one, it would close accounts that never left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// An organization has its management account at least.
    #[error("the list of accounts is empty, and an organization has at least one")]
    Empty,
    /// One account twice.
    #[error("the account {0} is listed twice")]
    Twice(AccountId),
    /// Its management account is not among them.
    #[error("the management account {0} is not in the list of accounts")]
    NoManagement(AccountId),
}

/// All accounts of an organization, observed at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    pub(crate) observed_ms: i64,
    pub(crate) organization: OrganizationId,
    pub(crate) management: Option<AccountId>,
    pub(crate) accounts: Vec<Account>,
}

impl Roster {
    /// All accounts of the organization at `observed_ms`, milliseconds since 1970, in any order.
    ///
    /// # Errors
    /// [`RosterError`].
    pub fn new(
        observed_ms: i64,
        organization: OrganizationId,
        management: Option<AccountId>,
        mut accounts: Vec<Account>,
    ) -> Result<Self, RosterError> {
        accounts.sort_by_key(|account| account.id);
        let mut seen = BTreeSet::new();
        if let Some(twice) = accounts.iter().find(|account| !seen.insert(account.id)) {
            return Err(RosterError::Twice(twice.id));
        }
        if accounts.is_empty() {
            return Err(RosterError::Empty);
        }
        match management.filter(|management| !seen.contains(management)) {
            Some(management) => Err(RosterError::NoManagement(management)),
            None => Ok(Self { observed_ms, organization, management, accounts }),
        }
    }

    /// The roster with the Regions that some of its accounts have enabled; of the others they are not known.
    #[must_use]
    pub fn with_regions(mut self, mut regions: BTreeMap<AccountId, BTreeSet<Region>>) -> Self {
        self.accounts.iter_mut().for_each(|account| account.regions = regions.remove(&account.id));
        self
    }

    /// When it was observed, milliseconds since 1970.
    pub fn observed_ms(&self) -> i64 {
        self.observed_ms
    }

    /// The organization.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Its management account, where it could be asked.
    pub fn management(&self) -> Option<AccountId> {
        self.management
    }

    /// Its accounts, ascending.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}
