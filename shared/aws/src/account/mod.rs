//! AWS Account Management, asked which Regions the accounts of an organization have enabled.
//!
//! One call an account, or two. It is answered in the management account, where trusted access for account management is on, and to its delegated
//! administrator. Whatever is not answered is not known: nothing else fails for it.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use aws_sdk_account::{
    Client,
    config::ProvideCredentials as _,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::list_regions::ListRegionsError,
    types::RegionOptStatus,
};
use futures::{StreamExt as _, stream};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::{Roster, State};
use trailkeep_pipeline::ports::causes;

use crate::config::{AwsSettings, AwsTimeouts, NoRegion};

/// Calls at once: few are let through in a second, and the SDK waits and tries again.
/// Source: AWS Account Management Reference, "Quotas for AWS Account Management".
const CALLS_AT_ONCE: usize = 2;
/// Regions a page, the most that may be asked for.
const PAGE: i32 = 50;
/// Most pages of one account.
const MAX_PAGES: usize = 20;
/// Tries of each call, unless the settings say otherwise: throttling is usual here.
const ATTEMPTS: u32 = 8;

/// AWS Account Management. Clones share the client.
#[derive(Debug, Clone)]
pub struct AccountRegions {
    client: Client,
    /// Whose credentials it asks with, where that is known: of itself an account must be asked without its id.
    own: Option<AccountId>,
}

/// Why the Regions of an account are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused(String);

impl AccountRegions {
    /// Opens it, as the role that the settings name where they name one. Asks Account Management nothing yet.
    ///
    /// # Errors
    /// [`NoRegion`].
    pub async fn open(settings: &AwsSettings) -> Result<Self, NoRegion> {
        let by_default = std::env::var_os("AWS_MAX_ATTEMPTS").is_none().then_some(ATTEMPTS);
        let settings = AwsSettings { max_attempts: settings.max_attempts.or(by_default), ..settings.clone() };
        let config = settings.load(AwsTimeouts::default()).await?;
        let of_role = || settings.role_arn.as_ref()?.split(':').nth(4)?.parse().ok();
        let own = match (of_role(), config.credentials_provider()) {
            (Some(own), _) => Some(own),
            (None, Some(provider)) => {
                let credentials = provider.provide_credentials().await.ok();
                credentials.and_then(|credentials| credentials.account_id()?.as_str().parse().ok())
            }
            (None, None) => None,
        };
        Ok(Self::with_client(Client::new(&config), own))
    }

    /// Account Management behind a client that was made elsewhere; `own` is the account that it asks as.
    pub fn with_client(client: Client, own: Option<AccountId>) -> Self {
        Self { client, own }
    }

    /// The roster with the Regions of each active account, as far as they are told; and for what was refused, what to do.
    pub async fn complete(&self, roster: Roster) -> (Roster, Vec<String>) {
        let active = |state: &State| *state == State::Active;
        let accounts = roster.accounts().iter().filter(|account| active(&account.state)).map(|account| account.id);
        // A member is asked first: whether others may be asked at all shows there, and is said once.
        let (own, others): (Vec<AccountId>, Vec<AccountId>) = accounts.partition(|account| Some(*account) == self.own);
        let mut known: BTreeMap<AccountId, BTreeSet<Region>> = BTreeMap::new();
        let mut refused: Vec<(AccountId, Refused)> = Vec::new();
        let mut take = |account: AccountId, answer: Result<BTreeSet<Region>, Refused>| match answer {
            Ok(regions) => {
                known.insert(account, regions);
            }
            Err(why) => refused.push((account, why)),
        };
        for account in own {
            take(account, self.regions(account).await);
        }
        let management = roster.management();
        let first = others.iter().position(|account| Some(*account) != management).unwrap_or(0);
        let mut asked = true;
        if let Some(first) = others.get(first) {
            let answer = self.regions(*first).await;
            asked = answer.is_ok();
            take(*first, answer);
        }
        if asked {
            let rest = others.iter().enumerate().filter(|(number, _)| *number != first).map(|(_, account)| *account);
            let mut answers =
                stream::iter(rest).map(async |account| (account, self.regions(account).await)).buffer_unordered(CALLS_AT_ONCE);
            while let Some((account, answer)) = answers.next().await {
                take(account, answer);
            }
        }
        (roster.with_regions(known), told(&refused, asked))
    }

    /// The Regions that an account has enabled, or is about to lose.
    async fn regions(&self, account: AccountId) -> Result<BTreeSet<Region>, Refused> {
        let id = (self.own != Some(account)).then(|| account.to_string());
        let (mut regions, mut token) = (BTreeSet::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let request = self.client.list_regions().set_account_id(id.clone()).max_results(PAGE).set_next_token(token.clone());
            let page = request.send().await.map_err(|error| Refused(explain(&error)))?;
            for region in page.regions() {
                let odd = || Refused("account:ListRegions answered what cannot be: a Region without a name or a state".to_owned());
                match region.region_opt_status().ok_or_else(odd)? {
                    // Until it is off it delivers.
                    RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault | RegionOptStatus::Disabling => {
                        regions.insert(region.region_name().unwrap_or_default().parse().map_err(|_| odd())?);
                    }
                    RegionOptStatus::Disabled | RegionOptStatus::Enabling => {}
                    other => return Err(Refused(format!("account:ListRegions tells a state that this release does not know: {other}"))),
                }
            }
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() && regions.is_empty() {
                return Err(Refused("account:ListRegions told not one Region".to_owned()));
            }
            if next.is_none() {
                return Ok(regions);
            }
            if next == token {
                break;
            }
            token = next;
        }
        Err(Refused("account:ListRegions came to no end".to_owned()))
    }
}

/// One line for all that were refused for one reason.
fn told(refused: &[(AccountId, Refused)], asked: bool) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<AccountId>> = BTreeMap::new();
    for (account, Refused(why)) in refused {
        by_reason.entry(why).or_default().push(*account);
    }
    let lines = by_reason.into_iter().map(|(why, accounts)| {
        let of = match accounts.as_slice() {
            _ if !asked => "any account but the caller's own".to_owned(),
            [account] => account.to_string(),
            [account, more @ ..] => format!("{account} and {} more", more.len()),
            [] => String::new(),
        };
        format!("enabled Regions of {of} are not known: {why}")
    });
    lines.collect()
}

/// What an answer means, and what to do.
/// Sources: AWS Account Management Reference, "ListRegions" and "Common Errors".
fn explain(error: &SdkError<ListRegionsError>) -> String {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    match (status, code) {
        (Some(_), "AccessDeniedException" | "AccessDenied") | (Some(403), _) => "not permitted to account:ListRegions: allow it to the caller, in the \
             management account or in a delegated administrator's for account management, and switch on trusted access for account management"
            .to_owned(),
        (Some(status), code) => {
            let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
            format!("account:ListRegions was answered with {status} {code}{message}")
        }
        (None, _) => causes(error as &dyn Error),
    }
}
