//! Leases: rights to do something that is done one at a time. A lease that was given back keeps its item, so that its counter never goes back.

use trailkeep_pipeline::ports::ledger::{LeaseAnswer, LeaseItem, LedgerError, WorkerId};

use super::{
    DynamoLedger, VERSION,
    change::{Change, Outcome},
    error::Operation,
    item::{n, s},
    keys,
};

const UPDATE: &str = "dynamodb:UpdateItem";

impl DynamoLedger {
    /// Takes a lease that is free, our own, or still exactly `over`.
    pub(super) async fn take(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError> {
        let mut values = vec![(":me", s(holder.as_str())), (":one", n(1)), (":v", n(VERSION))];
        let mut condition = "attribute_not_exists(#holder) OR #holder = :me";
        if let Some(over) = over {
            values.extend([(":over", s(over.holder.as_str())), (":still", n(over.counter))]);
            condition = "attribute_not_exists(#holder) OR #holder = :me OR (#holder = :over AND #counter = :still)";
        }
        let change = Change {
            operation: Operation { words: "take a lease", action: UPDATE },
            key: keys::lease(name),
            update: "SET #holder = :me, #v = if_not_exists(#v, :v) ADD #counter :one",
            condition,
            values,
        };
        match self.update(change).await? {
            Outcome::Done => Ok(LeaseAnswer::Taken),
            Outcome::Refused(item) => {
                let held = item.map(|item| item.to_lease()).transpose()?.flatten();
                held.map(LeaseAnswer::HeldBy).ok_or_else(|| self.damaged(format!("the lease {name} was refused, but nobody holds it")))
            }
        }
    }

    /// Moves the counter, if `holder` has it.
    pub(super) async fn beat_held(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError> {
        let change = Change {
            operation: Operation { words: "beat for a lease", action: UPDATE },
            key: keys::lease(name),
            update: "ADD #counter :one",
            condition: "#holder = :me",
            values: vec![(":me", s(holder.as_str())), (":one", n(1))],
        };
        Ok(matches!(self.update(change).await?, Outcome::Done))
    }

    /// Gives it back, if `holder` has it.
    pub(super) async fn give_back(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "release a lease", action: UPDATE },
            key: keys::lease(name),
            update: "REMOVE #holder ADD #counter :one",
            condition: "#holder = :me",
            values: vec![(":me", s(holder.as_str())), (":one", n(1))],
        };
        self.update(change).await.map(drop)
    }
}
