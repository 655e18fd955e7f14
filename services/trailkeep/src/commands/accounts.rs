//! `trailkeep accounts`: the organization's accounts as the archive keeps them; asks Organizations only when told to.

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use trailkeep_archive::AccountRow;
use trailkeep_aws::{AwsSettings, Observation, Organizations};
use trailkeep_organization::{Changes, History};
use trailkeep_pipeline::{ingest::Surroundings as _, ports::bucket::AuditBucket};
use trailkeep_restore::Archive;

use crate::{cli::Globals, exit::Exit, figures::moment, location::Location, output::print, outside::Machine};

pub(crate) mod kept;
mod text;

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
    /// Every row of the history, those of accounts that left too, instead of how it stands.
    #[arg(long)]
    history: bool,
    /// How it is told; json is one object.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
To refresh, allow organizations:DescribeOrganization, ListAccounts, ListRoots, ListOrganizationalUnitsForParent, ListAccountsForParent and \
ListTagsForResource, in the management account or a delegated administrator's. Without the last four, units or tags are unknown and the rest is kept.

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
    tags: std::collections::BTreeMap<String, String>,
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
        let archive = Archive::open(self.archive.open_archive(globals).await?).await?;
        let bucket = archive.bucket().as_ref();
        let kept = kept::newest(bucket).await?;
        let written_ms = kept.as_ref().map(|kept| kept.written_ms);
        let mut history = kept.map(|kept| kept.history).unwrap_or_default();
        if !self.refresh {
            return Ok((self.told(bucket, &history, None), None));
        }
        let settings = AwsSettings {
            region: globals.aws_region.clone(),
            endpoint: globals.aws_endpoint.clone(),
            role_arn: self.role_arn.clone(),
            external_id: self.external_id.clone(),
            ..AwsSettings::default()
        };
        let now_ms = Machine::new().now().unix_ms;
        match Organizations::open(&settings).await?.observe(now_ms).await? {
            Observation::Unknown { hint } => Ok((self.told(bucket, &history, None), Some(hint))),
            Observation::Roster { roster, denied } => {
                let changes = history.observe(&roster)?;
                let due = !changes.is_empty() || written_ms.is_none_or(|written_ms| now_ms - written_ms >= kept::CONFIRM_AFTER_MS);
                let written = if due { Some(kept::keep(bucket, &history, now_ms).await?) } else { None };
                let refresh = Refresh { denied, written, ..Refresh::of(&changes) };
                Ok((self.told(bucket, &history, Some(refresh)), None))
            }
        }
    }

    fn told(&self, bucket: &dyn AuditBucket, history: &History, refresh: Option<Refresh>) -> Told {
        let accounts = if self.history { history.rows().map(Account::of).collect() } else { history.current().map(Account::of).collect() };
        Told {
            archive: bucket.address(),
            organization: history.organization().map(str::to_owned),
            management_account: history.current().find_map(|row| row.management_account.clone()),
            observed_at: history.observed_ms().map(moment),
            accounts,
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
