//! What S3's answers mean for a bucket, with the IAM action and what to do where that is known.
//! Source: S3 API Reference, "Error responses"; S3 User Guide, "Troubleshoot access denied (403 Forbidden) errors".

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_pipeline::ports::causes;

/// The IAM action that a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ListBucket,
    ListBucketVersions,
    GetObject,
    /// The same permission, asked by HEAD, whose answers have no body and so no error code.
    HeadObject,
    PutObject,
    DeleteObject,
    AbortMultipartUpload,
    RestoreObject,
    GetEncryptionConfiguration,
}

impl Action {
    /// As IAM spells it.
    pub(super) fn iam(self) -> &'static str {
        match self {
            Self::ListBucket => "s3:ListBucket",
            Self::ListBucketVersions => "s3:ListBucketVersions",
            Self::GetObject | Self::HeadObject => "s3:GetObject",
            Self::PutObject => "s3:PutObject",
            Self::DeleteObject => "s3:DeleteObject",
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::RestoreObject => "s3:RestoreObject",
            Self::GetEncryptionConfiguration => "s3:GetEncryptionConfiguration",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::GetObject | Self::HeadObject => {
                "allow s3:GetObject on it (s3:GetObjectVersion for a version) and kms:Decrypt on its key; \
                 without s3:ListBucket on the bucket, S3 answers the same for a key that is not there"
            }
            Self::PutObject => {
                "allow s3:PutObject on it, s3:PutObjectRetention where it is locked, and kms:GenerateDataKey and kms:Decrypt on its key"
            }
            Self::ListBucket | Self::ListBucketVersions | Self::GetEncryptionConfiguration => "allow it on the bucket",
            Self::DeleteObject | Self::AbortMultipartUpload | Self::RestoreObject => "allow it on the bucket's objects",
        }
    }
}

/// What to do where S3 speaks of Object Lock in an error: mostly `InvalidRequest`, "Bucket is missing Object Lock Configuration".
const NO_OBJECT_LOCK: &str = "; switch Object Lock on for the bucket, or write without a lock of your own";

/// What to do where a 404 is not about the object.
const NO_BUCKET: &str = "; check the bucket's name, the endpoint, and any proxy before it: this is no answer of S3's about an object";

/// What S3 said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Answer {
    /// HTTP status; `None` where no answer came.
    pub(super) status: Option<u16>,
    /// S3's error code; empty where it gave none, as on HEAD.
    pub(super) code: String,
    text: String,
}

impl Answer {
    /// Takes the answer out of the SDK's error.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default().to_owned();
        let text = match (error, status) {
            // S3 said what is wrong; anything else (no answer, a success that makes no sense) only the SDK can tell.
            (SdkError::ServiceError(_), Some(status)) if status >= 300 || !code.is_empty() => {
                let region = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
                let elsewhere = region.filter(|_| matches!(status, 301 | 307 | 400)).map(|region| format!("; the bucket is in {region}"));
                let message = error.message().map(|message| format!(": {message}"));
                let message = message.unwrap_or_default();
                let unlocked = if message.contains("Object Lock") { NO_OBJECT_LOCK } else { "" };
                format!("S3 answered {status} {code}{message}{}{unlocked}", elsewhere.unwrap_or_default())
            }
            _ => causes(error),
        };
        Self { status, code, text }
    }

    /// Somebody else wrote, or is writing, under a condition.
    pub(super) fn condition(&self) -> Option<Condition> {
        match (self.status, self.code.as_str()) {
            (Some(412), _) | (_, "PreconditionFailed") => Some(Condition::Failed),
            (_, "ConditionalRequestConflict") => Some(Condition::Conflict),
            (_, "NoSuchUpload") => Some(Condition::NoUpload),
            (Some(200..300), "") => Some(Condition::Unreadable),
            _ => None,
        }
    }

    /// Whether S3 itself says that what was asked for is gone. A bucket that is not there says nothing of its objects, and neither does whoever answers
    /// 404 without an error code of S3's: whoever takes that for a missing object deletes its message. The SDK puts `NotFound` where there is no body,
    /// which is how S3 answers a HEAD of a missing key.
    fn absent(&self, action: Action) -> bool {
        match self.code.as_str() {
            "NoSuchKey" | "NoSuchVersion" | "NoSuchUpload" => true,
            "NotFound" | "" => self.status == Some(404) && action == Action::HeadObject,
            _ => false,
        }
    }

    /// As it is, with what to check where the whole bucket is not there.
    fn with_advice(mut self) -> Self {
        if self.status == Some(404) {
            self.text.push_str(NO_BUCKET);
        }
        self
    }

    /// A hint where the call was refused.
    fn refused(&self, action: Action) -> Option<String> {
        let bad_credentials = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"];
        if bad_credentials.contains(&self.code.as_str()) {
            return Some(format!("check the AWS credentials and the clock ({self})"));
        }
        if self.status.is_none() && self.text.contains("credential") {
            return Some(format!("no AWS credentials were found: set AWS_PROFILE or sign in ({self})"));
        }
        if self.code.starts_with("KMS.") {
            return Some(format!("look at the object's KMS key: it is disabled, gone or not for this use ({self})"));
        }
        if self.status != Some(403) {
            return None;
        }
        let kms = self.text.contains("kms:").then(|| format!("allow it in the policy of the KMS key, too ({self})"));
        Some(kms.unwrap_or_else(|| action.hint().to_owned()))
    }

    /// The error of a call on `what`.
    pub(super) fn explain(self, action: Action, what: String) -> BucketError {
        if self.code == "InvalidObjectState" {
            return BucketError::Archived { what, storage_class: "an archived storage class".to_owned() };
        }
        if let Some(hint) = self.refused(action) {
            return BucketError::Denied { operation: action.iam().to_owned(), what, hint };
        }
        if self.absent(action) {
            return BucketError::NotFound { what };
        }
        if self.condition() == Some(Condition::Failed) {
            return BucketError::Changed { what };
        }
        BucketError::Failed { operation: action.iam().to_owned(), what, source: Box::new(self.with_advice()) }
    }
}

/// How a conditional write, or the completion of an upload, did not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// 412: something is there (or is another object).
    Failed,
    /// 409: another write to the key is under way.
    Conflict,
    /// The upload is not there: completed, aborted or swept.
    NoUpload,
    /// It went through, and the answer makes no sense to the SDK.
    Unreadable,
}

/// The error of a call on `what`.
pub(super) fn explain<E>(action: Action, what: impl Into<String>, error: &SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    Answer::of(error).explain(action, what.into())
}
