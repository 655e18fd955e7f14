//! What has no column goes into `unmapped` as Security Lake writes it: dotted paths, `[]` for an array's step, several
//! values of one path joined with commas, numbers and truth values as their JSON text, nulls left out.

use trailkeep_records::json::Value;

use crate::{columns::Columns, redact::Redaction};

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: (usize, usize),
    value: (usize, usize),
}

/// One row's leftovers. Buffers are kept from row to row.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    path: String,
    keys: String,
    values: String,
    entries: Vec<Entry>,
    /// A bit for the hash of every key so far: most keys need no search for an earlier one.
    seen: u64,
}

impl Leftovers {
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.values.clear();
        self.entries.clear();
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
        let start = self.values.len();
        if let Some(index) = earlier {
            let joined = self.path.contains("[]");
            let Some(entry) = self.entries.get_mut(index) else { return };
            if joined {
                self.values.extend_from_within(entry.value.0..entry.value.1);
                self.values.push(',');
            }
            self.values.push_str(text);
            entry.value = (start, self.values.len());
            return;
        }
        self.values.push_str(text);
        let key = self.keys.len();
        self.keys.push_str(&self.path);
        self.entries.push(Entry { key: (key, self.keys.len()), value: (start, self.values.len()) });
    }

    fn find(&self) -> Option<usize> {
        self.entries.iter().position(|entry| self.keys.get(entry.key.0..entry.key.1) == Some(self.path.as_str()))
    }

    /// Writes the row's map.
    pub(crate) fn write(&self, columns: &mut Columns) {
        for entry in &self.entries {
            if let (Some(key), Some(value)) = (self.keys.get(entry.key.0..entry.key.1), self.values.get(entry.value.0..entry.value.1)) {
                columns.unmapped(key, value);
            }
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let tail = bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    (tail ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(text: &str, redaction: &Redaction) -> Vec<(String, String)> {
        let cut = |all: &str, (start, end): (usize, usize)| all.get(start..end).expect("an entry").to_owned();
        let mut left = Leftovers::default();
        left.add("", trailkeep_records::json::parse(text).expect("valid json"), redaction);
        left.entries.iter().map(|e| (cut(&left.keys, e.key), cut(&left.values, e.value))).collect()
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
    fn a_redacted_path_shows_that_it_was() {
        let redaction = Redaction::none().with_path("a.b[].secret").expect("a path");
        assert_eq!(flattened(r#"{"a":{"b":[{"secret":"x"},{"secret":7}]}}"#, &redaction), pairs(&[("a.b[].secret", "REDACTED,REDACTED")]));
    }
}
