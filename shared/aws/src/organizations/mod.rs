//! AWS Organizations, asked for the accounts of an organization: who they are, where they hang in its tree, and their tags.
//!
//! Two calls an organizational unit and one an account, beside a page of accounts for twenty. What the caller may not ask is unknown in the roster, and
//! stated; only who the organization and its accounts are cannot be done without. Retries and timeouts are the SDK's.

mod error;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;

use aws_sdk_organizations::{Client, operation::list_tags_for_resource::ListTagsForResourceError, types};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_keys::{AccountId, OrganizationId};
use trailkeep_organization::{Account, OrganizationalUnit, Roster};

pub use self::error::OrganizationsError;
use self::error::{Action, explain};
use crate::config::{AwsSettings, AwsTimeouts};

/// Most accounts that are taken. AWS's own quota is lower.
const MAX_ACCOUNTS: usize = 100_000;
/// Most pages of accounts: pages may be empty, and as small as a test asks for.
const MAX_PAGES: usize = MAX_ACCOUNTS;
/// Calls at once: Organizations lets few through in a second, and the SDK waits and tries again.
/// Source: AWS Organizations User Guide, "Quotas and service limits", "Throttling limits".
const CALLS_AT_ONCE: usize = 4;
/// Tries of each call, unless the settings say otherwise: throttling is usual here.
const ATTEMPTS: u32 = 8;

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The accounts. What could not be asked is unknown in them, and why stands beside.
    Roster {
        /// The accounts.
        roster: Roster,
        /// For each call that was denied, what to do.
        denied: Vec<String>,
    },
    /// The caller may not ask: the roster is unknown. No fault of anything else.
    Unknown {
        /// What to do.
        hint: String,
    },
}

/// AWS Organizations. Clones share the client.
#[derive(Debug, Clone)]
pub struct Organizations {
    client: Client,
    page_size: Option<i32>,
}

impl Organizations {
    /// Opens it, as the role that the settings name where they name one. Asks nothing yet.
    ///
    /// # Errors
    /// [`OrganizationsError::Failed`] where no Region is known.
    pub async fn open(settings: &AwsSettings) -> Result<Self, OrganizationsError> {
        let settings = AwsSettings { max_attempts: settings.max_attempts.or(attempts_by_default()), ..settings.clone() };
        let config = settings.load(AwsTimeouts::default()).await;
        let config = config.map_err(|error| OrganizationsError::Failed { operation: "open AWS Organizations", source: error.into() })?;
        Ok(Self::with_client(Client::new(&config)))
    }

    /// Organizations behind a client that was made elsewhere.
    pub fn with_client(client: Client) -> Self {
        Self { client, page_size: None }
    }

    /// Asks for pages of so many, 1 to 20, instead of Organizations' own.
    #[must_use]
    pub fn with_page_size(self, page_size: i32) -> Self {
        Self { page_size: Some(page_size), ..self }
    }

    /// Asks who the accounts are; `now_ms` is the time of the observation, milliseconds since 1970.
    ///
    /// # Errors
    /// [`OrganizationsError`], but [`OrganizationsError::Denied`]: that is an observation.
    pub async fn observe(&self, now_ms: i64) -> Result<Observation, OrganizationsError> {
        let known = async { Ok((self.organization().await?, self.accounts().await?)) };
        let ((organization, management), mut accounts) = match known.await {
            Err(OrganizationsError::Denied { operation, hint }) => return Ok(Observation::Unknown { hint: told(operation, &hint) }),
            known => known?,
        };
        let mut denied = Vec::new();
        let mut units = permitted(self.units().await, &mut denied)?.unwrap_or_default();
        let mut tags = permitted(self.tags(&accounts).await, &mut denied)?.unwrap_or_default();
        for account in &mut accounts {
            (account.unit, account.tags) = (units.remove(&account.id), tags.remove(&account.id));
        }
        Ok(Observation::Roster { roster: Roster::new(now_ms, organization, management, accounts)?, denied })
    }

