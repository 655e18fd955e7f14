//! Why a Digest is not verified, by stable names that findings, metrics and tables carry.

use std::fmt;

use crate::Member;

macro_rules! reasons {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// Why a Digest is not verified. One reason is enough; there may be several.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(
                #[doc = $doc]
                $variant,
            )*
            /// `missing_…`: a member is not there.
            Missing(Member),
            /// `odd_…`: a member is there, but null, of another type, too long, or not what its name says.
            Odd(Member),
        }

        impl Reason {
            /// Every reason that names no member.
            pub const PLAIN: &'static [Self] = &[$(Self::$variant),*];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Missing(member) => member.missing(),
                    Self::Odd(member) => member.odd(),
                }
            }
        }
    };
}

reasons! {
    NotADigestKey "not_a_digest_key" "The object's key is not that of a Digest.",
    RegionDiffers "region_differs" "The key's path and file name name different Regions.",
    StoredTooLarge "stored_too_large" "More stored bytes than [`crate::MAX_STORED_BYTES`].",
    InflatedTooLarge "inflated_too_large" "More inflated bytes than [`crate::MAX_INFLATED_BYTES`].",
    InflationRatio "inflation_ratio" "Inflates further than any Digest.",
    NotGzip "not_gzip" "The bytes are no gzip.",
    SeveralMembers "several_members" "More than one gzip member: readers that join members see what nobody signed.",
    TrailingBytes "trailing_bytes" "Bytes after the gzip member.",
    BadCrc "bad_crc" "The gzip member's CRC-32 or length does not fit its content.",
    Truncated "truncated" "The deflate stream is cut or broken.",
    CutTrailer "cut_trailer" "The gzip member's last eight bytes are cut.",
    NotJson "not_json" "The inflated bytes are no JSON object, or something follows it.",
    RepeatedMember "repeated_member" "A member stands there twice: readers differ in which they take.",
    TooManyLogFiles "too_many_log_files" "More log files than [`crate::MAX_LOG_FILES`].",
    PartialPrevious "partial_previous" "Some of the five members about the previous Digest are null, but not all.",
    WrongSignatureAlgorithm "wrong_signature_algorithm" "`digestSignatureAlgorithm` is not `SHA256withRSA`.",
    WrongMetadataAlgorithm "wrong_metadata_algorithm" "The metadata's `signature-algorithm` is not `SHA256withRSA`.",
    WrongPreviousHashAlgorithm "wrong_previous_hash_algorithm" "`previousDigestHashAlgorithm` is not `SHA-256`.",
    WrongLogFileHashAlgorithm "wrong_log_file_hash_algorithm" "A log file's `hashAlgorithm` is not `SHA-256`.",
    TimesOutOfOrder "times_out_of_order" "The period ends before it starts, or has no length.",
    EventTimesOutOfOrder "event_times_out_of_order" "A newest event is older than the oldest.",
    AccountDiffers "account_differs" "`awsAccountId` is not the account in the key.",
    StampDiffers "stamp_differs" "The time in the key's name is not `digestEndTime`.",
    Moved "moved" "The place that was signed is not where the object was found, bucket aliases considered.",
    BackfillMismatch "backfill_mismatch" "A name without `_backfill`, but metadata of a backfill Digest.",
    LogFileOfAnotherAccount "log_file_of_another_account" "A listed key is of another account.",
    LogFileOfAnotherRegion "log_file_of_another_region" "A listed key is of another Region.",
    LogFileOfAnotherOrganization "log_file_of_another_organization" "A listed key is of another organization.",
    RepeatedLogFile "repeated_log_file" "A key is listed twice.",
    UnknownPublicKey "unknown_public_key" "No kept public key has this fingerprint.",
    KeyOfAnotherRegion "key_of_another_region" "The fingerprint is that of another Region's key; CloudTrail has keys for each.",
    KeyOutsideValidity "key_outside_validity" "The public key was not valid when this Digest was signed.",
    SignatureInvalid "signature_invalid" "RSA PKCS#1 v1.5 with SHA-256 does not verify.",
    OfAnotherChain "of_another_chain" "A Digest of another account, Region, trail or organization.",
    DuplicatedStamp "duplicated_stamp" "The chain has another Digest of the same time.",
    PreviousHashDiffers "previous_hash_differs" "`previousDigestHashValue` is not the hash of the previous Digest, which is signed well.",
    PreviousSignatureDiffers "previous_signature_differs" "`previousDigestSignature` is not the signature of the previous Digest, which is signed well.",
    StartDiffersFromPreviousEnd "start_differs_from_previous_end" "The period does not start where the previous one ended.",
    PreviousIsLater "previous_is_later" "The Digest that is named as the previous one is not earlier.",
    PreviousOutsideChain "previous_outside_chain" "The Digest that is named as the previous one is of another chain.",
    PreviousBeforeHead "previous_before_head" "The Digest that is named as the previous one is older than the head that the walk went on from.",
    DiffersFromNext "differs_from_next" "It is not what the next Digest, which is signed well, says that it was.",
    NotInChain "not_in_chain" "Signed well, but a later Digest of the chain passes it over.",
    BeforeHead "before_head" "Older than the head that the walk went on from: not judged. Walk the chain from before it.",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of reasons, in the order in which they were found. Empty is as good as it gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons(Vec<Reason>);

impl Reasons {
    /// Adds a reason that is not there yet.
    pub(crate) fn add(&mut self, reason: Reason) {
        if !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }

    /// Adds another set.
    pub(crate) fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|reason| self.add(*reason));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is there.
    pub fn contains(&self, reason: Reason) -> bool {
        self.0.contains(&reason)
    }

    /// The reasons.
    pub fn as_slice(&self) -> &[Reason] {
        &self.0
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|reason| reason.name()).collect()
    }
}

impl From<Reason> for Reasons {
    fn from(reason: Reason) -> Self {
        Self(vec![reason])
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_snake_case_and_occur_once() {
        let members = Member::ALL.iter().flat_map(|member| [Reason::Missing(*member), Reason::Odd(*member)]);
        let names: Vec<&str> = Reason::PLAIN.iter().copied().chain(members).map(Reason::name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{name}");
        }
    }
}
