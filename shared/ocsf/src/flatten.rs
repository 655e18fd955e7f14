//! What has no column goes into `unmapped` as Security Lake writes it: dotted paths, `[]` for an array's step, several
//! values of one path joined with commas, numbers and truth values as their JSON text, nulls left out.

use hashbrown::HashTable;
use trailkeep_records::json::Value;

use crate::{columns::Columns, redact::Redaction};

/// Entries up to which an equal key is looked for one by one.
const FEW: usize = 32;
/// Bytes that the keys of one row may come to, for each byte of its Record and beside them. A value that may come to more is left
/// in one piece, as JSON: long names above many members would be written down with each of them.
const KEY_BYTES_A_BYTE: usize = 8;
const KEY_BYTES: usize = 64 << 10;

/// One row's leftovers. Buffers are kept from row to row.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    path: String,
    keys: String,
    /// Where each entry's key ends.
    ends: Vec<usize>,
    /// The entries' values, and buffers that earlier rows left.
    values: Vec<String>,
    /// A bit for the hash of every key so far: most keys need no search for an earlier one.
    seen: u64,
    /// The entries by key, once there are more than a few.
    by_key: HashTable<usize>,
    /// Bytes that the keys may come to.
    most_key_bytes: usize,
    hasher: ahash::RandomState,
}

impl Leftovers {
    /// Begins a row whose Record has `record_bytes` bytes.
    pub(crate) fn clear(&mut self, record_bytes: usize) {
        self.most_key_bytes = record_bytes.saturating_mul(KEY_BYTES_A_BYTE).saturating_add(KEY_BYTES);
        self.keys.clear();
        self.ends.clear();
        self.by_key.clear();
        self.seen = 0;
    }

    /// Adds a value and everything below it under `path`.
    pub(crate) fn add(&mut self, path: &str, value: Value<'_>, redaction: &Redaction) {
        self.path.clear();
        self.path.push_str(path);
        self.walk(value, redaction);
    }

    /// Adds the value of a member below `path`.
    pub(crate) fn add_member(&mut self, path: &str, name: &str, value: Value<'_>, redaction: &Redaction) {
        self.path.clear();
        self.path.push_str(path);
        self.path.push('.');
        self.path.push_str(name);
        self.walk(value, redaction);
    }

    /// Adds one text under `path`.
    pub(crate) fn add_text(&mut self, path: &str, text: &str) {
        self.path.clear();
        self.path.push_str(path);
        self.entry(text);
    }

    fn walk(&mut self, value: Value<'_>, redaction: &Redaction) {
        let length = self.path.len();
        match value.text.as_bytes().first() {
            Some(b'{' | b'[') if length.saturating_mul(value.text.len() / 4).saturating_add(self.keys.len()) > self.most_key_bytes => {
                self.entry(value.text);
            }
            Some(b'{') => {
                for (name, member) in value.members() {
                    if length > 0 {
                        self.path.push('.');
                    }
                    self.path.push_str(&name.decoded());
                    self.walk(member, redaction);
                    self.path.truncate(length);
                }
            }
            Some(b'[') => {
                self.path.push_str("[]");
                for element in value.elements() {
                    self.walk(element, redaction);
                }
                self.path.truncate(length);
            }
            Some(b'n') | None => {}
            _ if redaction.hides(&self.path) => self.entry(crate::redact::REDACTED),
            Some(b'"') => {
                if let Some(text) = value.as_str() {
                    self.entry(&text);
                }
            }
            Some(_) => self.entry(value.text),
        }
    }

    fn entry(&mut self, text: &str) {
        let bit = 1_u64 << (hash(self.path.as_bytes()) % 64);
        let earlier = if self.seen & bit == 0 { None } else { self.find() };
        self.seen |= bit;
        if let Some(value) = earlier.and_then(|index| self.values.get_mut(index)) {
            if self.path.contains("[]") {
                value.push(',');
            } else {
                value.clear();
            }
            value.push_str(text);
            return;
        }
        let index = self.ends.len();
        self.keys.push_str(&self.path);
        self.ends.push(self.keys.len());
        match self.values.get_mut(index) {
            Some(value) => {
                value.clear();
                value.push_str(text);
            }
            None => self.values.push(text.to_owned()),
        }
        if self.ends.len() > FEW {
            self.remember();
        }
    }

