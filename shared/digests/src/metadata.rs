//! The three pieces of S3 user metadata that belong to a Digest.

/// What S3 keeps beside a Digest, names without `x-amz-meta-`. The signature is not in the Digest itself, as it covers its hash.
/// Source: CloudTrail User Guide, "CloudTrail digest file structure", "Signature of the digest file".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// `signature`: hexadecimal.
    pub signature: Option<&'a str>,
    /// `signature-algorithm`: `SHA256withRSA`.
    pub signature_algorithm: Option<&'a str>,
    /// `backfill-generation-timestamp`: when a backfill Digest was made; backfill Digests only.
    pub backfill_generation_timestamp: Option<&'a str>,
}

impl<'a> Metadata<'a> {
    /// Picks the three from the metadata of an object: names in any case, without `x-amz-meta-`. A name that occurs twice
    /// has the empty value, which is no signature of anything.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut metadata = Self::default();
        for (name, value) in pairs {
            let name = name.to_ascii_lowercase();
            let field = match name.as_str() {
                "signature" => &mut metadata.signature,
                "signature-algorithm" => &mut metadata.signature_algorithm,
                "backfill-generation-timestamp" => &mut metadata.backfill_generation_timestamp,
                _ => continue,
            };
            *field = Some(if field.is_some() { "" } else { value });
        }
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_found_by_name_and_a_repeated_name_is_worth_nothing() {
        let one = Metadata::from_pairs([("Signature", "ab"), ("signature-Algorithm", "SHA256withRSA"), ("other", "x")]);
        assert_eq!(one, Metadata { signature: Some("ab"), signature_algorithm: Some("SHA256withRSA"), ..Metadata::default() });
        // S3 tells names without the prefix: an object that has it twice has no signature that others would find.
        assert_eq!(Metadata::from_pairs([("x-amz-meta-signature", "ab")]), Metadata::default());
        assert_eq!(Metadata::from_pairs([("signature", "ab"), ("Signature", "ab")]).signature, Some(""));
    }
}
