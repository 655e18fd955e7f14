//! Admitting 25 sources a request, by PartiQL's `BatchExecuteStatement`: each `INSERT` has its own condition (there is no such item) and its own
//! write unit, as a put has, and a twenty-fifth of the requests is left. It only ever says yes or that something is there; whatever it does not
//! say clearly is put one by one, which decides. Where the table's service does not take such statements, or this role may not send them, everything
//! is put one by one.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementError, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
};
use futures::stream::{self, StreamExt as _};

use super::{DynamoLedger, error::Answer, item::Attributes};

/// Most statements of one request. Source: DynamoDB API Reference, "BatchExecuteStatement".
const STATEMENTS_PER_REQUEST: usize = 25;
/// Requests of one operation that are under way at a time.
const REQUESTS: usize = 16;
/// Fewest items for which statements save anything.
const FEWEST: usize = 4;

/// Whether statements are refused here.
#[derive(Debug, Default)]
pub(super) struct Statements {
    refused: AtomicBool,
}

/// What became of an item that was to be inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It was, by this request.
    Done,
    /// An item with its key is there.
    IsThere,
    /// Nobody said; it may be there.
    Unknown,
}

impl DynamoLedger {
    /// Inserts items that have one and the same set of attributes. One answer per item, in order.
    pub(super) async fn insert(&self, items: &[Attributes]) -> Vec<Inserted> {
        if items.len() < FEWEST || self.statements.refused.load(Ordering::Relaxed) {
            return vec![Inserted::Unknown; items.len()];
        }
        let asked: Vec<_> = items.chunks(STATEMENTS_PER_REQUEST).map(|some| self.insert_some(some)).collect();
        stream::iter(asked).buffered(REQUESTS).collect::<Vec<_>>().await.concat()
    }

    async fn insert_some(&self, items: &[Attributes]) -> Vec<Inserted> {
        let unknown = vec![Inserted::Unknown; items.len()];
        if self.statements.refused.load(Ordering::Relaxed) {
            return unknown;
        }
        let statements = items.iter().map(|item| self.statement(item)).collect();
        match self.client.batch_execute_statement().set_statements(Some(statements)).send().await {
            Ok(answer) if answer.responses().len() == items.len() => answer.responses().iter().map(inserted).collect(),
            Ok(_) => unknown,
            Err(error) => {
                let answer = Answer::of(&error);
                if answer.is_refusal() && !self.statements.refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        ledger = self.named(),
                        %answer,
                        "sources are put one by one from now on, which takes more requests; if the answer says denied, allow dynamodb:PartiQLInsert on the table"
                    );
                }
                unknown
            }
        }
    }

    fn statement(&self, item: &Attributes) -> BatchStatementRequest {
        let (names, values): (Vec<String>, Vec<AttributeValue>) =
            item.iter().map(|(name, value)| (format!("'{name}':?"), value.clone())).unzip();
        let text = format!("INSERT INTO \"{}\" VALUE {{{}}}", self.table, names.join(","));
        BatchStatementRequest::builder().statement(text).set_parameters(Some(values)).build().expect("the statement is set")
    }
}

fn inserted(response: &BatchStatementResponse) -> Inserted {
    match response.error().map(BatchStatementError::code) {
        None => Inserted::Done,
        Some(Some(BatchStatementErrorCodeEnum::DuplicateItem)) => Inserted::IsThere,
        Some(_) => Inserted::Unknown,
    }
}
