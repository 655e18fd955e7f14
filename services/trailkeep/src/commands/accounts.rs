//! `trailkeep accounts`: the organization's accounts as the archive keeps them; asks Organizations only when told to.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use trailkeep_archive::AccountRow;
use trailkeep_aws::{AccountRegions, AwsSettings, Observation, Organizations};
use trailkeep_coverage::kept;
use trailkeep_organization::{Changes, History};
use trailkeep_pipeline::{ingest::Surroundings as _, ports::bucket::AuditBucket};
use trailkeep_restore::Archive;

use super::protection::{Encryption, ObjectLock};
use crate::{cli::Globals, exit::Exit, figures::moment, location::Location, output::print, outside::Machine};

pub(crate) mod differences;
mod text;

use self::differences::{Reconciliation, since};

/// Show the organization's accounts as the archive keeps them.
///
/// With --refresh AWS Organizations is asked first, and what changed is kept: accounts with name, email, state, organizational unit, tags, when they joined,
/// and when they were found to have left.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Accounts {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// Ask AWS Organizations, and keep what changed.
    #[arg(long)]
    refresh: bool,
    /// ARN of a role to ask with, in the management account or a delegated administrator's.
    #[arg(long, value_name = "ARN", requires = "refresh")]
    role_arn: Option<String>,
    /// External id that the role's trust policy asks for.
    #[arg(long, value_name = "ID", requires = "role_arn")]
    external_id: Option<String>,
    /// How far back the roster is held against Organizations' own records in the archive: 2026-01-31 or 2026-01-31T10:00:00Z [default: 30 days].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms, conflicts_with = "without_records")]
    since: Option<i64>,
    /// Only what is kept, not held against the archive's own records: asks for nothing but the newest file of accounts/.
    #[arg(long)]
    without_records: bool,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    lock: ObjectLock,
    /// Every row of the history, those of accounts that left too, instead of how it stands.
    #[arg(long)]
    history: bool,
    /// How it is told; json is one object.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
To refresh, allow organizations:DescribeOrganization, ListAccounts, ListRoots, ListOrganizationalUnitsForParent, ListAccountsForParent and \
ListTagsForResource, in the management account or a delegated administrator's. Without the last four, units or tags are unknown and the rest is kept. With \
account:ListRegions and trusted access for account management it is known which Regions each account has enabled.

The roster is held against the archive's own records: accounts that joined or left and are, or are not, on it, and accounts that deliver and never were. \
Such contradictions are told, and forbid trailkeep coverage the word complete.

Examples:
  trailkeep accounts --archive s3://audit
  trailkeep accounts --archive s3://audit --refresh --role-arn arn:aws:iam::111122223333:role/trailkeep-organization

Exit codes: 0 shown, and refreshed where that was asked; 1 failed, or refused by Organizations: what is kept is shown all the same.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Told {
    archive: String,
    organization: Option<String>,
    management_account: Option<String>,
    observed_at: Option<String>,
    accounts: Vec<Account>,
    /// The roster held against the archive's own records.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Reconciliation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<Refresh>,
}

/// An account as it was for a time.
#[derive(Debug, Serialize)]
struct Account {
    account: String,
    name: Option<String>,
    email: Option<String>,
    state: String,
    ou_path: Option<String>,
    ou_ids: Option<String>,
    tags: BTreeMap<String, String>,
    /// Regions that it has enabled; null: they are not known.
    regions: Option<Vec<String>>,
    unknown: Vec<String>,
    joined_at: Option<String>,
    joined_method: Option<String>,
    left_at: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    observed_at: String,
}

/// What asking Organizations came to.
#[derive(Debug, Default, Serialize)]
struct Refresh {
    joined: Vec<String>,
    changed: Vec<String>,
    left: Vec<String>,
    unchanged: u64,
    /// What could not be asked, and what to do.
    denied: Vec<String>,
    /// The file that was written; none where nothing had changed.
    written: Option<String>,
}

