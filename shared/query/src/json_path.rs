//! A small part of JSONPath (`$.a.b[0]`, `$['a']`), found in JSON text without building a tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest path.
const MAX_STEPS: usize = 64;

/// Where in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Path {
    /// One member of the outermost object.
    pub(crate) fn member(name: &str) -> Self {
        Self(vec![Step::Member(name.to_owned())])
    }

    /// Reads `$`, then `.name`, `[n]`, `['name']` or `["name"]`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, left) = if let Some(named) = rest.strip_prefix('.') { dotted(named)? } else { bracketed(rest.strip_prefix('[')?)? };
            steps.push(step);
            rest = left;
        }
        (steps.len() <= MAX_STEPS).then_some(Self(steps))
    }
}

fn dotted(text: &str) -> Option<(Step, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (Step::Member(name.to_owned()), rest))
}

fn bracketed(text: &str) -> Option<(Step, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(quote)?;
            return Some((Step::Member(name.to_owned()), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = text.split_once(']')?;
    Some((Step::Element(index.parse().ok()?), rest))
}

/// What stands at a path; the first, where a name occurs twice. `None` where nothing does, or the text is no JSON up to there.
pub(crate) fn find<'t>(text: &'t str, path: &Path) -> Option<&'t RawValue> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for step in &path.0 {
        let mut inner = serde_json::Deserializer::from_str(value.get());
        value = Descend(step).deserialize(&mut inner).ok()??;
    }
    Some(value)
}

/// Takes one step into a value.
struct Descend<'p>(&'p Step);

impl<'de> DeserializeSeed<'de> for Descend<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Descend<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if found.is_none() && matches!(self.0, Step::Member(wanted) if *wanted == name) {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Step::Element(wanted) = *self.0 else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut found = None;
        let mut index = 0;
        while let Some(element) = seq.next_element::<&'de RawValue>()? {
            if index == wanted {
                found = Some(element);
            }
            index += 1;
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _value: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_or_refused() {
        assert_eq!(Path::parse("$.a['b.c'][2]"), Some(Path(vec![Step::Member("a".into()), Step::Member("b.c".into()), Step::Element(2)])));
        assert_eq!(Path::parse("$"), Some(Path(vec![])));
        for bad in ["", "a", "$a", "$.", "$[", "$[x]", "$['a]", "$..a", "$[-1]"] {
            assert_eq!(Path::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hostile_texts_give_nothing() {
        let deep = "[".repeat(100_000);
        let path = Path(vec![Step::Element(0)]);
        for text in ["", "{", "{\"a\":}", "nul", deep.as_str(), "\u{feff}{}"] {
            assert!(find(text, &path).is_none());
        }
    }

    #[test]
    fn the_first_of_two_equal_names_is_found() {
        assert_eq!(find(r#"{"a":1,"a":2}"#, &Path::member("a")).map(RawValue::get), Some("1"));
        assert_eq!(find(r#"{"a\u0062":1}"#, &Path::member("ab")).map(RawValue::get), Some("1"));
    }
}
