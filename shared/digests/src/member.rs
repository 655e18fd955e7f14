//! The members that a Digest must have, with the names under which their absence or oddness is told.

macro_rules! members {
    ($($variant:ident $json:literal $snake:literal,)*) => {
        /// A member of a Digest, of one of its log files, or of the object's metadata.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Member {
            $(
                #[doc = concat!("`", $json, "`")]
                $variant,
            )*
        }

        impl Member {
            /// Every member.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As CloudTrail writes it.
            pub const fn json(self) -> &'static str {
                match self { $(Self::$variant => $json,)* }
            }

            /// The reason's name where it is not there.
            pub(crate) const fn missing(self) -> &'static str {
                match self { $(Self::$variant => concat!("missing_", $snake),)* }
            }

            /// The reason's name where it is there, but null, of another type, too long, or not what its name says.
            pub(crate) const fn odd(self) -> &'static str {
                match self { $(Self::$variant => concat!("odd_", $snake),)* }
            }
        }
    };
}

// The first fourteen are the texts of a Digest, then its list, then the six texts of a log file, then metadata.
members! {
    AwsAccountId "awsAccountId" "aws_account_id",
    DigestStartTime "digestStartTime" "digest_start_time",
    DigestEndTime "digestEndTime" "digest_end_time",
    DigestS3Bucket "digestS3Bucket" "digest_s3_bucket",
    DigestS3Object "digestS3Object" "digest_s3_object",
    DigestPublicKeyFingerprint "digestPublicKeyFingerprint" "digest_public_key_fingerprint",
    DigestSignatureAlgorithm "digestSignatureAlgorithm" "digest_signature_algorithm",
    NewestEventTime "newestEventTime" "newest_event_time",
    OldestEventTime "oldestEventTime" "oldest_event_time",
    PreviousDigestS3Bucket "previousDigestS3Bucket" "previous_digest_s3_bucket",
    PreviousDigestS3Object "previousDigestS3Object" "previous_digest_s3_object",
    PreviousDigestHashValue "previousDigestHashValue" "previous_digest_hash_value",
    PreviousDigestHashAlgorithm "previousDigestHashAlgorithm" "previous_digest_hash_algorithm",
    PreviousDigestSignature "previousDigestSignature" "previous_digest_signature",
    LogFiles "logFiles" "log_files",
    FileBucket "s3Bucket" "log_file_s3_bucket",
    FileObject "s3Object" "log_file_s3_object",
    FileHashValue "hashValue" "log_file_hash_value",
    FileHashAlgorithm "hashAlgorithm" "log_file_hash_algorithm",
    FileNewestEventTime "newestEventTime" "log_file_newest_event_time",
    FileOldestEventTime "oldestEventTime" "log_file_oldest_event_time",
    MetadataSignature "signature" "metadata_signature",
    MetadataSignatureAlgorithm "signature-algorithm" "metadata_signature_algorithm",
    MetadataBackfillTimestamp "backfill-generation-timestamp" "metadata_backfill_generation_timestamp",
}

impl Member {
    /// How many texts a Digest has.
    pub(crate) const DIGEST_TEXTS: usize = Self::LogFiles as usize;
    /// How many texts a log file has.
    pub(crate) const FILE_TEXTS: usize = Self::MetadataSignature as usize - Self::FileBucket as usize;

    /// The five that are all null in a starting Digest.
    pub(crate) const PREVIOUS: [Self; 5] = [
        Self::PreviousDigestS3Bucket,
        Self::PreviousDigestS3Object,
        Self::PreviousDigestHashValue,
        Self::PreviousDigestHashAlgorithm,
        Self::PreviousDigestSignature,
    ];

    /// A member of a Digest by its name in JSON.
    pub(crate) fn of_digest(name: &str) -> Option<Self> {
        Self::ALL.get(..=Self::DIGEST_TEXTS)?.iter().copied().find(|member| member.json() == name)
    }

    /// A member of a log file by its name in JSON.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let first = Self::FileBucket as usize;
        Self::ALL.get(first..first + Self::FILE_TEXTS)?.iter().copied().find(|member| member.json() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_that_their_ranges_need() {
        assert_eq!((Member::DIGEST_TEXTS, Member::FILE_TEXTS), (14, 6));
        assert_eq!(Member::of_digest("logFiles"), Some(Member::LogFiles));
        assert_eq!(Member::of_digest("newestEventTime"), Some(Member::NewestEventTime));
        assert_eq!(Member::of_digest("s3Bucket"), None);
        assert_eq!(Member::of_file("newestEventTime"), Some(Member::FileNewestEventTime));
        assert_eq!(Member::of_file("signature"), None);
    }
}
