//! Which operation of AWS a request is: by `x-amz-target` (SQS, DynamoDB, KMS), by `Action=` (SNS, STS), or by method, path and query (S3).

use super::http::Message;

/// Characters of a body that are kept as a request's subject.
const MAX_SUBJECT: usize = 4096;

/// What a request asks for, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As `s3:GetObject`, `sqs:DeleteMessageBatch`, `dynamodb:UpdateItem`, `sns:Publish`.
    pub operation: String,
    /// S3: `bucket/key`, decoded. Others: the beginning of the body.
    pub subject: String,
}

impl Request {
    pub(super) fn of(message: &Message) -> Self {
        if let Some((service, name)) = message.header("x-amz-target").and_then(|target| target.split_once('.')) {
            let service = match service {
                "AmazonSQS" => "sqs".to_owned(),
                "TrentService" => "kms".to_owned(),
                "AWSOrganizationsV20161128" => "organizations".to_owned(),
                other => other.split('_').next().unwrap_or(other).to_ascii_lowercase(),
            };
            return Self { operation: format!("{service}:{name}"), subject: beginning(&message.body) };
        }
        let is_form = message.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if message.method() == "POST" && is_form {
            let subject = beginning(&message.body);
            let action = subject.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap_or("Unknown");
            return Self { operation: format!("{}:{action}", scope(message).unwrap_or("sns")), subject };
        }
        s3(message)
    }

    /// `s3`, `sqs` and so on.
    pub fn service(&self) -> &str {
        self.operation.split(':').next().unwrap_or_default()
    }
}

fn beginning(body: &[u8]) -> String {
    let some = body.get(..MAX_SUBJECT).unwrap_or(body);
    String::from_utf8_lossy(some).into_owned()
}

/// The service in the signature's credential scope: `Credential=<id>/<day>/<region>/<service>/aws4_request`.
fn scope(message: &Message) -> Option<&str> {
    let (_, credential) = message.header("authorization")?.split_once("Credential=")?;
    credential.split('/').nth(3)
}

fn s3(message: &Message) -> Request {
    let (path, query) = message.target().split_once('?').unwrap_or((message.target(), ""));
    let subject = decoded(path.trim_start_matches('/'));
    let has =
        |name: &str| query.split('&').any(|field| field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
    let is_bucket = subject.trim_end_matches('/').split_once('/').is_none();
    let name = match (message.method(), is_bucket) {
        ("GET", true) if subject.is_empty() => "ListBuckets",
        ("GET", true) if has("uploads") => "ListMultipartUploads",
        ("GET", true) if has("list-type") => "ListObjectsV2",
        ("GET", true) => "GetBucket",
        ("HEAD", true) => "HeadBucket",
        ("PUT", true) if query.is_empty() || has("x-id") => "CreateBucket",
        ("PUT", true) => "PutBucket",
        ("POST", true) if has("delete") => "DeleteObjects",
        ("DELETE", true) => "DeleteBucket",
        ("GET", false) if has("uploadId") => "ListParts",
        ("GET", false) => "GetObject",
        ("HEAD", false) => "HeadObject",
        ("PUT", false) if has("partNumber") => "UploadPart",
        ("PUT", false) if message.header("x-amz-copy-source").is_some() => "CopyObject",
        ("PUT", false) => "PutObject",
        ("POST", false) if has("uploads") => "CreateMultipartUpload",
        ("POST", false) if has("uploadId") => "CompleteMultipartUpload",
        ("DELETE", false) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", false) => "DeleteObject",
        _ => "Unknown",
    };
    Request { operation: format!("s3:{name}"), subject }
}

/// Percent-decoded text; what is no valid escape stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                plain.push(escaped);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
