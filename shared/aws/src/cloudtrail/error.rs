//! What CloudTrail's answers mean, with the IAM action to allow where they are a refusal.
//! Sources: CloudTrail API Reference, ListPublicKeys, "Errors" and "Common Errors".

use std::error::Error;

use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};
use trailkeep_pipeline::ports::causes;

/// The action that public keys are asked with, as IAM spells it.
pub(super) const LIST_PUBLIC_KEYS: &str = "cloudtrail:ListPublicKeys";

/// Why CloudTrail's public keys were not got. Nothing of the answer is taken.
#[derive(Debug, thiserror::Error)]
pub enum CloudTrailError {
    /// The caller may not.
    #[error("not permitted to {operation} in {region}: {hint}")]
    Denied {
        /// The IAM action.
        operation: &'static str,
        /// The Region that was asked.
        region: String,
        /// What to do.
        hint: String,
    },
    /// More pages than there can be, or the same one again and again.
    #[error("{operation} in {region} does not come to an end")]
    Endless {
        /// The IAM action.
        operation: &'static str,
        /// The Region that was asked.
        region: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to {operation} in {region}")]
    Failed {
        /// The IAM action, or `open`.
        operation: &'static str,
        /// The Region that was asked.
        region: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What an answer means.
pub(super) fn explain<E>(error: &SdkError<E>, region: &str) -> CloudTrailError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let text = match (error, status) {
        (SdkError::ServiceError(_), Some(status)) => {
            let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
            format!("CloudTrail answered {status} {code}{message}")
        }
        _ => causes(error),
    };
    let region = region.to_owned();
    match hint(status, code, &text) {
        Some(hint) => CloudTrailError::Denied { operation: LIST_PUBLIC_KEYS, region, hint: format!("{hint} ({text})") },
        None => CloudTrailError::Failed { operation: LIST_PUBLIC_KEYS, region, source: text.into() },
    }
}

/// What to do about a refusal; `None` where it is none.
fn hint(status: Option<u16>, code: &str, text: &str) -> Option<&'static str> {
    match code {
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "RequestExpired" => Some("check the AWS credentials and the clock; in a Region that is not enabled they are not known"),
        "AccessDeniedException" | "AccessDenied" => {
            Some("allow cloudtrail:ListPublicKeys on *, in a service control policy too where one limits Regions")
        }
        _ if status.is_none() && text.contains("credential") => Some("no AWS credentials were found: set AWS_PROFILE or sign in"),
        _ if status.is_none() && text.contains("AssumeRole") => {
            Some("the role could not be taken on: allow sts:AssumeRole on it, and let its trust policy name the caller")
        }
        _ if status == Some(403) => Some("allow cloudtrail:ListPublicKeys on *"),
        _ => None,
    }
}
