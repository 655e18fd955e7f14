//! The organization's tree, walked from its root: which account hangs where.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::Client;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_keys::AccountId;
use trailkeep_organization::OrganizationalUnit;

use super::{
    CALLS_AT_ONCE, MAX_ACCOUNTS,
    error::{Action, OrganizationsError, explain},
    odd,
};

/// Most organizational units that are walked. AWS's own quota is lower.
const MAX_UNITS: usize = 20_000;
/// Deepest level that is walked; Organizations allows five below the root.
const MAX_DEPTH: usize = 16;

/// Where each account hangs. One that moves in the meantime may be missing.
pub(super) async fn units(client: &Client, page_size: Option<i32>) -> Result<BTreeMap<AccountId, OrganizationalUnit>, OrganizationsError> {
    let mut level = roots(client).await?;
    let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for _ in 0..MAX_DEPTH {
        seen.extend(level.iter().map(|unit| unit.ids.clone()));
        if seen.len() > MAX_UNITS {
            let operation = Action::ListUnits.iam();
            return Err(OrganizationsError::TooMany { operation, what: "organizational units", cap: MAX_UNITS });
        }
        let asked = stream::iter(level).map(async |unit| {
            let (accounts, below) = (accounts(client, page_size, &unit).await?, below(client, page_size, &unit).await?);
            Ok::<_, OrganizationsError>((unit, accounts, below))
        });
        let answered: Vec<(OrganizationalUnit, Vec<AccountId>, Vec<OrganizationalUnit>)> =
            asked.buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        level = Vec::new();
        for (unit, accounts, below) in answered {
            found.extend(accounts.into_iter().map(|account| (account, unit.clone())));
            level.extend(below);
        }
        if level.is_empty() {
            return Ok(found);
        }
    }
    Err(OrganizationsError::TooMany { operation: Action::ListUnits.iam(), what: "levels", cap: MAX_DEPTH })
}

async fn roots(client: &Client) -> Result<Vec<OrganizationalUnit>, OrganizationsError> {
    let mut pages = client.list_roots().into_paginator().send();
    let mut roots = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&error, Action::ListRoots))?;
        for root in page.roots() {
            let (id, name) = named(root.id(), root.name(), Action::ListRoots)?;
            roots.push(OrganizationalUnit { path: name, ids: id });
        }
    }
    Ok(roots)
}

async fn below(
    client: &Client,
    page_size: Option<i32>,
    parent: &OrganizationalUnit,
) -> Result<Vec<OrganizationalUnit>, OrganizationsError> {
    let request = client.list_organizational_units_for_parent().parent_id(id_of(parent)).set_max_results(page_size);
    let mut pages = request.into_paginator().send();
    let mut units = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&error, Action::ListUnits))?;
        for unit in page.organizational_units() {
            let (id, name) = named(unit.id(), unit.name(), Action::ListUnits)?;
            units.push(OrganizationalUnit { path: format!("{}/{name}", parent.path), ids: format!("{}/{id}", parent.ids) });
        }
        if units.len() > MAX_UNITS {
            let operation = Action::ListUnits.iam();
            return Err(OrganizationsError::TooMany { operation, what: "organizational units", cap: MAX_UNITS });
        }
    }
    Ok(units)
}

async fn accounts(client: &Client, page_size: Option<i32>, parent: &OrganizationalUnit) -> Result<Vec<AccountId>, OrganizationsError> {
    let action = Action::ListAccountsForParent;
    let request = client.list_accounts_for_parent().parent_id(id_of(parent)).set_max_results(page_size);
    let mut pages = request.into_paginator().send();
    let mut accounts = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&error, action))?;
        for account in page.accounts() {
            accounts.push(account.id().unwrap_or_default().parse().map_err(|error| odd(action, &error))?);
        }
        if accounts.len() > MAX_ACCOUNTS {
            return Err(OrganizationsError::TooMany { operation: action.iam(), what: "accounts", cap: MAX_ACCOUNTS });
        }
    }
    Ok(accounts)
}

fn id_of(unit: &OrganizationalUnit) -> &str {
    unit.ids.rsplit('/').next().unwrap_or_default()
}

fn named(id: Option<&str>, name: Option<&str>, action: Action) -> Result<(String, String), OrganizationsError> {
    match id.filter(|id| !id.is_empty() && !id.contains('/')) {
        Some(id) => Ok((id.to_owned(), name.unwrap_or(id).to_owned())),
        None => Err(odd(action, &"a unit without an id")),
    }
}
