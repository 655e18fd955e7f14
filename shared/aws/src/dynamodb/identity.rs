//! The ledger's own item: which ledger this is, its epoch, and whether it admits.

use std::collections::HashMap;

use trailkeep_archive::LedgerKind;
use trailkeep_pipeline::ports::ledger::{LedgerError, LedgerIdentity};

use super::{
    DynamoLedger, VERSION,
    change::{Change, Outcome},
    error::Operation,
    item::{Item, n, s},
    keys::{IDENTITY, PK},
};
use aws_sdk_dynamodb::types::AttributeValue;

const NO_IDENTITY: &str = "its table has no item L, which says which ledger it is";

impl DynamoLedger {
    /// Makes this table a ledger, not ready and at epoch 1, with an id that the caller drew at random; where it is one already it stays as it is.
    ///
    /// # Errors
    /// [`LedgerError`]; `Newer` where a newer release made it.
    pub async fn create_if_missing(&self, new_id: &str) -> Result<(), LedgerError> {
        let operation = Operation { words: "make the identity", action: "dynamodb:PutItem" };
        let attributes = HashMap::from([
            (PK.to_owned(), s(IDENTITY)),
            ("v".to_owned(), n(VERSION)),
            ("id".to_owned(), s(new_id)),
            ("epoch".to_owned(), n(1)),
            ("ready".to_owned(), AttributeValue::Bool(false)),
        ]);
        self.put_new(operation, attributes).await.map(drop)
    }

    /// Reads the identity; this handle works with its epoch from now on.
    pub(super) async fn read_identity(&self) -> Result<LedgerIdentity, LedgerError> {
        let item = self.get("read the identity", IDENTITY).await?.ok_or_else(|| self.damaged(NO_IDENTITY))?;
        let identity = identity_of(&item, self)?;
        self.epochs.learn(identity.epoch);
        Ok(identity)
    }

    /// Raises the epoch: everything of the one before is out of sight at once, and goes when it expires.
    pub(super) async fn raise_epoch(&self, epoch: u64) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "begin a rebuild", action: "dynamodb:UpdateItem" },
            key: IDENTITY.to_owned(),
            update: "SET #epoch = :epoch, #ready = :no",
            condition: "attribute_exists(#pk) AND #epoch <= :epoch",
            values: vec![(":epoch", n(epoch)), (":no", AttributeValue::Bool(false))],
        };
        self.change_identity(change, epoch).await
    }

    /// Lets the ledger admit.
    pub(super) async fn make_ready(&self, epoch: u64) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "make ready", action: "dynamodb:UpdateItem" },
            key: IDENTITY.to_owned(),
            update: "SET #ready = :yes",
            condition: "#epoch = :epoch",
            values: vec![(":epoch", n(epoch)), (":yes", AttributeValue::Bool(true))],
        };
        self.change_identity(change, epoch).await
    }

    async fn change_identity(&self, change: Change, epoch: u64) -> Result<(), LedgerError> {
        match self.update(change).await? {
            Outcome::Done => {
                self.epochs.learn(epoch);
                Ok(())
            }
            Outcome::Refused(None) => Err(self.damaged(NO_IDENTITY)),
            Outcome::Refused(Some(item)) => Err(self.other_epoch(epoch, identity_of(&item, self)?.epoch)),
        }
    }

    pub(super) fn other_epoch(&self, asked: u64, current: u64) -> LedgerError {
        LedgerError::OtherEpoch { asked, current, ledger: self.named() }
    }
}

fn identity_of(item: &Item<'_>, ledger: &DynamoLedger) -> Result<LedgerIdentity, LedgerError> {
    let epoch: u64 = item.number("epoch")?.filter(|epoch| *epoch > 0).ok_or_else(|| ledger.damaged("its item L has no epoch"))?;
    Ok(LedgerIdentity { kind: LedgerKind::DynamoDb, id: item.needed("id")?.to_owned(), epoch, ready: item.truth("ready")? })
}