    fn key(&self, index: usize) -> &str {
        key_of(&self.keys, &self.ends, index)
    }

    fn find(&self) -> Option<usize> {
        if self.ends.len() <= FEW {
            return (0..self.ends.len()).find(|index| self.key(*index) == self.path);
        }
        self.by_key.find(self.hasher.hash_one(self.path.as_str()), |index| self.key(*index) == self.path).copied()
    }

    /// Enters what is not in `by_key` yet.
    fn remember(&mut self) {
        let Self { keys, ends, by_key, hasher, .. } = self;
        for index in by_key.len()..ends.len() {
            let hash = |index: &usize| hasher.hash_one(key_of(keys, ends, *index));
            by_key.insert_unique(hash(&index), index, hash);
        }
    }

    /// Writes the row's map.
    pub(crate) fn write(&mut self, columns: &mut Columns) {
        for (index, value) in self.values.iter_mut().enumerate().take(self.ends.len()) {
            columns.unmapped(key_of(&self.keys, &self.ends, index), value);
            // One long value is no reason to hold its room for ever.
            if value.capacity() > LONG {
                *value = String::new();
            }
        }
    }
}

/// Bytes of a value whose buffer is given back.
const LONG: usize = 64 << 10;

fn key_of<'a>(keys: &'a str, ends: &[usize], index: usize) -> &'a str {
    let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    ends.get(index).and_then(|end| keys.get(start..*end)).unwrap_or_default()
}

fn hash(bytes: &[u8]) -> u64 {
    let tail = bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    (tail ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(text: &str, redaction: &Redaction) -> Vec<(String, String)> {
        let mut left = Leftovers::default();
        left.clear(text.len());
        left.add("", trailkeep_records::json::parse(text).expect("valid json"), redaction);
        (0..left.ends.len()).map(|index| (left.key(index).to_owned(), left.values[index].clone())).collect()
    }

    fn pairs(expect: &[(&str, &str)]) -> Vec<(String, String)> {
        expect.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn paths_values_and_joins_are_security_lakes() {
        let text = r#"{"a":{"b":1.50,"c":true,"d":null,"e":{},"f":""},"r":[{"ARN":"x","t":"1"},{"ARN":"y"},[2,3]],"k.é":"\u00e9"}"#;
        assert_eq!(
            flattened(text, &Redaction::none()),
            pairs(&[("a.b", "1.50"), ("a.c", "true"), ("a.f", ""), ("r[].ARN", "x,y"), ("r[].t", "1"), ("r[][]", "2,3"), ("k.é", "é")])
        );
    }

    #[test]
    fn the_last_of_two_equal_names_counts() {
        assert_eq!(flattened(r#"{"a":1,"b":2,"a":3}"#, &Redaction::none()), pairs(&[("a", "3"), ("b", "2")]));
    }

    #[test]
    fn long_arrays_and_many_keys_take_time_and_room_for_what_they_are() {
        let numbers = (0..200_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let pairs = (0..100_000).map(|n| format!(r#"{{"x":{n},"y":"y"}}"#)).collect::<Vec<_>>().join(",");
        let keys = (0..100_000).map(|n| format!(r#""k{n}":{n}"#)).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"a":[{numbers}],"b":[{pairs}],"c":{{{keys}}}}}"#);
        let flat = flattened(&text, &Redaction::none());
        assert_eq!(flat.len(), 3 + 100_000);
        assert_eq!(flat[0], ("a[]".to_owned(), numbers));
        assert_eq!(flat[1].1.len(), (0..100_000).map(|n: u32| n.to_string().len() + 1).sum::<usize>() - 1);
        assert_eq!(flat[100_002], ("c.k99999".to_owned(), "99999".to_owned()));
        // A long name before many members would be written down with each of them.
        let long = format!(r#"{{"{}":{{{keys}}}}}"#, "n".repeat(1 << 20));
        let flat = flattened(&long, &Redaction::none());
        assert_eq!((flat.len(), flat[0].1.len()), (1, keys.len() + 2));
    }

    #[test]
    fn a_redacted_path_shows_that_it_was() {
        let redaction = Redaction::none().with_path("a.b[].secret").expect("a path");
        assert_eq!(flattened(r#"{"a":{"b":[{"secret":"x"},{"secret":7}]}}"#, &redaction), pairs(&[("a.b[].secret", "REDACTED,REDACTED")]));
    }
}
