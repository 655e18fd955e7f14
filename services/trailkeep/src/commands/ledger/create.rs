//! `trailkeep ledger create`: makes the DynamoDB table of a fleet's ledger, for people without infrastructure code.

use anyhow::Context as _;
use clap::Args;
use trailkeep_aws::{Made, kms_key};
use trailkeep_pipeline::ports::ledger::Ledger as _;

use crate::{
    cli::Globals,
    exit::{Exit, Usage},
    ledger_address::LedgerAddress,
    output::print,
    outside::{self, Machine},
};

/// Make the DynamoDB table of a ledger that a fleet shares.
///
/// The table is billed by request, has point-in-time recovery and the index of unfinished batches, and deletes what has expired. A ledger in a
/// file needs none of this: it is made when it is first used. A table that is there already is looked at, and left as it is where it fits.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Create {
    /// The table: dynamodb://TABLE, in the Region of --aws-region.
    #[arg(long, value_name = "dynamodb://TABLE", env = "TRAILKEEP_LEDGER")]
    ledger: LedgerAddress,
    /// KMS key that encrypts the table: ARN, key id or alias/NAME. Default: a key that DynamoDB owns. Not changed where the table is there.
    #[arg(long, value_name = "ARN|ALIAS", value_parser = kms_key)]
    kms_key_id: Option<String>,
}

const AFTER_HELP: &str = "\
Example:
  trailkeep ledger create --ledger dynamodb://trailkeep-ledger --kms-key-id alias/trailkeep

Needs dynamodb:CreateTable, DescribeTable, UpdateTimeToLive, DescribeTimeToLive, UpdateContinuousBackups, PutItem and GetItem on the table, and
kms:DescribeKey and kms:CreateGrant on the key.

Exit codes: 0 the table can be used; 1 refused or failed; 2 wrong usage.";

const NOT_A_TABLE: Usage = Usage("--ledger names a file, which is made when it is first used; for a table give dynamodb://TABLE");

impl Create {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let LedgerAddress::DynamoDb(table) = &self.ledger else { return Err(NOT_A_TABLE.into()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("failed to start the runtime")?;
        runtime.block_on(async {
            let ledger = outside::open_table(table, globals).await?;
            let made = ledger.create_table(self.kms_key_id.as_deref()).await?;
            ledger.create_if_missing(&Machine::new().new_id()).await?;
            let identity = ledger.identity().await?;
            let how = match made {
                Made::Now => "Made the table",
                Made::Before => "The table is there:",
            };
            print(&format!(
                "{how} {table}; its ledger is {}, epoch {}. Use it with --ledger {}\n",
                identity.id, identity.epoch, self.ledger
            ))
        })?;
        Ok(Exit::Done)
    }
}
