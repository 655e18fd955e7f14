//! What SQS's answers mean for a queue, with the IAM action and what to do where that is known.
//! Sources: SQS API Reference, "Common Errors" and the errors of each action; SQS Developer Guide, "Configure KMS permissions".

use std::error::Error;

use aws_sdk_sqs::{
    error::{ProvideErrorMetadata, SdkError},
    types::BatchResultErrorEntry,
};
use trailkeep_pipeline::ports::causes;
use trailkeep_pipeline::ports::queue::{EntryError, QueueError};

/// The IAM action that a call needs; batches need what single calls do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Receive,
    Delete,
    Hide,
    Send,
    GetAttributes,
    GetUrl,
    ListSources,
    StartMove,
    ListMoves,
}

impl Action {
    /// As IAM spells it.
    pub(super) fn iam(self) -> &'static str {
        match self {
            Self::Receive => "sqs:ReceiveMessage",
            Self::Delete => "sqs:DeleteMessage",
            Self::Hide => "sqs:ChangeMessageVisibility",
            Self::Send => "sqs:SendMessage",
            Self::GetAttributes => "sqs:GetQueueAttributes",
            Self::GetUrl => "sqs:GetQueueUrl",
            Self::ListSources => "sqs:ListDeadLetterSourceQueues",
            Self::StartMove => "sqs:StartMessageMoveTask",
            Self::ListMoves => "sqs:ListMessageMoveTasks",
        }
    }

    /// What it needs of the key of a queue that is encrypted with a customer's key.
    fn kms(self) -> Option<&'static str> {
        match self {
            Self::Receive => Some("kms:Decrypt"),
            Self::Send => Some("kms:GenerateDataKey and kms:Decrypt"),
            _ => None,
        }
    }
}

/// What SQS said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Answer {
    /// HTTP status; `None` where no answer came.
    status: Option<u16>,
    /// SQS's error code without its prefix; empty where it gave none.
    code: String,
    text: String,
}

impl Answer {
    /// Takes the answer out of the SDK's error.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = bare(error.code().unwrap_or_default()).to_owned();
        let text = match (error, status) {
            (SdkError::ServiceError(_), Some(status)) => {
                let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
                let code = if code.is_empty() { String::new() } else { format!(" {code}") };
                format!("SQS answered {status}{code}{message}")
            }
            _ => causes(error),
        };
        Self { status, code, text }
    }

    /// Whether the endpoint does not know the operation at all, as emulators may not.
    pub(super) fn unimplemented(&self) -> bool {
        let named = ["InvalidAction", "UnknownOperationException", "UnknownOperation", "NotImplemented"];
        named.contains(&self.code.as_str()) || matches!(self.status, Some(404 | 500 | 501)) && self.code.is_empty()
    }

    /// SQS's error code without its prefix.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// A hint where the call was refused.
    fn refused(&self, action: Action, arn: &str) -> Option<String> {
        match self.code.as_str() {
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "RequestExpired" => {
                return Some(format!("check the AWS credentials and the clock ({self})"));
            }
            "KmsAccessDenied" | "KMS.AccessDeniedException" => {
                let needed = action.kms().unwrap_or("kms:Decrypt");
                return Some(format!("allow {needed} on the KMS key of {arn}, in the key's policy or the caller's ({self})"));
            }
            "KmsThrottled" | "KMS.ThrottlingException" => return None,
            code if code.starts_with("Kms") || code.starts_with("KMS.") => {
                return Some(format!("look at the KMS key of {arn}: it is disabled, gone or not for this use ({self})"));
            }
            _ => {}
        }
        if self.status.is_none() && self.text.contains("credential") {
            return Some(format!("no AWS credentials were found: set AWS_PROFILE or sign in ({self})"));
        }
        if self.status.is_none() && self.text.contains("AssumeRole") {
            return Some(format!(
                "the role could not be taken on: allow sts:AssumeRole on it, and let its trust policy name the caller ({self})"
            ));
        }
        if self.status != Some(403) && !matches!(self.code.as_str(), "AccessDenied" | "AccessDeniedException") {
            return None;
        }
        if self.text.contains("kms:") {
            return Some(format!("allow {} on the KMS key of {arn} ({self})", action.kms().unwrap_or("kms:Decrypt")));
        }
        let key = action.kms().map(|kms| format!("; where a customer's KMS key encrypts the queue, {kms} on that key as well"));
        Some(format!("allow {} on {arn}{}", action.iam(), key.unwrap_or_default()))
    }

    /// The error of a call on the queue.
    pub(super) fn explain(self, action: Action, url: &str, arn: Option<&str>) -> QueueError {
        let (operation, queue) = (action.iam().to_owned(), url.to_owned());
        if self.code == "OverLimit" {
            return QueueError::OverLimit { queue };
        }
        if matches!(self.code.as_str(), "QueueDoesNotExist" | "NonExistentQueue") {
            return QueueError::NotFound { queue };
        }
        if let Some(hint) = self.refused(action, arn.unwrap_or(url)) {
            return QueueError::Denied { operation, queue, hint };
        }
        QueueError::Failed { operation, queue, source: Box::new(self) }
    }
}

/// Why one entry was refused. Where entries are receipts, `InvalidParameterValue` is about the receipt too: the message is gone, or would be
/// hidden for more than 12 h since it was received.
pub(super) fn entry_error(entry: &BatchResultErrorEntry, by_receipt: bool) -> EntryError {
    let code = bare(&entry.code);
    let expired = matches!(code, "ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidParameterValue");
    if by_receipt && expired {
        return EntryError::Expired { code: code.to_owned() };
    }
    EntryError::Refused { code: code.to_owned(), detail: entry.message.clone().unwrap_or_default() }
}

/// A code without the prefix that SQS's older protocol gave it.
fn bare(code: &str) -> &str {
    code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code)
}
