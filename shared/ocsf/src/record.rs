//! A scanned Record as the mapping looks at it: fields by key, decoded where asked.

use std::borrow::Cow;

use trailkeep_records::{Field, Key, json::Value};

/// A Record's text with its fields found.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    text: &'a str,
    fields: &'a [Field],
    /// For each key, one more than the index of its last field; 0 = absent.
    slots: [u32; Key::ALL.len()],
    repeated: bool,
}

impl<'a> RecordView<'a> {
    /// A view of a Record; `fields` as `scan_record` found them in `text`.
    pub fn new(text: &'a str, fields: &'a [Field]) -> Self {
        let mut slots = [0; Key::ALL.len()];
        let mut repeated = false;
        for (index, field) in fields.iter().enumerate() {
            if let Some(slot) = slots.get_mut(field.key as usize) {
                repeated |= *slot != 0;
                *slot = index as u32 + 1;
            }
        }
        Self { text, fields, slots, repeated }
    }

    /// The Record's bytes, verbatim.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether a documented field occurs twice; the last one counts.
    pub const fn has_repeated_fields(&self) -> bool {
        self.repeated
    }

    fn value_of(&self, field: &Field) -> Value<'a> {
        let text = self.text.get(field.start as usize..field.end as usize).unwrap_or("null");
        Value { text, escapes: field.escapes, white_space: field.white_space }
    }

    /// A field's value, `null` left out.
    #[inline]
    pub fn get(&self, key: Key) -> Option<Value<'a>> {
        let index = (*self.slots.get(key as usize)? as usize).checked_sub(1)?;
        Some(self.value_of(self.fields.get(index)?)).filter(|value| !value.is_null())
    }

    /// A field's text, if it is a string and not empty.
    #[inline]
    pub fn text_of(&self, key: Key) -> Option<Cow<'a, str>> {
        filled(self.get(key)?)
    }

    /// Whether any of the fields is there.
    pub fn has(&self, key: Key) -> bool {
        self.slots.get(key as usize).is_some_and(|slot| *slot != 0)
    }

    /// Fields that no documentation names, and repeated ones that do not count, with their names.
    pub fn others(&self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.fields.iter().enumerate().filter_map(move |(index, field)| {
            let counts = self.slots.get(field.key as usize).is_some_and(|slot| *slot as usize == index + 1);
            (!counts).then(|| (self.name_of(field), self.value_of(field)))
        })
    }

    fn name_of(&self, field: &Field) -> Cow<'a, str> {
        let raw = self.text.get(field.name_start as usize..field.name_end as usize).unwrap_or_default();
        if raw.contains('\\') { Cow::Owned(trailkeep_records::json::unescape(raw)) } else { Cow::Borrowed(raw) }
    }
}

/// A string's text, if it is a string and not empty.
#[inline]
pub(crate) fn filled(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.as_str().filter(|text| !text.is_empty())
}
