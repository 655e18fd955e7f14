//! Takes single fields out of JSON without building a tree: what is not asked for is skipped, whatever it holds and however deep it is.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{error::Category, value::RawValue};

/// A value that has not been read yet.
pub(crate) type Raw<'a> = &'a RawValue;

/// Why there are no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFields {
    /// No JSON.
    NotJson,
    /// JSON, but no object.
    NotAnObject,
}

/// The values of `names` in an object, the last where a name is repeated; JSON's `null` counts as absent.
pub(crate) fn fields<'a, const N: usize>(json: &'a str, names: [&str; N]) -> Result<[Option<Raw<'a>>; N], NoFields> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = Named { names, lifetime: PhantomData }.deserialize(&mut reader);
    let found = found.and_then(|found| reader.end().map(|()| found));
    found.map_err(|error| match error.classify() {
        // The reader stops at the first value that is no object, whatever follows.
        Category::Data if serde_json::from_str::<IgnoredAny>(json).is_ok() => NoFields::NotAnObject,
        Category::Data | Category::Syntax | Category::Eof | Category::Io => NoFields::NotJson,
    })
}

/// A value as text; `None` where it is none, lone surrogates included.
pub(crate) fn text(value: Raw<'_>) -> Option<Cow<'_, str>> {
    // Text without escapes is taken where it lies.
    if let Ok(plain) = serde_json::from_str::<&str>(value.get()) {
        return Some(Cow::Borrowed(plain));
    }
    serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned)
}

/// A value as a number of bytes.
pub(crate) fn count(value: Raw<'_>) -> Option<u64> {
    serde_json::from_str(value.get()).ok()
}

/// Why there are no elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoElements {
    /// No list.
    NotAList,
    /// More than the cap.
    TooMany,
}

/// The elements of a list, at most `cap` of them.
pub(crate) fn elements(list: Raw<'_>, cap: usize) -> Result<Vec<Raw<'_>>, NoElements> {
    if !list.get().starts_with('[') {
        return Err(NoElements::NotAList);
    }
    let mut reader = serde_json::Deserializer::from_str(list.get());
    // The list stands inside JSON that was read already: nothing but its length can be wrong.
    Listed { cap, lifetime: PhantomData }.deserialize(&mut reader).map_err(|_| NoElements::TooMany)
}

struct Named<'a, 'n, const N: usize> {
    names: [&'n str; N],
    lifetime: PhantomData<&'a ()>,
}

impl<'a, const N: usize> DeserializeSeed<'a> for Named<'a, '_, N> {
    type Value = [Option<Raw<'a>>; N];

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a, const N: usize> Visitor<'a> for Named<'a, '_, N> {
    type Value = [Option<Raw<'a>>; N];

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(place) = map.next_key_seed(&Place(&self.names))? {
            let value: Raw<'a> = map.next_value()?;
            if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
                *slot = (value.get() != "null").then_some(value);
            }
        }
        Ok(found)
    }
}

/// Reads a key as its place among the names, if it is one of them.
struct Place<'n>(&'n [&'n str]);

impl<'a> DeserializeSeed<'a> for &Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Option<usize>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for &Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

struct Listed<'a> {
    cap: usize,
    lifetime: PhantomData<&'a ()>,
}

impl<'a> DeserializeSeed<'a> for Listed<'a> {
    type Value = Vec<Raw<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Listed<'a> {
    type Value = Vec<Raw<'a>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a list of at most {} elements", self.cap)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == self.cap {
                return Err(serde::de::Error::custom("too many elements"));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}
