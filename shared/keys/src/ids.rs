//! Accounts, Regions and organizations as they stand in keys: small copyable texts, valid by construction.

use std::{fmt, str::FromStr};

/// A text that is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not twelve digits.
    #[error("an account id is 12 digits, not {0:?}")]
    Account(String),
    /// Not 1-32 of `a-z`, `0-9`, `-`.
    #[error("a region is 1 to 32 lower-case letters, digits and hyphens, not {0:?}")]
    Region(String),
    /// Not `o-` and 4-32 of `a-z`, `0-9`.
    #[error("an organization id is o- and 4 to 32 lower-case letters and digits, not {0:?}")]
    Organization(String),
}

/// ASCII text of at most `N` bytes kept in place. Zero-filled, so that the derived order is that of the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Inline<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Inline<N> {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $capacity:literal, $valid:path, $error:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Inline<$capacity>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if !$valid(text) {
                    // Hostile text is cut before it is repeated.
                    return Err($error(text.chars().take(64).collect()));
                }
                Inline::new(text).map(Self).ok_or_else(|| $error(text.chars().take(64).collect()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}

id!(
    /// An AWS account: 12 digits.
    AccountId,
    12,
    is_account,
    IdError::Account
);
id!(
    /// A Region by syntax alone, 1 to 32 of `a-z`, `0-9` and `-`: new Regions and partitions need no new release.
    Region,
    32,
    is_region,
    IdError::Region
);
id!(
    /// An organization, `o-…`. AWS writes 10 to 32 characters after the hyphen; from 4 on are read, as test trees have them.
    OrganizationId,
    34,
    is_organization,
    IdError::Organization
);

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-")
        .is_some_and(|rest| (4..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn ids_take_what_aws_writes_and_refuse_the_rest() {
        for text in ["111122223333", "000000000000"] {
            assert_eq!(text.parse::<AccountId>().unwrap().to_string(), text);
        }
        for text in ["", "11112222333", "1111222233334", "11112222333a", "１11122223333"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
        for text in ["us-east-1", "us-gov-west-1", "cn-northwest-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "mx-central-1"] {
            assert_eq!(text.parse::<Region>().unwrap().as_str(), text);
        }
        for text in ["", "US-EAST-1", "us_east_1", "a/b", "a-very-long-region-name-that-no-partition-has"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
        for text in ["o-abcd", "o-exampleorgid", "o-12345678901234567890123456789012"] {
            assert_eq!(text.parse::<OrganizationId>().unwrap().as_str(), text);
        }
        for text in ["o-", "o-abc", "o-ABCDEFGHIJ", "x-exampleorgid", "o-123456789012345678901234567890123"] {
            assert!(text.parse::<OrganizationId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_sort_as_their_texts() {
        let mut regions: Vec<Region> =
            ["us-east-1", "eu-west-1", "us-east-10", "us-east"].iter().map(|text| text.parse().unwrap()).collect();
        regions.sort_unstable();
        let texts: Vec<&str> = regions.iter().map(Region::as_str).collect();
        assert_eq!(texts, ["eu-west-1", "us-east", "us-east-1", "us-east-10"]);
    }
}
