//! The signature of a Digest: what CloudTrail signs, with which key, and whether it did.

use trailkeep_keys::Region;

use crate::{Digest, Fingerprint, HashValue, PublicKey, PublicKeys, Reason, Signature};

/// The one algorithm that CloudTrail signs with: RSA PKCS#1 v1.5 with SHA-256.
/// Source: CloudTrail User Guide, "CloudTrail digest file structure".
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// How long after a Digest's end it may be signed, in milliseconds: 2 h. The key must have been valid at some moment until then.
/// Source: the AWS command line asks for public keys up to two hours past the end of the range that it validates.
pub const SIGNING_LAG_MS: i64 = 2 * 3_600_000;

/// The text that CloudTrail signs: four lines, no line break at the end.
/// Source: CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText(String);

impl SignedText {
    /// The signed text of a Digest whose inflated bytes have this hash.
    pub fn of(digest: &Digest<'_>, hash: HashValue) -> Self {
        let previous = digest.previous.as_ref().map_or_else(|| "null".to_owned(), |previous| previous.signature.to_string());
        Self(format!("{}\n{}/{}\n{hash}\n{previous}", digest.end_text, digest.bucket, digest.key))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Verifies a signature with the key of this Region and fingerprint that was valid at some moment of `signed_ms` (first, last;
/// milliseconds since 1970), and tells with which.
///
/// # Errors
/// [`Reason::UnknownPublicKey`], [`Reason::KeyOfAnotherRegion`], [`Reason::KeyOutsideValidity`] or [`Reason::SignatureInvalid`].
pub fn verify_signature<'k>(
    keys: &'k PublicKeys,
    region: Region,
    fingerprint: Fingerprint,
    signed_ms: (i64, i64),
    text: &SignedText,
    signature: &Signature,
) -> Result<&'k PublicKey, Reason> {
    // The reasons stand in the order of how close a key comes; the closest is told.
    let mut closest = Reason::UnknownPublicKey;
    for key in keys.with_fingerprint(fingerprint) {
        closest = closest.max(if key.region() != region {
            Reason::KeyOfAnotherRegion
        } else if !key.is_valid_within(signed_ms) {
            Reason::KeyOutsideValidity
        } else if key.verifies(text.as_str().as_bytes(), signature) {
            return Ok(key);
        } else {
            Reason::SignatureInvalid
        });
    }
    Err(closest)
}