impl Accounts {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        let (told, refused) = runtime.block_on(self.look(globals))?;
        print(&match self.output {
            Output::Text => text::told(&told, self.history),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&told)?),
        })?;
        match refused {
            Some(hint) => bail!("the accounts were not refreshed: {hint}"),
            None => Ok(Exit::Done),
        }
    }

    /// What is told, and why Organizations refused, where it did.
    async fn look(&self, globals: &Globals) -> anyhow::Result<(Told, Option<String>)> {
        let (writing, retention) = (self.encryption.of(&self.archive)?, self.lock.of(&self.archive)?);
        let archive = Archive::open(self.archive.open_to_write(globals, writing).await?).await?;
        let bucket = archive.bucket();
        let kept = kept::newest(bucket.as_ref()).await?;
        let written_ms = kept.as_ref().map(|kept| kept.written_ms);
        let mut history = kept.map(|kept| kept.history).unwrap_or_default();
        let now_ms = Machine::new().now().unix_ms;
        if !self.refresh {
            return Ok((self.told(bucket, &history, None, now_ms).await, None));
        }
        match self.observe(globals, now_ms).await? {
            Observation::Unknown { hint } => Ok((self.told(bucket, &history, None, now_ms).await, Some(hint))),
            Observation::Roster { roster, denied } => {
                let changes = history.observe(&roster)?;
                let due = !changes.is_empty() || written_ms.is_none_or(|written_ms| now_ms - written_ms >= kept::CONFIRM_AFTER_MS);
                let written = if due { Some(kept::keep(bucket.as_ref(), &history, now_ms, retention).await?) } else { None };
                let refresh = Refresh { denied, written, ..Refresh::of(&changes) };
                Ok((self.told(bucket, &history, Some(refresh), now_ms).await, None))
            }
        }
    }

    /// Asks Organizations, and the accounts for their Regions.
    async fn observe(&self, globals: &Globals, now_ms: i64) -> anyhow::Result<Observation> {
        let settings = AwsSettings {
            region: globals.aws_region.clone(),
            endpoint: globals.aws_endpoint.clone(),
            role_arn: self.role_arn.clone(),
            external_id: self.external_id.clone(),
            ..AwsSettings::default()
        };
        let observation = Organizations::open(&settings).await?.observe(now_ms).await?;
        let Observation::Roster { roster, mut denied } = observation else { return Ok(observation) };
        let (roster, refused) = AccountRegions::open(&settings).await?.complete(roster).await;
        denied.extend(refused);
        Ok(Observation::Roster { roster, denied })
    }

    async fn told(&self, bucket: &Arc<dyn AuditBucket>, history: &History, refresh: Option<Refresh>, now_ms: i64) -> Told {
        let accounts = if self.history { history.rows().map(Account::of).collect() } else { history.current().map(Account::of).collect() };
        let records = if self.without_records || history.observed_ms().is_none() {
            None
        } else {
            Some(Reconciliation::of(bucket, history, since(self.since, now_ms), now_ms).await)
        };
        Told {
            archive: bucket.address(),
            organization: history.organization().map(str::to_owned),
            management_account: history.management().map(|account| account.to_string()),
            observed_at: history.observed_ms().map(moment),
            accounts,
            records,
            refresh,
        }
    }
}

impl Refresh {
    fn of(changes: &Changes) -> Self {
        let texts = |ids: &[trailkeep_keys::AccountId]| ids.iter().map(ToString::to_string).collect();
        Self {
            joined: texts(&changes.joined),
            changed: texts(&changes.changed),
            left: texts(&changes.left),
            unchanged: changes.unchanged,
            ..Self::default()
        }
    }
}

impl Account {
    fn of(row: &AccountRow) -> Self {
        let row = row.clone();
        Self {
            account: row.account,
            name: row.name,
            email: row.email,
            state: row.state,
            ou_path: row.ou_path,
            ou_ids: row.ou_ids,
            tags: row.tags,
            regions: (!row.regions.is_empty()).then_some(row.regions),
            unknown: row.unknown,
            joined_at: row.joined_at.map(moment),
            joined_method: row.joined_method,
            left_at: row.left_at.map(moment),
            valid_from: moment(row.valid_from),
            valid_to: row.valid_to.map(moment),
            observed_at: moment(row.observed_at),
        }
    }
}
