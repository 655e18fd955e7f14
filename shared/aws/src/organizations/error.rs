//! What Organizations' answers mean, with the IAM action to allow where they are a refusal.
//! Sources: AWS Organizations API Reference, "Common Errors" and the errors of each action; Service Authorization Reference, "AWS Organizations".

use std::error::Error;

use aws_sdk_organizations::error::{ProvideErrorMetadata, SdkError};
use trailkeep_organization::RosterError;
use trailkeep_pipeline::ports::causes;

/// The call that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    DescribeOrganization,
    ListAccounts,
    ListRoots,
    ListUnits,
    ListAccountsForParent,
    ListTags,
}

impl Action {
    /// As IAM spells it.
    pub(super) fn iam(self) -> &'static str {
        match self {
            Self::DescribeOrganization => "organizations:DescribeOrganization",
            Self::ListAccounts => "organizations:ListAccounts",
            Self::ListRoots => "organizations:ListRoots",
            Self::ListUnits => "organizations:ListOrganizationalUnitsForParent",
            Self::ListAccountsForParent => "organizations:ListAccountsForParent",
            Self::ListTags => "organizations:ListTagsForResource",
        }
    }
}

/// Why an organization could not be observed. Nothing of it is taken.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationsError {
    /// The caller may not. Whoever can go on with what is unknown does.
    #[error("not permitted to {operation}: {hint}")]
    Denied {
        /// The IAM action.
        operation: &'static str,
        /// What to do.
        hint: String,
    },
    /// More than anybody's organization has.
    #[error("{operation} lists more than {cap} {what}")]
    TooMany {
        /// The IAM action.
        operation: &'static str,
        /// Of what.
        what: &'static str,
        /// The cap.
        cap: usize,
    },
    /// An answer that says what cannot be.
    #[error("{operation} answered what cannot be: {what}")]
    Odd {
        /// The IAM action.
        operation: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The accounts that were listed are no organization's.
    #[error("what Organizations listed cannot be taken for its accounts")]
    Roster(#[from] RosterError),
    /// Anything else; may pass when tried again.
    #[error("failed to {operation}")]
    Failed {
        /// The IAM action, or `open`.
        operation: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What an answer means.
pub(super) fn explain<E>(error: &SdkError<E>, action: Action) -> OrganizationsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let operation = action.iam();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let text = match (error, status) {
        (SdkError::ServiceError(_), Some(status)) => {
            let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
            format!("Organizations answered {status} {code}{message}")
        }
        _ => causes(error),
    };
    match hint(status, code, &text, operation) {
        Some(hint) => OrganizationsError::Denied { operation, hint: format!("{hint} ({text})") },
        None => OrganizationsError::Failed { operation, source: text.into() },
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
        "AWSOrganizationsNotInUseException" => {
            return Some(
                "the caller's account is in no organization: ask from the management account or a delegated administrator's".to_owned(),
            );
        }
        "AccessDeniedException" | "AccessDenied" => {}
        _ if status.is_none() && text.contains("credential") => {
            return Some("no AWS credentials were found: set AWS_PROFILE or sign in".to_owned());
        }
        _ if status.is_none() && text.contains("AssumeRole") => {
            return Some("the role could not be taken on: allow sts:AssumeRole on it, and let its trust policy name the caller".to_owned());
        }
        _ if status == Some(403) => {}
        _ => return None,
    }
    Some(format!(
        "allow {operation} to the caller, in the management account or in an account that is a delegated administrator, or give a role of such an account"
    ))
}
