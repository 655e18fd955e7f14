//! One text for one value: canonical JSON.
//!
//! Members sorted by the bytes of their names, no white space, integers alone, text in UTF-8 with as few escapes as JSON allows: the quotation
//! mark, the backslash, and control characters (`\b \t \n \f \r`, else `\u00xx` in lower case). Python writes the same with
//! `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.

use std::{io::Write as _, ops::Range};

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct},
};
use serde_json::Value;

/// A value that has no canonical JSON.
#[derive(Debug, thiserror::Error)]
pub enum NotCanonical {
    /// It holds a number that is no integer of 64 bits.
    #[error("a number that is no integer has no canonical form")]
    Float,
    /// It cannot be written as JSON at all.
    #[error("not to be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl ser::Error for NotCanonical {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Json(ser::Error::custom(message))
    }
}

/// The canonical JSON of a value. Takes no more memory than its text, and once more what stands in the largest object whose members are not in order.
///
/// # Errors
/// [`NotCanonical`]; a fault of the program.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let mut writer = Writer { out: Vec::new() };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

/// What is written so far.
struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) -> Result<(), NotCanonical> {
        Ok(serde_json::to_writer(&mut self.out, text)?)
    }

    fn integer(&mut self, number: impl std::fmt::Display) -> Result<(), NotCanonical> {
        write!(self.out, "{number}").map_err(|error| NotCanonical::Json(serde_json::Error::io(error)))
    }

    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }

    /// Nothing that is signed has such a value.
    fn without_form(what: &str) -> NotCanonical {
        ser::Error::custom(format_args!("{what} has no canonical form"))
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = NotCanonical;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Impossible<(), NotCanonical>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Impossible<(), NotCanonical>;

    fn serialize_bool(self, value: bool) -> Result<(), NotCanonical> {
        self.word(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), NotCanonical> {
        self.integer(value)
    }

    fn serialize_f32(self, _: f32) -> Result<(), NotCanonical> {
        Err(NotCanonical::Float)
    }

    fn serialize_f64(self, _: f64) -> Result<(), NotCanonical> {
        Err(NotCanonical::Float)
    }

    fn serialize_char(self, value: char) -> Result<(), NotCanonical> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), NotCanonical> {
        self.text(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NotCanonical> {
        Err(Writer::without_form("a string of bytes"))
    }

    fn serialize_none(self) -> Result<(), NotCanonical> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotCanonical> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotCanonical> {
        self.word("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NotCanonical> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NotCanonical> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), NotCanonical> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), NotCanonical> {
        Err(Writer::without_form(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, NotCanonical> {
        self.out.push(b'[');
        Ok(Items { start: self.out.len(), writer: self })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'a>, NotCanonical> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items<'a>, NotCanonical> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotCanonical> {
        Err(Writer::without_form(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, NotCanonical> {
        self.out.push(b'{');
        Ok(Members { start: self.out.len(), writer: self, pieces: Vec::new() })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Members<'a>, NotCanonical> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotCanonical> {
        Err(Writer::without_form(variant))
    }
}

/// An array under way.
struct Items<'a> {
    writer: &'a mut Writer,
    /// Where its first item stands.
    start: usize,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        if self.writer.out.len() > self.start {
            self.writer.out.push(b',');
        }
        value.serialize(&mut *self.writer)
    }

    fn ended(self) {
        self.writer.out.push(b']');
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.ended();
        Ok(())
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.ended();
        Ok(())
    }
}

impl SerializeTupleStruct for Items<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.ended();
        Ok(())
    }
}

/// An object under way. Its members are written as they come, each with its name; they are put in order at the end.
struct Members<'a> {
    writer: &'a mut Writer,
    /// Where its first member stands.
    start: usize,
    /// Each member's name, and where it stands: from its name to the end of its value.
    pieces: Vec<(String, Range<usize>)>,
}

impl Members<'_> {
    fn name(&mut self, name: String) -> Result<(), NotCanonical> {
        if !self.pieces.is_empty() {
            self.writer.out.push(b',');
        }
        let from = self.writer.out.len();
        self.writer.text(&name)?;
        self.writer.out.push(b':');
        self.pieces.push((name, from..from));
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        value.serialize(&mut *self.writer)?;
        if let Some((_, piece)) = self.pieces.last_mut() {
            piece.end = self.writer.out.len();
        }
        Ok(())
    }

    fn ended(mut self) {
        if !self.pieces.is_sorted_by(|(before, _), (after, _)| before < after) {
            let unsorted = self.writer.out.split_off(self.start);
            self.pieces.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, piece) in &self.pieces {
                if self.writer.out.len() > self.start {
                    self.writer.out.push(b',');
                }
                let piece = piece.start.saturating_sub(self.start)..piece.end.saturating_sub(self.start);
                self.writer.out.extend_from_slice(unsorted.get(piece).unwrap_or_default());
            }
        }
        self.writer.out.push(b'}');
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        match serde_json::to_value(key)? {
            Value::String(name) => self.name(name),
            _ => Err(Writer::without_form("a member whose name is no text")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.value(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.ended();
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NotCanonical> {
        self.name(name.to_owned())?;
        self.value(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.ended();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_sorted_and_text_is_escaped_as_little_as_may_be() {
        let value = json!({"b": [1, -2, null, true], "a": {"z": "", "é": "\u{1}\u{7f}\u{8}\t\n\u{c}\r\"\\/ü😀"}, "": 18_446_744_073_709_551_615_u64});
        let text = String::from_utf8(canonical_json(&value).unwrap_or_default());
        let expected =
            "{\"\":18446744073709551615,\"a\":{\"z\":\"\",\"é\":\"\\u0001\u{7f}\\b\\t\\n\\f\\r\\\"\\\\/ü😀\"},\"b\":[1,-2,null,true]}";
        assert_eq!(text.as_deref(), Ok(expected));
        assert!(matches!(canonical_json(&json!([1.5])), Err(NotCanonical::Float)));
    }

    #[test]
    fn structures_are_written_as_their_values_are() {
        #[derive(serde::Serialize)]
        struct Outer {
            z: Option<Vec<Inner>>,
            a: std::collections::BTreeMap<String, i64>,
            none: Option<u8>,
            pair: (bool, char),
            empty: [u8; 0],
        }
        #[derive(serde::Serialize)]
        struct Inner {
            second: String,
            first: u64,
        }
        let inner = |first| Inner { second: "\"x\"".to_owned(), first };
        let a = [("é".to_owned(), i64::MIN), ("b".to_owned(), 2)].into();
        let outer = Outer { z: Some(vec![inner(1), inner(u64::MAX)]), a, none: None, pair: (true, 'ü'), empty: [] };
        let own = canonical_json(&outer).unwrap_or_default();
        assert_eq!(own, canonical_json(&serde_json::to_value(&outer).unwrap_or_default()).unwrap_or_default());
        let expected = r#"{"a":{"b":2,"é":-9223372036854775808},"empty":[],"none":null,"pair":[true,"ü"],"z":[{"first":1,"second":"\"x\""},{"first":18446744073709551615,"second":"\"x\""}]}"#;
        assert_eq!(String::from_utf8(own).as_deref(), Ok(expected));
    }
}
