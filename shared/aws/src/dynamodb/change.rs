//! Conditional changes of single items. A change names the attributes that it touches, so that others' attributes stay, and holds only for items
//! that this release understands. What stands in the way comes back with the refusal, without a read.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, Update},
};
use trailkeep_pipeline::ports::ledger::LedgerError;

use super::{
    DynamoLedger, VERSION,
    error::Operation,
    item::{Attributes, Item, n, s},
    keys::PK,
};

/// Holds for items that this release understands, and where there is none.
const UNDERSTOOD: &str = "(attribute_not_exists(#v) OR #v <= :known)";

const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// What is asked of one item. In expressions `#name` is the attribute `name`, whatever words DynamoDB reserves, and `:name` one of `values`.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) operation: Operation,
    pub(super) key: String,
    /// `SET …`, `REMOVE …`, `ADD …`; empty where nothing is changed.
    pub(super) update: &'static str,
    pub(super) condition: &'static str,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

/// What a conditional change came to.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// The condition held.
    Done,
    /// It did not; the item as it is, or `None` where there is none.
    Refused(Option<Item<'a>>),
}

impl Change {
    /// The condition, for items that this release understands.
    fn guarded(&self) -> String {
        format!("({}) AND {UNDERSTOOD}", self.condition)
    }

    fn names(&self) -> HashMap<String, String> {
        names(&[self.update, &self.guarded()])
    }

    fn values(&self) -> HashMap<String, AttributeValue> {
        let given = self.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        given.chain([(":known".to_owned(), n(VERSION))]).collect()
    }

    /// As a part of a transaction.
    pub(super) fn to_update(&self, table: &str) -> Update {
        let update = Update::builder()
            .table_name(table)
            .key(PK, s(&self.key))
            .update_expression(self.update)
            .condition_expression(self.guarded())
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(Some(self.values()))
            .return_values_on_condition_check_failure(ALL_OLD);
        update.build().expect("table, key and expression are set")
    }

    /// The condition alone, as a part of a transaction.
    pub(super) fn to_check(&self, table: &str) -> ConditionCheck {
        let check = ConditionCheck::builder()
            .table_name(table)
            .key(PK, s(&self.key))
            .condition_expression(self.guarded())
            .set_expression_attribute_names(Some(self.names()))
            .set_expression_attribute_values(Some(self.values()))
            .return_values_on_condition_check_failure(ALL_OLD);
        check.build().expect("table, key and expression are set")
    }
}

/// `#name` → `name` for all names in some expressions.
fn names(expressions: &[&str]) -> HashMap<String, String> {
    let pieces = expressions.iter().flat_map(|text| text.split('#').skip(1));
    let words = pieces.map(|piece| piece.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect::<String>());
    words.map(|word| (format!("#{word}"), word)).collect()
}

impl DynamoLedger {
    /// Updates an item under its condition.
    pub(super) async fn update(&self, change: Change) -> Result<Outcome<'_>, LedgerError> {
        let update = self.client.update_item().table_name(&self.table).key(PK, s(&change.key));
        let update = update.update_expression(change.update).condition_expression(change.guarded());
        let update = update.set_expression_attribute_names(Some(change.names())).set_expression_attribute_values(Some(change.values()));
        match update.return_values_on_condition_check_failure(ALL_OLD).send().await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => self.refused(failed.item()),
                _ => Err(self.explain(change.operation, &error)),
            },
        }
    }

    /// Deletes an item under its condition.
    pub(super) async fn delete(&self, change: Change) -> Result<Outcome<'_>, LedgerError> {
        let delete = self.client.delete_item().table_name(&self.table).key(PK, s(&change.key)).condition_expression(change.guarded());
        let delete = delete.set_expression_attribute_names(Some(change.names())).set_expression_attribute_values(Some(change.values()));
        match delete.return_values_on_condition_check_failure(ALL_OLD).send().await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failed)) => self.refused(failed.item()),
                _ => Err(self.explain(change.operation, &error)),
            },
        }
    }

    /// Puts an item where there is none.
    pub(super) async fn put_new(&self, operation: Operation, attributes: Attributes) -> Result<Outcome<'_>, LedgerError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(attributes));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK);
        match put.return_values_on_condition_check_failure(ALL_OLD).send().await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => self.refused(failed.item()),
                _ => Err(self.explain(operation, &error)),
            },
        }
    }

    fn refused(&self, item: Option<&Attributes>) -> Result<Outcome<'_>, LedgerError> {
        Ok(Outcome::Refused(item.map(|item| self.understand(item.clone())).transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_expressions() {
        let found = names(&["SET #state = :new, #beat=if_not_exists(#beat,:zero) REMOVE #u", "attribute_not_exists(#v)"]);
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort();
        let expected = ["beat", "state", "u", "v"].map(|name| (format!("#{name}"), name.to_owned()));
        assert_eq!(found, expected);
    }
}
