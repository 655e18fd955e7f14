//! Keeps the number of an attribute's values bounded where they are made elsewhere: reasons of other crates, of versions to come.

use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};

/// Most values; one more is `other`.
const MAX_NAMES: usize = 64;
/// Longest value in bytes.
const MAX_NAME_BYTES: usize = 48;

/// The values so far.
#[derive(Debug, Default)]
pub struct Bounded {
    names: RwLock<BTreeSet<String>>,
}

impl Bounded {
    /// The value itself where it looks like a name and there is room for it, or `other`.
    pub fn name(&self, text: &str) -> String {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.bytes().all(named) {
            return "other".to_owned();
        }
        if self.names.read().unwrap_or_else(PoisonError::into_inner).contains(text) {
            return text.to_owned();
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MAX_NAMES && !names.contains(text) {
            return "other".to_owned();
        }
        names.insert(text.to_owned());
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_while_there_is_room_and_anything_else_is_other() {
        let bounded = Bounded::default();
        for wrong in ["", "111122223333/key", "With Spaces", &"a".repeat(49)] {
            assert_eq!(bounded.name(wrong), "other", "{wrong:?}");
        }
        for index in 0..MAX_NAMES {
            assert_eq!(bounded.name(&format!("reason_{index}")), format!("reason_{index}"));
        }
        assert_eq!(bounded.name("one_more"), "other");
        assert_eq!(bounded.name("reason_0"), "reason_0");
    }
}
