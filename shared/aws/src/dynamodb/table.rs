//! Making the table, for `trailkeep ledger create` and for tests; `design.md` lists what it has.

use std::time::Duration;

use aws_sdk_dynamodb::{
    client::Waiters as _,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, PointInTimeRecoverySpecification, Projection,
        ProjectionType, ScalarAttributeType, SseSpecification, SseType, TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use trailkeep_pipeline::ports::ledger::LedgerError;

use super::{
    DynamoLedger,
    error::Operation,
    keys::{PK, TTL, U, UNFINISHED_INDEX},
};

/// Longest wait until a new table can be used.
const MADE_WITHIN: Duration = Duration::from_mins(5);
const WORDS: &str = "make the table";

/// Whether a table was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was.
    Now,
    /// It was there already, with the right keys and index.
    Before,
}

impl DynamoLedger {
    /// Makes the table, billed by request, with its index, time to live and point-in-time recovery, and waits until it can be used. With a
    /// KMS key (ARN, id or alias) the table is encrypted with it, otherwise with DynamoDB's own. A table that is there is only looked at, and
    /// gets what it lacks of time to live and recovery.
    ///
    /// # Errors
    /// [`LedgerError`]; `Damaged` where a table of that name has other keys or lacks the index.
    pub async fn create_table(&self, kms_key: Option<&str>) -> Result<Made, LedgerError> {
        let operation = Operation { words: WORDS, action: "dynamodb:CreateTable" };
        let create = self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
        let create = create.attribute_definitions(text(PK)).attribute_definitions(text(U)).key_schema(hash(PK));
        let create = create.global_secondary_indexes(unfinished_index()).set_sse_specification(kms_key.map(encrypted_with));
        let made = match create.send().await {
            Ok(_) => Made::Now,
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => Made::Before,
                _ => return Err(self.explain(operation, &error)),
            },
        };
        self.wait_until_made().await?;
        if made == Made::Before {
            self.check_table().await?;
        }
        self.expire_items().await?;
        self.recover_to_points_in_time().await?;
        Ok(made)
    }

    async fn wait_until_made(&self) -> Result<(), LedgerError> {
        let waited = self.client.wait_until_table_exists().table_name(&self.table).wait(MADE_WITHIN).await;
        let failed = |error| LedgerError::Failed { operation: WORDS, ledger: self.named(), source: Box::new(error) };
        waited.map(drop).map_err(failed)
    }

    async fn check_table(&self) -> Result<(), LedgerError> {
        let operation = Operation { words: "look at the table", action: "dynamodb:DescribeTable" };
        let answer = self.client.describe_table().table_name(&self.table).send().await;
        let table = answer.map_err(|error| self.explain(operation, &error))?.table;
        let found = table.as_ref();
        let keys = found.map(|table| table.key_schema().to_vec()).unwrap_or_default();
        let index = found.and_then(|table| {
            let mut indexes = table.global_secondary_indexes().iter();
            indexes.find(|index| index.index_name() == Some(UNFINISHED_INDEX)).map(|index| index.key_schema().to_vec())
        });
        if keys != [hash(PK)] || index != Some(vec![hash(U)]) {
            return Err(self.damaged(format!(
                "a table {} is there, but not one of a ledger: its partition key must be {PK}, without a sort key, and its index {UNFINISHED_INDEX} must have the partition key {U}",
                self.table
            )));
        }
        Ok(())
    }

    async fn expire_items(&self) -> Result<(), LedgerError> {
        let operation = Operation { words: "look at the time to live of items", action: "dynamodb:DescribeTimeToLive" };
        let told = self.client.describe_time_to_live().table_name(&self.table).send().await;
        let told = told.map_err(|error| self.explain(operation, &error))?.time_to_live_description;
        // Asked for a second time DynamoDB refuses it.
        if let Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) = told.and_then(|told| told.time_to_live_status) {
            return Ok(());
        }
        let operation = Operation { words: "switch on the time to live of items", action: "dynamodb:UpdateTimeToLive" };
        let wanted = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL).build().expect("both are set");
        let asked = self.client.update_time_to_live().table_name(&self.table).time_to_live_specification(wanted).send().await;
        asked.map(drop).map_err(|error| self.explain(operation, &error))
    }

    async fn recover_to_points_in_time(&self) -> Result<(), LedgerError> {
        let operation = Operation { words: "switch on point-in-time recovery", action: "dynamodb:UpdateContinuousBackups" };
        let wanted = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build().expect("it is set");
        let update = self.client.update_continuous_backups().table_name(&self.table);
        let asked = update.point_in_time_recovery_specification(wanted).send().await;
        asked.map(drop).map_err(|error| self.explain(operation, &error))
    }
}

fn text(name: &str) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    definition.build().expect("name and type are set")
}

fn hash(name: &str) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().expect("name and type are set")
}

/// Keys only: beats, which do not change them, cost the index nothing, and what it names is read again anyway.
fn unfinished_index() -> GlobalSecondaryIndex {
    let index = GlobalSecondaryIndex::builder().index_name(UNFINISHED_INDEX).key_schema(hash(U));
    let index = index.projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    index.build().expect("name and keys are set")
}

fn encrypted_with(key: &str) -> SseSpecification {
    SseSpecification::builder().enabled(true).sse_type(SseType::Kms).kms_master_key_id(key).build()
}
