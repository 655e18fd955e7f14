//! What DynamoDB's answers mean for a ledger, with the IAM action and what to do where that is known.
//! Source: DynamoDB Developer Guide, "Error handling with DynamoDB"; IAM User Guide, "Troubleshoot access denied error messages".

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use trailkeep_pipeline::ports::causes;
use trailkeep_pipeline::ports::ledger::LedgerError;

use super::DynamoLedger;

/// What is done, in words, and the IAM actions that it needs, the likeliest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    pub(super) words: &'static str,
    pub(super) action: &'static str,
}

/// What DynamoDB said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Answer {
    /// HTTP status; `None` where no answer came.
    status: Option<u16>,
    /// DynamoDB's error code; may be empty.
    code: String,
    message: String,
    text: String,
}

/// DynamoDB has no room for the request now, or another transaction is at the item.
const BUSY: [&str; 9] = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "Throttling",
    "RequestLimitExceeded",
    "TransactionInProgressException",
    "TransactionConflictException",
    "TransactionConflict",
];

const BAD_CREDENTIALS: [&str; 7] = [
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidClientTokenId",
    "MissingAuthenticationTokenException",
];

impl Answer {
    /// Takes the answer out of the SDK's error.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default().to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        let text = match (error, status) {
            (SdkError::ServiceError(_), Some(status)) => said(status, &code, &message),
            _ => causes(error),
        };
        Self { status, code, message, text }
    }

    /// One reason of a cancelled transaction.
    pub(super) fn of_reason(code: &str, message: Option<&str>) -> Self {
        let message = message.unwrap_or_default().to_owned();
        Self { status: Some(400), code: code.to_owned(), text: said(400, code, &message), message }
    }

    /// Partial results that did not become whole.
    pub(super) fn unprocessed(items: usize) -> Self {
        let text = format!("DynamoDB left {items} items of a request undone, again and again: the table or the account is at its limit");
        Self { status: None, code: "ThrottlingException".to_owned(), message: String::new(), text }
    }

    /// Another transaction was at one of the items.
    pub(super) fn met_another(&self) -> bool {
        matches!(self.code.as_str(), "TransactionConflict" | "TransactionConflictException" | "TransactionInProgressException")
    }

    /// DynamoDB, or what stands for it, answered that it will not, and not that it is busy.
    pub(super) fn is_refusal(&self) -> bool {
        self.status.is_some() && !BUSY.contains(&self.code.as_str())
    }

    /// What is there to be done where the call was refused.
    fn refused(&self, ledger: &DynamoLedger, operation: Operation) -> Option<String> {
        if BAD_CREDENTIALS.contains(&self.code.as_str()) {
            return Some("check the AWS credentials and the clock".to_owned());
        }
        if self.status.is_none() && self.text.contains("credential") {
            return Some("no AWS credentials were found: set AWS_PROFILE or sign in".to_owned());
        }
        let (action, resource) = not_authorized(&self.message);
        if action.is_some_and(|action| action.starts_with("kms:")) || self.speaks_of_kms() {
            return Some(kms_hint(action, resource));
        }
        if !matches!(self.code.as_str(), "AccessDeniedException" | "AccessDenied") && self.status != Some(403) {
            return None;
        }
        let action = action.unwrap_or(operation.action);
        let resource =
            resource.map_or_else(|| format!("arn:aws:dynamodb:{}:ACCOUNT:table/{}", ledger.region(), ledger.table), ToOwned::to_owned);
        let instead = if self.message.contains("explicit deny") {
            "a policy denies it explicitly: take that statement away or leave this role out of it"
        } else {
            "a statement with Effect Allow in a policy of this role grants it"
        };
        Some(format!("allow {action} on {resource}; {instead}"))
    }

    fn speaks_of_kms(&self) -> bool {
        self.code.starts_with("KMS") || self.message.contains("KMS key") || self.message.contains("AWSKMS")
    }

    /// The port's error of an operation.
    pub(super) fn explain(self, ledger: &DynamoLedger, operation: Operation) -> LedgerError {
        let named = ledger.named();
        if BUSY.contains(&self.code.as_str()) {
            return LedgerError::Busy { operation: operation.words, ledger: named, source: Box::new(self) };
        }
        if let Some(hint) = self.refused(ledger, operation) {
            return LedgerError::Denied { operation: operation.words, ledger: named, hint, source: Box::new(self) };
        }
        let source: Box<dyn Error + Send + Sync> = match self.code.as_str() {
            "ResourceNotFoundException" => Box::new(NoTable { table: ledger.table.clone(), region: ledger.region(), source: self }),
            _ => Box::new(self),
        };
        LedgerError::Failed { operation: operation.words, ledger: named, source }
    }
}

/// The table, or its index, is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no table {table} with an index unfinished in {region}: check name and Region (--aws-region); a new table is made by: trailkeep ledger create --ledger dynamodb://{table}"
)]
struct NoTable {
    table: String,
    region: String,
    source: Answer,
}

fn said(status: u16, code: &str, message: &str) -> String {
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("DynamoDB answered {status} {code}{message}")
}

fn kms_hint(action: Option<&str>, resource: Option<&str>) -> String {
    let key = resource.unwrap_or("the KMS key of the table");
    match action {
        Some(action) => format!("allow {action} on {key}, in a policy of this role and in the policy of the key"),
        None => format!(
            "look at {key}: it is disabled, gone, pending deletion or not to be used by this role; enable it or allow kms:Decrypt on it"
        ),
    }
}

/// The action and the resource in `… is not authorized to perform: ACTION on resource: ARN because …`.
fn not_authorized(message: &str) -> (Option<&str>, Option<&str>) {
    let after = |mark: &str| message.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
    (after("not authorized to perform: "), after("on resource: ").or_else(|| after("on the resource: ")))
}

impl DynamoLedger {
    /// The error of a call.
    pub(super) fn explain<E>(&self, operation: Operation, error: &SdkError<E>) -> LedgerError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        Answer::of(error).explain(self, operation)
    }
}
