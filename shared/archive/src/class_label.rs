//! The retention class of raw bytes: which key, years and lock mode a segment gets at landing.
//! What a class means is configuration's; here it is only a name in a key.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A retention class, `[a-z0-9-]{1,32}`; `standard` unless configuration says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ClassLabel(String);

/// Why a text is no class label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no class label: 1 to 32 of a-z, 0-9 and '-'")]
pub struct ClassLabelError {
    /// The text, cut to 64 characters.
    pub text: String,
}

impl ClassLabel {
    /// The label as it stands in keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClassLabel {
    fn default() -> Self {
        Self("standard".to_owned())
    }
}

impl fmt::Display for ClassLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClassLabel {
    type Err = ClassLabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(ClassLabelError { text: text.chars().take(64).collect() }) }
    }
}

impl From<ClassLabel> for String {
    fn from(label: ClassLabel) -> Self {
        label.0
    }
}

impl TryFrom<String> for ClassLabel {
    type Error = ClassLabelError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_labels_are_taken() {
        for good in ["standard", "pci-7y", "a", "0123456789012345678901234567890-"] {
            assert_eq!(good.parse::<ClassLabel>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "Standard", "a/b", "a=b", "..", "ä", "012345678901234567890123456789012"] {
            assert!(bad.parse::<ClassLabel>().is_err(), "{bad}");
        }
    }
}
