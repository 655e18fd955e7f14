//! Records that the landing itself causes: where a trail logs data events of the bucket that is landed in, each Batch is the cause of Records of the next one.

use memchr::memmem::Finder;

/// Counts Records about requests to the bucket that is landed in, by the bucket's name in their parameters.
#[derive(Debug, Default)]
pub(super) struct OwnRequests {
    finder: Option<Finder<'static>>,
    found: u64,
}

impl OwnRequests {
    pub(super) fn of(bucket: Option<&str>) -> Self {
        // As S3's data events have it in requestParameters; CloudTrail writes no blanks.
        let needle = bucket.map(|bucket| format!("\"bucketName\":\"{bucket}\""));
        Self { finder: needle.map(|needle| Finder::new(needle.as_bytes()).into_owned()), found: 0 }
    }

    /// Looks through the Records of an object.
    pub(super) fn look(&mut self, records: &[u8]) {
        if let Some(finder) = &self.finder {
            self.found += finder.find_iter(records).count() as u64;
        }
    }

    pub(super) fn found(&self) -> u64 {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bucket_that_is_landed_in_is_counted() {
        let records = br#"{"Records":[{"requestParameters":{"bucketName":"audit","key":"raw/x"}},{"requestParameters":{"bucketName":"audit-2"}},{"requestParameters":{"bucketName":"audit"}}]}"#;
        let mut own = OwnRequests::of(Some("audit"));
        own.look(records);
        assert_eq!(own.found(), 2);
        let mut none = OwnRequests::of(None);
        none.look(records);
        assert_eq!(none.found(), 0);
    }
}
