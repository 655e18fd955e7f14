//! How the table is reached; Region, endpoint, retries and credentials are the settings' and the SDK's.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use trailkeep_pipeline::ports::ledger::LedgerError;

use super::DynamoLedger;
use crate::config::{AwsSettings, AwsTimeouts};

/// DynamoDB answers within milliseconds, a full request of 25 or 100 items included, or not at all.
const TIMEOUTS: AwsTimeouts = AwsTimeouts { read: Duration::from_secs(10), attempt: Duration::from_secs(10) };

impl DynamoLedger {
    /// Opens the ledger in a table. Asks DynamoDB nothing yet.
    ///
    /// # Errors
    /// [`LedgerError::Failed`] where no Region is configured.
    pub async fn open(settings: &AwsSettings, table: &str) -> Result<Self, LedgerError> {
        let failed = |error| LedgerError::Failed { operation: "open", ledger: format!("dynamodb://{table}"), source: Box::new(error) };
        let config = settings.load(TIMEOUTS).await.map_err(failed)?;
        Ok(Self::with_client(Client::new(&config), table))
    }
}
