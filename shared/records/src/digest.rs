//! The few members of a Digest that landing needs. Verifying signatures and chains is the auditor's affair.

use serde::Deserialize;

/// A Digest's own account of itself (CloudTrail User Guide, "CloudTrail digest file structure").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestHead {
    /// The account whose files it lists.
    pub aws_account_id: String,
    /// Bucket that CloudTrail delivered it to.
    #[serde(rename = "digestS3Bucket")]
    pub digest_s3_bucket: String,
    /// Key that CloudTrail delivered it to.
    #[serde(rename = "digestS3Object")]
    pub digest_s3_object: String,
    /// Start of the delivery period, as written.
    pub digest_start_time: String,
    /// End of the delivery period, as written.
    pub digest_end_time: String,
    /// Time of the newest event in the listed files; none where the Digest lists none.
    pub newest_event_time: Option<String>,
    /// Time of the oldest event in the listed files.
    pub oldest_event_time: Option<String>,
}

/// Why bytes are no Digest.
#[derive(Debug, thiserror::Error)]
#[error("not a cloudtrail digest")]
pub struct DigestError(#[source] serde_json::Error);

impl DigestHead {
    /// Reads the inflated bytes of a Digest.
    ///
    /// # Errors
    /// [`DigestError`] where a member is missing or the JSON is broken; the object is landed all the same.
    pub fn parse(inflated: &[u8]) -> Result<Self, DigestError> {
        serde_json::from_slice(inflated).map_err(DigestError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_its_bucket_and_others_do_not() {
        let text = br#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-15T00:00:00Z","digestEndTime":"2026-01-15T01:00:00Z",
            "digestS3Bucket":"example-logs","digestS3Object":"AWSLogs/k","newestEventTime":null,"oldestEventTime":null,"logFiles":[]}"#;
        let head = DigestHead::parse(text).map(|h| h.digest_s3_bucket).ok();
        assert_eq!(head.as_deref(), Some("example-logs"));
        assert!(DigestHead::parse(br#"{"Records":[]}"#).is_err());
    }
}
