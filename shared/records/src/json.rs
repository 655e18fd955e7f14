//! A strict JSON scanner that finds where values end and builds nothing. Strings are searched eight bytes at a time.
//!
//! [`skip_value`] accepts exactly what RFC 8259 does (UTF-8 is checked elsewhere, once for a whole Record).
//! [`Members`] and [`Elements`] walk text that has been accepted, and [`unescape`] decodes one string.

use std::borrow::Cow;

use crate::MAX_NESTING;

/// Why JSON was not accepted, with the offset in bytes from where the scan was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    End,
    /// A byte that the grammar does not allow here.
    #[error("unexpected byte at offset {0}")]
    Unexpected(usize),
    /// Deeper than [`MAX_NESTING`].
    #[error("nested deeper than {MAX_NESTING} levels at offset {0}")]
    TooDeep(usize),
}

/// What was noticed while skipping a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noticed {
    /// A backslash in some string.
    pub escapes: bool,
    /// White space between tokens.
    pub white_space: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A mask whose lowest set high bit marks the first byte that is `"`, `\` or below 0x20.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    (quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash | word.wrapping_sub(ONES * 0x20) & !word) & HIGHS
}

/// Skips a string whose opening quote is before `pos`: the offset after the closing quote, and whether it has escapes.
///
/// # Errors
/// [`JsonError`] at the first byte that no string may hold.
#[inline]
pub fn skip_string(bytes: &[u8], mut pos: usize) -> Result<(usize, bool), JsonError> {
    let mut escapes = false;
    loop {
        while let Some(chunk) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<8>()) {
            let mask = special_bytes(u64::from_le_bytes(*chunk));
            if mask != 0 {
                pos += (mask.trailing_zeros() / 8) as usize;
                break;
            }
            pos += 8;
        }
        match bytes.get(pos) {
            Some(b'"') => return Ok((pos + 1, escapes)),
            Some(b'\\') => {
                escapes = true;
                pos = skip_escape(bytes, pos)?;
            }
            Some(0..0x20) => return Err(JsonError::Unexpected(pos)),
            Some(_) => pos += 1,
            None => return Err(JsonError::End),
        }
    }
}

fn skip_escape(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    match bytes.get(pos + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(pos + 2),
        Some(b'u') => match bytes.get(pos + 2..pos + 6) {
            Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(pos + 6),
            Some(_) => Err(JsonError::Unexpected(pos)),
            None => Err(JsonError::End),
        },
        Some(_) => Err(JsonError::Unexpected(pos)),
        None => Err(JsonError::End),
    }
}

/// The offset of the first byte from `pos` on that is no white space.
#[inline]
pub fn skip_white_space(bytes: &[u8], mut pos: usize) -> usize {
    while matches!(bytes.get(pos), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        pos += 1;
    }
    pos
}

/// Skips one value that begins at `pos`: the offset after it.
///
/// # Errors
/// [`JsonError`] where the text is no JSON value.
pub fn skip_value(bytes: &[u8], pos: usize, noticed: &mut Noticed) -> Result<usize, JsonError> {
    match bytes.get(pos) {
        Some(b'"') => {
            let (end, escapes) = skip_string(bytes, pos + 1)?;
            noticed.escapes |= escapes;
            Ok(end)
        }
        Some(b'{' | b'[') => skip_container(bytes, pos, noticed),
        Some(_) => skip_scalar(bytes, pos),
        None => Err(JsonError::End),
    }
}

#[inline]
fn skip_scalar(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    let literal = |word: &[u8]| match bytes.get(pos..pos + word.len()) {
        Some(found) if found == word => Ok(pos + word.len()),
        Some(_) => Err(JsonError::Unexpected(pos)),
        None => Err(JsonError::End),
    };
    match bytes.get(pos) {
        Some(b't') => literal(b"true"),
        Some(b'f') => literal(b"false"),
        Some(b'n') => literal(b"null"),
        Some(b'-' | b'0'..=b'9') => skip_number(bytes, pos),
        Some(_) => Err(JsonError::Unexpected(pos)),
        None => Err(JsonError::End),
    }
}

fn skip_number(bytes: &[u8], mut pos: usize) -> Result<usize, JsonError> {
    let digits = |mut at: usize| {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at > start { Ok(at) } else { Err(if at >= bytes.len() { JsonError::End } else { JsonError::Unexpected(at) }) }
    };
    if bytes.get(pos) == Some(&b'-') {
        pos += 1;
    }
    pos = if bytes.get(pos) == Some(&b'0') { pos + 1 } else { digits(pos)? };
    if bytes.get(pos) == Some(&b'.') {
        pos = digits(pos + 1)?;
    }
    if matches!(bytes.get(pos), Some(b'e' | b'E')) {
        pos += 1;
        if matches!(bytes.get(pos), Some(b'+' | b'-')) {
            pos += 1;
        }
        pos = digits(pos)?;
    }
    Ok(pos)
}

/// Skips an object or array without recursion; the kinds of the open containers stand in the bits of `kinds`.
fn skip_container(bytes: &[u8], mut pos: usize, noticed: &mut Noticed) -> Result<usize, JsonError> {
    let mut kinds: u128 = 0; // bit 0 = innermost; 1 = object
    let mut depth: u32 = 0;
    let start = pos;
    'value: loop {
        // At the start of a value.
        match bytes.get(pos) {
            Some(b'"') => {
                let (end, escapes) = skip_string(bytes, pos + 1)?;
                noticed.escapes |= escapes;
                pos = end;
            }
            Some(open @ (b'{' | b'[')) => {
                if depth == MAX_NESTING {
                    return Err(JsonError::TooDeep(pos - start));
                }
                let object = *open == b'{';
                kinds = kinds << 1 | u128::from(object);
                depth += 1;
                let inside = skip_white_space(bytes, pos + 1);
                noticed.white_space |= inside != pos + 1;
                pos = inside;
                if bytes.get(pos) == Some(&(if object { b'}' } else { b']' })) {
                    pos += 1;
                    kinds >>= 1;
                    depth -= 1;
                } else {
                    if object {
                        pos = skip_member_name(bytes, pos, noticed)?;
                    }
                    continue 'value;
                }
            }
            _ => pos = skip_scalar(bytes, pos)?,
        }
        // After a value: close containers until one goes on.
        while depth > 0 {
            let next = skip_white_space(bytes, pos);
            noticed.white_space |= next != pos;
            pos = next;
            let object = kinds & 1 == 1;
            match bytes.get(pos) {
                Some(b',') => {
                    let next = skip_white_space(bytes, pos + 1);
                    noticed.white_space |= next != pos + 1;
                    pos = if object { skip_member_name(bytes, next, noticed)? } else { next };
                    continue 'value;
                }
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                Some(_) => return Err(JsonError::Unexpected(pos)),
                None => return Err(JsonError::End),
            }
            pos += 1;
            kinds >>= 1;
            depth -= 1;
        }
        return Ok(pos);
    }
}

/// Skips `"name" :` and white space: the offset of the value.
fn skip_member_name(bytes: &[u8], pos: usize, noticed: &mut Noticed) -> Result<usize, JsonError> {
    match bytes.get(pos) {
        Some(b'"') => {}
        Some(_) => return Err(JsonError::Unexpected(pos)),
        None => return Err(JsonError::End),
    }
    let (end, escapes) = skip_string(bytes, pos + 1)?;
    noticed.escapes |= escapes;
    let colon = skip_white_space(bytes, end);
    match bytes.get(colon) {
        Some(b':') => {}
        Some(_) => return Err(JsonError::Unexpected(colon)),
        None => return Err(JsonError::End),
    }
    let value = skip_white_space(bytes, colon + 1);
    noticed.white_space |= colon != end || value != colon + 1;
    Ok(value)
}

/// A JSON value inside accepted text: its own text, verbatim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The text, without white space around it.
    pub text: &'a str,
    /// Some string inside has an escape.
    pub escapes: bool,
    /// There is white space between tokens inside.
    pub white_space: bool,
}

impl<'a> Value<'a> {
    /// A string's content, decoded; `None` for every other kind.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(if self.escapes { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.text.starts_with('[')
    }

    /// Its members; none where it is no object.
    pub fn members(&self) -> Members<'a> {
        Members { text: if self.is_object() { self.text } else { "" }, pos: 1 }
    }

    /// Its elements; none where it is no array.
    pub fn elements(&self) -> Elements<'a> {
        Elements { text: if self.is_array() { self.text } else { "" }, pos: 1 }
    }

    /// The last member of that name, as JSON readers take duplicates; `None` where there is none.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.members().filter(|(key, _)| key.is(name)).map(|(_, value)| value).last()
    }

    /// The text without white space between tokens.
    pub fn compact(&self) -> Cow<'a, str> {
        if self.white_space { Cow::Owned(compact(self.text)) } else { Cow::Borrowed(self.text) }
    }
}

/// A member's name as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    raw: &'a str,
    escapes: bool,
}

impl<'a> Name<'a> {
    /// Whether the decoded name is `name`.
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        if self.escapes { unescape(self.raw) == name } else { self.raw == name }
    }

    /// The decoded name.
    pub fn decoded(&self) -> Cow<'a, str> {
        if self.escapes { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

fn value_at(text: &str, pos: usize) -> Option<(Value<'_>, usize)> {
    let mut noticed = Noticed::default();
    let end = skip_value(text.as_bytes(), pos, &mut noticed).ok()?;
    Some((Value { text: text.get(pos..end)?, escapes: noticed.escapes, white_space: noticed.white_space }, end))
}

/// Reads text as exactly one JSON value.
pub fn parse(text: &str) -> Option<Value<'_>> {
    let (value, end) = value_at(text, skip_white_space(text.as_bytes(), 0))?;
    (skip_white_space(text.as_bytes(), end) == text.len()).then_some(value)
}

/// The members of an object, in order, duplicates included.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Name<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut pos = skip_white_space(bytes, self.pos);
        if bytes.get(pos) == Some(&b',') {
            pos = skip_white_space(bytes, pos + 1);
        }
        if bytes.get(pos) != Some(&b'"') {
            return None;
        }
        let (end, escapes) = skip_string(bytes, pos + 1).ok()?;
        let name = Name { raw: self.text.get(pos + 1..end - 1)?, escapes };
        let colon = skip_white_space(bytes, end);
        let (value, end) = value_at(self.text, skip_white_space(bytes, colon + 1))?;
        self.pos = end;
        Some((name, value))
    }
}

/// The elements of an array, in order.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut pos = skip_white_space(bytes, self.pos);
        if bytes.get(pos) == Some(&b',') {
            pos = skip_white_space(bytes, pos + 1);
        }
        if matches!(bytes.get(pos), None | Some(b']')) {
            return None;
        }
        let (value, end) = value_at(self.text, pos)?;
        self.pos = end;
        Some(value)
    }
}

/// Decodes the inside of an accepted JSON string. A surrogate without its partner becomes U+FFFD: UTF-8 has no
/// form for it; the bytes as written stay in the raw Record.
pub fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (decoded, used) = unicode_escape(after);
                out.push(decoded);
                rest = after.get(used..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Decodes `uXXXX` or `uXXXX\uXXXX`: the character and how many bytes of `after` it took.
fn unicode_escape(after: &str) -> (char, usize) {
    let unit = |at: usize| after.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let Some(first) = unit(1) else { return ('\u{fffd}', after.len().min(5)) };
    if (0xd800..0xdc00).contains(&first)
        && after.get(5..7) == Some("\\u")
        && let Some(second @ 0xdc00..0xe000) = unit(7)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or('\u{fffd}'), 11);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 5)
}

/// Accepted JSON text without the white space between tokens; strings and numbers stay as written.
pub fn compact(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut pos = 0;
    while let Some(byte) = bytes.get(pos) {
        let end = match byte {
            b'"' => skip_string(bytes, pos + 1).map_or(bytes.len(), |(end, _)| end),
            b' ' | b'\t' | b'\n' | b'\r' => {
                pos += 1;
                continue;
            }
            _ => pos + 1,
        };
        out.push_str(text.get(pos..end).unwrap_or_default());
        pos = end;
    }
    out
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
