//! `eventVersion` as two integers: `1.10` is newer than `1.08`, which a float would deny.

use std::{fmt, str::FromStr};

/// The `eventVersion` of a Record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot, read as an integer: `1.08` and `1.8` are the same.
    pub minor: u16,
}

impl EventVersion {
    /// A version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

/// The text is not two integers with a dot between them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event version {text:?} is not two integers with a dot between them")]
pub struct EventVersionError {
    text: String,
}

impl FromStr for EventVersion {
    type Err = EventVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || EventVersionError { text: text.chars().take(32).collect() };
        let digits = |part: &str| if part.bytes().all(|b| b.is_ascii_digit()) { part.parse::<u16>().ok() } else { None };
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { major: digits(major).ok_or_else(error)?, minor: digits(minor).ok_or_else(error)? })
    }
}

impl fmt::Display for EventVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_two_integers() {
        let v = |text: &str| text.parse::<EventVersion>().ok();
        assert!(v("1.10") > v("1.08"));
        assert_eq!(v("1.8"), v("1.08"));
        assert_eq!(v("1"), Some(EventVersion::new(1, 0)));
        for bad in ["", ".", "1.", "1.x", "+1.2", "1.2.3", "99999999.1"] {
            assert_eq!(v(bad), None, "{bad}");
        }
    }
}
