//! Hashes, fingerprints and signatures: bytes that CloudTrail writes as lower-case hexadecimal digits.
//!
//! Upper-case digits are refused: CloudTrail writes none, and the AWS command line compares texts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that is not the hexadecimal value it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {expected} in lower-case hexadecimal digits")]
pub struct HexError {
    expected: &'static str,
}

/// Exactly `N` bytes, in 2·`N` lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex<const N: usize>(pub [u8; N]);

/// SHA-256 of an object's inflated bytes.
pub type HashValue = Hex<32>;

/// MD5 of a public key's DER. It names the key; it proves nothing, and nothing here relies on it.
/// Source: equal for the keys that the CloudTrail User Guide and the examples of the AWS command line publish.
pub type Fingerprint = Hex<16>;

impl<const N: usize> FromStr for Hex<N> {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut bytes = [0; N];
        let decoded = is_lower(text) && hex::decode_to_slice(text, &mut bytes).is_ok();
        if decoded { Ok(Self(bytes)) } else { Err(HexError { expected: if N == 32 { "32 bytes" } else { "16 bytes" } }) }
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(value: Hex<N>) -> Self {
        value.to_string()
    }
}

/// An RSA signature: 128 to 1,024 bytes (keys of 1,024 to 8,192 bits; which are strong enough is decided by the key).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(Box<[u8]>);

impl Signature {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Signature {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let error = HexError { expected: "a signature of 128 to 1024 bytes" };
        if !(256..=2048).contains(&text.len()) || !is_lower(text) {
            return Err(error);
        }
        hex::decode(text).map(|bytes| Self(bytes.into())).map_err(|_| error)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Signature {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(value: Signature) -> Self {
        value.to_string()
    }
}

fn is_lower(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_values_are_lower_case_and_of_their_length() {
        let text = "00ff".repeat(16);
        assert_eq!(text.parse::<HashValue>().map(|value| value.to_string()), Ok(text.clone()));
        for wrong in ["", "00", &"00FF".repeat(16), &"00fg".repeat(16), &"00ff".repeat(17), &"0é".repeat(21)] {
            assert!(wrong.parse::<HashValue>().is_err(), "{wrong}");
        }
        let signature = "0a".repeat(256);
        assert_eq!(signature.parse::<Signature>().map(String::from), Ok(signature.clone()));
        for wrong in ["", "0a", &"0A".repeat(256), &"0a".repeat(1025), &format!("{signature}0"), &"zz".repeat(256)] {
            assert!(wrong.parse::<Signature>().is_err(), "{wrong}");
        }
    }
}