    async fn organization(&self) -> Result<(OrganizationId, Option<AccountId>), OrganizationsError> {
        let action = Action::DescribeOrganization;
        let answer = self.client.describe_organization().send().await.map_err(|error| explain(&error, action))?;
        let organization = answer.organization.unwrap_or_else(|| types::Organization::builder().build());
        let id = organization.id().unwrap_or_default().parse().map_err(|error| odd(action, &error))?;
        let management = organization.master_account_id().map(str::parse).transpose().map_err(|error| odd(action, &error))?;
        Ok((id, management))
    }

    async fn accounts(&self) -> Result<Vec<Account>, OrganizationsError> {
        let action = Action::ListAccounts;
        let (mut accounts, mut token) = (Vec::new(), None::<String>);
        // Paged by hand: a list that ended early would be read as accounts that left.
        for _ in 0..MAX_PAGES {
            let request = self.client.list_accounts().set_max_results(self.page_size).set_next_token(token.clone());
            let page = request.send().await.map_err(|error| explain(&error, action))?;
            for account in page.accounts() {
                accounts.push(self::account(account).map_err(|error| odd(action, &error))?);
            }
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() {
                return Ok(accounts);
            }
            if next == token {
                return Err(odd(action, &"the same page token again"));
            }
            if accounts.len() > MAX_ACCOUNTS {
                break;
            }
            token = next;
        }
        Err(OrganizationsError::TooMany { operation: action.iam(), what: "accounts", cap: MAX_ACCOUNTS })
    }

    async fn units(&self) -> Result<BTreeMap<AccountId, OrganizationalUnit>, OrganizationsError> {
        tree::units(&self.client, self.page_size).await
    }

    async fn tags(&self, accounts: &[Account]) -> Result<BTreeMap<AccountId, BTreeMap<String, String>>, OrganizationsError> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let tags = stream::iter(ids).map(async |id| Ok((id, self.tags_of(id).await?)));
        tags.buffer_unordered(CALLS_AT_ONCE).try_filter_map(async |(id, tags)| Ok(tags.map(|tags| (id, tags)))).try_collect().await
    }

    /// The tags of an account; `None` where it left while it was asked.
    async fn tags_of(&self, id: AccountId) -> Result<Option<BTreeMap<String, String>>, OrganizationsError> {
        let mut pages = self.client.list_tags_for_resource().resource_id(id.as_str()).into_paginator().send();
        let mut tags = BTreeMap::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => tags.extend(page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()))),
                Err(error) if error.as_service_error().is_some_and(ListTagsForResourceError::is_target_not_found_exception) => {
                    return Ok(None);
                }
                Err(error) => return Err(explain(&error, Action::ListTags)),
            }
        }
        Ok(Some(tags))
    }
}

/// As many tries as throttling asks for, unless the environment says how many.
fn attempts_by_default() -> Option<u32> {
    std::env::var_os("AWS_MAX_ATTEMPTS").is_none().then_some(ATTEMPTS)
}

fn account(account: &types::Account) -> Result<Account, trailkeep_keys::IdError> {
    // `Status` is retired in favour of `State`; older endpoints tell it alone.
    let status = || account.status().map(types::AccountStatus::as_str);
    let state = account.state().map(types::AccountState::as_str).or_else(status).unwrap_or("UNKNOWN");
    let joined = account.joined_timestamp().and_then(|at| at.to_millis().ok());
    let Ok(state) = state.parse();
    Ok(Account {
        id: account.id().unwrap_or_default().parse()?,
        name: account.name().map(str::to_owned),
        email: account.email().map(str::to_owned),
        state,
        unit: None,
        tags: None,
        regions: None,
        joined_ms: joined,
        joined_method: account.joined_method().map(|method| method.as_str().to_owned()),
    })
}

/// What was answered, or nothing where it was denied, which is told.
fn permitted<T>(answer: Result<T, OrganizationsError>, denied: &mut Vec<String>) -> Result<Option<T>, OrganizationsError> {
    match answer {
        Err(OrganizationsError::Denied { operation, hint }) => {
            denied.push(told(operation, &hint));
            Ok(None)
        }
        answer => answer.map(Some),
    }
}

fn told(operation: &str, hint: &str) -> String {
    format!("not permitted to {operation}: {hint}")
}

fn odd(action: Action, what: &dyn std::fmt::Display) -> OrganizationsError {
    OrganizationsError::Odd { operation: action.iam(), what: what.to_string() }
}
