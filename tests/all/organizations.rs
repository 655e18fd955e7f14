//! An organization on moto: its accounts as they are asked, kept in an archive and shown, through what happens to them.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_organizations::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::{OrganizationFeatureSet, Tag},
};
use serde_json::Value;
use trailkeep_aws::{Observation, Organizations};
use trailkeep_keys::AccountId;
use trailkeep_organization::{Account, History, Roster, State};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::{Moto, REGION},
    tree,
};

/// More than the twenty that Organizations lists in a page.
const ACCOUNTS: usize = 23;

/// An organization: `Root` ─ `Workloads` ─ `Production`, and one beside it.
struct Organization {
    client: Client,
    root: String,
    workloads: String,
    production: String,
    accounts: Vec<String>,
}

impl Organization {
    async fn made(moto: &Moto) -> Result<Self> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(moto.endpoint())
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
        let client = Client::from_conf(config.build());
        client.create_organization().feature_set(OrganizationFeatureSet::All).send().await?;
        let roots = client.list_roots().send().await?;
        let root = roots.roots().first().and_then(|root| root.id()).context("a root")?.to_owned();
        let mut organization =
            Self { client, workloads: String::new(), production: String::new(), root: root.clone(), accounts: Vec::new() };
        organization.workloads = organization.unit(&root, "Workloads").await?;
        organization.production = organization.unit(&organization.workloads, "Production").await?;
        organization.unit(&root, "Empty").await?;
        for number in 1..ACCOUNTS {
            organization.account(number).await?;
        }
        Ok(organization)
    }

    async fn unit(&self, parent: &str, name: &str) -> Result<String> {
        let made = self.client.create_organizational_unit().parent_id(parent).name(name).send().await?;
        made.organizational_unit.and_then(|unit| unit.id).context("a unit has an id")
    }

    async fn account(&mut self, number: usize) -> Result<()> {
        let request = self.client.create_account().account_name(format!("account {number}")).email(format!("aws+{number}@example.com"));
        let made = request.send().await?.create_account_status.and_then(|status| status.account_id).context("an account has an id")?;
        self.accounts.push(made);
        Ok(())
    }

    async fn moved(&self, number: usize, from: &str, to: &str) -> Result<()> {
        let request = self.client.move_account().account_id(self.id(number)?).source_parent_id(from).destination_parent_id(to);
        request.send().await.context("failed to move an account")?;
        Ok(())
    }

    async fn tagged(&self, number: usize, key: &str, value: &str) -> Result<()> {
        let tag = Tag::builder().key(key).value(value).build()?;
        self.client.tag_resource().resource_id(self.id(number)?).tags(tag).send().await.context("failed to tag an account")?;
        Ok(())
    }

    fn id(&self, number: usize) -> Result<&str> {
        self.accounts.get(number).map(String::as_str).context("an account")
    }

    async fn observed(&self, page_size: i32, now_ms: i64) -> Result<Roster> {
        let organizations = Organizations::with_client(self.client.clone()).with_page_size(page_size);
        match organizations.observe(now_ms).await? {
            Observation::Roster { roster, denied } if denied.is_empty() => Ok(roster),
            other => bail!("{other:?}"),
        }
    }
}

fn find<'a>(roster: &'a Roster, id: &str) -> Result<&'a Account> {
    roster.accounts().iter().find(|account| account.id.as_str() == id).with_context(|| format!("{id} in {roster:?}"))
}

#[tokio::test]
async fn all_accounts_are_observed_page_by_page_with_units_and_tags_and_what_happens_to_them() -> Result<()> {
    let Some(moto) = Moto::start("organizations on moto")? else { return Ok(()) };
    let organization = Organization::made(&moto).await?;
    organization.moved(2, &organization.root, &organization.production).await?;
    organization.tagged(2, "team", "red").await?;
    let first = organization.observed(20, 1_000).await?;
    ensure!(first.accounts().len() == ACCOUNTS && first.management().is_some(), "{first:?}");
    for page_size in [1, 7] {
        let again = organization.observed(page_size, 1_000).await?;
        ensure!(again == first, "with {page_size} a page: {again:?}");
    }
    let account = find(&first, organization.id(2)?)?;
    let unit = account.unit.as_ref().context("a unit")?;
    ensure!(unit.path == "Root/Workloads/Production", "{unit:?}");
    ensure!(unit.ids == [organization.root.as_str(), &organization.workloads, &organization.production].join("/"), "{unit:?}");
    ensure!(account.tags == Some(BTreeMap::from([("team".to_owned(), "red".to_owned())])), "{account:?}");
    ensure!(account.joined_ms.is_some() && account.name.as_deref() == Some("account 3"), "{account:?}");
    ensure!(first.accounts().iter().all(|account| account.unit.is_some() && account.tags.is_some()), "{first:?}");

    let mut history = History::default();
    ensure!(history.observe(&first)?.joined.len() == ACCOUNTS);
    organization.moved(3, &organization.root, &organization.workloads).await?;
    organization.tagged(4, "cost", "42").await?;
    organization.client.close_account().account_id(organization.id(5)?).send().await?;
    organization.client.remove_account_from_organization().account_id(organization.id(6)?).send().await?;
    let second = organization.observed(20, 2_000).await?;
    ensure!(find(&second, organization.id(5)?)?.state == State::Suspended, "{second:?}");
    let changes = history.observe(&second)?;
    let mut expected: Vec<AccountId> = [3, 4, 5].iter().map(|number| Ok(organization.id(*number)?.parse()?)).collect::<Result<_>>()?;
    expected.sort_unstable();
    ensure!(changes.changed == expected && changes.joined.is_empty(), "{changes:?}");
    ensure!(changes.left == [organization.id(6)?.parse()?] && changes.unchanged == ACCOUNTS as u64 - 4, "{changes:?}");
    Ok(())
}

