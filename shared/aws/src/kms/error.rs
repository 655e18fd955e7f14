//! What KMS's answers mean, with the IAM action to allow where they are a refusal.
//! Sources: KMS API Reference, "Sign" and "GetPublicKey", "Errors", and "Common Errors".

use std::error::Error;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use trailkeep_attest::SignError;
use trailkeep_pipeline::ports::causes;

/// The call that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    GetPublicKey,
    Sign,
}

impl Action {
    /// As IAM spells it.
    fn iam(self) -> &'static str {
        match self {
            Self::GetPublicKey => "kms:GetPublicKey",
            Self::Sign => "kms:Sign",
        }
    }
}

/// What an answer means.
pub(super) fn explain<E>(error: &SdkError<E>, action: Action, key: &str) -> SignError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (operation, signer) = (action.iam(), key.to_owned());
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let text = match (error, status) {
        (SdkError::ServiceError(_), Some(status)) => {
            let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
            format!("KMS answered {status} {code}{message}")
        }
        _ => causes(error),
    };
    if let Some(reason) = unfit(code) {
        return SignError::Unfit { signer, reason: format!("{reason} ({text})") };
    }
    match hint(status, code, &text, operation) {
        Some(hint) => SignError::Denied { operation, signer, hint: format!("{hint} ({text})") },
        None => SignError::Failed { operation, signer, source: text.into() },
    }
}

/// Why the key will not do, however often it is asked.
fn unfit(code: &str) -> Option<&'static str> {
    match code {
        "NotFoundException" => Some("there is no such key or alias: look at its name, account and Region"),
        "DisabledException" => Some("the key is disabled: enable it, or sign with another"),
        "KMSInvalidStateException" => Some("the key is in a state in which it cannot be used, as pending deletion"),
        "InvalidKeyUsageException" => Some("its usage is not SIGN_VERIFY, or it does not sign with this algorithm"),
        "UnsupportedOperationException" => Some("it is symmetric: make an asymmetric one of RSA_2048 or ECC_NIST_P256 for signing"),
        "InvalidArnException" => Some("that is no ARN, key id or alias/NAME of KMS"),
        _ => None,
    }
}

/// What to do about a refusal; `None` where it is none.
fn hint(status: Option<u16>, code: &str, text: &str, operation: &str) -> Option<String> {
    match code {
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "RequestExpired" => return Some("check the AWS credentials and the clock".to_owned()),
        _ => {}
    }
    if status.is_none() && text.contains("credential") {
        return Some("no AWS credentials were found: set AWS_PROFILE or sign in".to_owned());
    }
    if status.is_none() && text.contains("AssumeRole") {
        return Some("the role could not be taken on: allow sts:AssumeRole on it, and let its trust policy name the caller".to_owned());
    }
    let refused = status == Some(403) || matches!(code, "AccessDeniedException" | "AccessDenied");
    refused.then(|| format!("allow {operation} on the key, in the key's policy too where it is another account's"))
}
