//! Where a ledger is: a SQLite file on this machine, or a DynamoDB table that a fleet shares.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LedgerAddress {
    /// A SQLite file.
    File(PathBuf),
    /// A DynamoDB table by name, in the Region of the other options.
    DynamoDb(String),
}

/// Why a text is no ledger's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LedgerAddressError {
    #[error("a ledger is not empty: give a file or dynamodb://TABLE")]
    Empty,
    #[error("{text:?} names no table: dynamodb://TABLE, with 3 to 255 of a-z, A-Z, 0-9, _, - and .")]
    Table { text: String },
    #[error("{text:?}: {scheme}:// is not understood; give a file or dynamodb://TABLE")]
    Scheme { text: String, scheme: String },
}

impl FromStr for LedgerAddress {
    type Err = LedgerAddressError;

    fn from_str(text: &str) -> Result<Self, LedgerAddressError> {
        match text.split_once("://") {
            None if text.is_empty() => Err(LedgerAddressError::Empty),
            None => Ok(Self::File(PathBuf::from(text))),
            Some((scheme, table)) if scheme.eq_ignore_ascii_case("dynamodb") => {
                // Source: DynamoDB Developer Guide, "Naming rules".
                let known = table.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
                if known && (3..=255).contains(&table.len()) {
                    Ok(Self::DynamoDb(table.to_owned()))
                } else {
                    Err(LedgerAddressError::Table { text: text.to_owned() })
                }
            }
            Some((scheme, _)) => Err(LedgerAddressError::Scheme { text: text.to_owned(), scheme: scheme.to_owned() }),
        }
    }
}

impl fmt::Display for LedgerAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            Self::DynamoDb(table) => write!(out, "dynamodb://{table}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn files_and_tables_are_told_apart() {
        assert_eq!("dynamodb://trailkeep-ledger".parse(), Ok(LedgerAddress::DynamoDb("trailkeep-ledger".to_owned())));
        assert_eq!("./dynamodb/ledger.sqlite".parse(), Ok(LedgerAddress::File("./dynamodb/ledger.sqlite".into())));
        for address in ["dynamodb://trailkeep", "/var/lib/ledger.sqlite"] {
            assert_eq!(address.parse::<LedgerAddress>().unwrap().to_string(), address);
        }
    }

    #[test]
    fn what_is_no_ledger_is_refused_with_a_reason() {
        let reason = |text: &str| text.parse::<LedgerAddress>().unwrap_err().to_string();
        assert!(reason("").contains("a file or dynamodb://TABLE"));
        for text in ["dynamodb://", "dynamodb://a/b", "dynamodb://ab", "dynamodb://table name"] {
            assert!(reason(text).contains("names no table"), "{text}");
        }
        assert!(reason("s3://ledger").contains("s3:// is not understood"));
    }
}