fn accounts(moto: &Moto, archive: &Path, more: &[&str]) -> Result<Ended> {
    let mut command = command::command(["accounts", "--archive"])?;
    command.arg(archive).args(more).envs(moto.environment());
    Ok(command.output()?.into())
}

#[tokio::test]
async fn accounts_keeps_in_the_archive_what_changed_and_shows_it_without_asking() -> Result<()> {
    let Some(moto) = Moto::start("trailkeep accounts on moto")? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail"), directory.path().join("audit"));
    let (from, to) = (trail.display().to_string(), archive.display().to_string());
    command::run(["synth", "--out", &from, "--accounts", "1", "--regions", "1", "--hours", "1", "--seed", "4"])?.ok()?;
    command::run(["ingest", "--from", &from, "--archive", &to])?.ok()?;
    let kept = || -> Result<usize> { Ok(tree::read(&archive)?.keys().filter(|key| key.starts_with("accounts/")).count()) };

    let none = accounts(&moto, &archive, &["--output", "json"])?.ok()?.json()?;
    ensure!(none["observed_at"].is_null() && none["accounts"] == serde_json::json!([]), "{none:#}");
    let refused = accounts(&moto, &archive, &["--refresh"])?.failed(1, &["in no organization"])?;
    ensure!(kept()? == 0, "{}", refused.said());

    let organization = Organization::made(&moto).await?;
    let shown = accounts(&moto, &archive, &["--refresh", "--output", "json"])?.ok()?.json()?;
    ensure!(shown["accounts"].as_array().map(Vec::len) == Some(ACCOUNTS), "{shown:#}");
    ensure!(shown["refresh"]["joined"].as_array().map(Vec::len) == Some(ACCOUNTS) && kept()? == 1, "{shown:#}");
    // The emulator has no account:ListRegions: that is said, and the accounts are kept all the same.
    let denied = shown["refresh"]["denied"].as_array().context("what was denied")?;
    ensure!(
        denied.len() == 1 && denied[0].as_str().is_some_and(|why| why.contains("enabled Regions") && why.contains("ListRegions")),
        "{shown:#}"
    );
    ensure!(shown["accounts"].as_array().is_some_and(|accounts| accounts.iter().all(|account| account["regions"].is_null())), "{shown:#}");
    accounts(&moto, &archive, &["--refresh"])?.ok()?;
    ensure!(kept()? == 1, "nothing changed, and a file was written");
    organization.moved(0, &organization.root, &organization.workloads).await?;
    let shown = accounts(&moto, &archive, &["--refresh", "--output", "json"])?.ok()?.json()?;
    ensure!(shown["refresh"]["changed"] == serde_json::json!([organization.id(0)?]) && kept()? == 2, "{shown:#}");

    // Another account's Organizations is asked where a role of that account is taken on. What is kept is shown all the same.
    let role = ["--refresh", "--role-arn", "arn:aws:iam::999988887777:role/organization-reader"];
    let refused = accounts(&moto, &archive, &role)?.failed(1, &["were not refreshed", "in no organization"])?;
    ensure!(refused.text().contains("Root/Workloads") && kept()? == 2, "{}", refused.said());

    drop(moto);
    let text = command::run(["accounts", "--archive", &to])?.ok()?.text();
    ensure!(text.contains("Root/Workloads") && text.contains("account 22") && text.contains("23 accounts"), "{text}");
    let history = command::run(["accounts", "--archive", &to, "--history", "--output", "json"])?.ok()?.json()?;
    let rows: Vec<&Value> =
        history["accounts"].as_array().context("rows")?.iter().filter(|row| row["account"] == *organization.accounts[0]).collect();
    ensure!(rows.len() == 2 && rows[0]["valid_to"] == rows[1]["valid_from"] && rows[1]["valid_to"].is_null(), "{rows:#?}");
    command::run(["stats", "--archive", &to])?.ok()?;
    Ok(())
}
