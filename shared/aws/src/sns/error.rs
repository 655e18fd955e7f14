//! What SNS's answers mean for a topic, with the IAM action and what to do where that is known.
//! Sources: SNS API Reference, PublishBatch, "Errors" and "Common Errors"; SNS Developer Guide, "Configuring Amazon SNS topic encryption".

use std::error::Error;

use aws_sdk_sns::{
    error::{ProvideErrorMetadata, SdkError},
    types::BatchResultErrorEntry,
};
use trailkeep_pipeline::ports::announcer::AnnounceError;
use trailkeep_pipeline::ports::causes;

/// What SNS said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Answer {
    /// HTTP status; `None` where no answer came.
    status: Option<u16>,
    /// SNS's error code; empty where it gave none.
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
        let code = error.code().unwrap_or_default().to_owned();
        let text = match (error, status) {
            (SdkError::ServiceError(_), Some(status)) => {
                let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
                let code = if code.is_empty() { String::new() } else { format!(" {code}") };
                format!("SNS answered {status}{code}{message}")
            }
            _ => causes(error),
        };
        Self { status, code, text }
    }

    /// A hint where the call was refused.
    fn refused(&self, topic_arn: &str) -> Option<String> {
        if let Some(hint) = refused_for_its_key(&self.code, topic_arn) {
            return Some(format!("{hint} ({self})"));
        }
        let bad_credentials = ["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "IncompleteSignature", "RequestExpired"];
        if bad_credentials.contains(&self.code.as_str()) {
            return Some(format!("check the AWS credentials and the clock ({self})"));
        }
        if self.status.is_none() && self.text.contains("credential") {
            return Some(format!("no AWS credentials were found: set AWS_PROFILE or sign in ({self})"));
        }
        if self.status.is_none() && self.text.contains("AssumeRole") {
            return Some(format!(
                "the role could not be taken on: allow sts:AssumeRole on it, and let its trust policy name the caller ({self})"
            ));
        }
        if self.status != Some(403) && !matches!(self.code.as_str(), "AuthorizationError" | "AccessDenied" | "AccessDeniedException") {
            return None;
        }
        if self.text.contains("kms:") {
            return Some(format!("allow kms:GenerateDataKey and kms:Decrypt on the KMS key of {topic_arn} ({self})"));
        }
        Some(format!(
            "allow sns:Publish on {topic_arn}, in the topic's policy too where it is another account's; where a customer's KMS key encrypts \
             the topic, kms:GenerateDataKey and kms:Decrypt on that key as well"
        ))
    }

    /// Whether SNS took exception to what a message is, and not to the caller or the topic.
    pub(super) fn is_about_a_message(&self) -> bool {
        let codes = ["InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "BatchRequestTooLong", "ValidationError"];
        codes.contains(&self.code.as_str())
    }

    /// The error of a call on the topic.
    pub(super) fn explain(self, topic_arn: &str) -> AnnounceError {
        let topic = topic_arn.to_owned();
        if let Some(hint) = self.refused(topic_arn) {
            return AnnounceError::Denied { topic, hint };
        }
        if self.code == "NotFound" {
            let source = format!("the topic is not there: look at its name, account and Region ({self})").into();
            return AnnounceError::Failed { topic, source };
        }
        AnnounceError::Failed { topic, source: Box::new(self) }
    }
}

/// What to do about a code that speaks of the topic's KMS key.
fn refused_for_its_key(code: &str, topic_arn: &str) -> Option<String> {
    match code {
        "KMSAccessDenied" => {
            Some(format!("allow kms:GenerateDataKey and kms:Decrypt on the KMS key of {topic_arn}, in the key's policy too"))
        }
        "KMSThrottling" => None,
        code if code.starts_with("KMS") => Some(format!("look at the KMS key of {topic_arn}: it is disabled, gone or not for this use")),
        _ => None,
    }
}

/// Whether an entry was refused for what its message is, and not for want of a permission or a key.
pub(super) fn is_about_its_message(entry: &BatchResultErrorEntry) -> bool {
    entry.sender_fault && entry.code != "AuthorizationError" && !entry.code.starts_with("KMS")
}

/// An error where some of a Batch's messages were refused while their calls went through.
pub(super) fn refused_entries(topic_arn: &str, sent: usize, refused: &[BatchResultErrorEntry]) -> Result<(), AnnounceError> {
    let Some(first) = refused.first() else { return Ok(()) };
    let mut codes: Vec<&str> = refused.iter().map(|entry| entry.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let detail = first.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
    let told = format!("SNS refused {} of {sent} messages, {}{detail}", refused.len(), codes.join(", "));
    let topic = topic_arn.to_owned();
    if let Some(hint) = codes.iter().find_map(|code| refused_for_its_key(code, topic_arn)) {
        return Err(AnnounceError::Denied { topic, hint: format!("{hint} ({told})") });
    }
    if codes.contains(&"AuthorizationError") {
        return Err(AnnounceError::Denied { topic, hint: format!("allow sns:Publish on {topic_arn} ({told})") });
    }
    Err(AnnounceError::Failed { topic, source: told.into() })
}
