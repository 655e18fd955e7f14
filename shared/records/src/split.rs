//! Splits a log file into Records, each a range of its bytes. What cannot be read is a range too, with the reason,
//! and the Records around it are found again.
//!
//! A file is `{"Records":[…]}`, a top-level array (aggregated events) or a single object. Several documents one after
//! the other, as several gzip members give them, are read one after the other.

use memchr::memmem;

use crate::{
    MAX_RECORD_BYTES,
    field::Field,
    json::{JsonError, Noticed, skip_string, skip_value, skip_white_space},
    scan::{ScanError, scan_record},
};

/// What Records stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"Records":[…]}`.
    Records,
    /// `[…]`.
    Array,
    /// One object that has no `Records`.
    Single,
}

/// One piece of a file. Ranges are offsets into the bytes given to [`Splitter::next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A Record; its fields have been appended.
    Record {
        /// Offset of its `{`.
        start: usize,
        /// Offset after its `}`.
        end: usize,
        /// What it stands in.
        envelope: Envelope,
    },
    /// Bytes that are no Record, where one was expected.
    Broken {
        /// Offset of the first byte.
        start: usize,
        /// Offset after the last byte.
        end: usize,
        /// Stable name of the reason.
        reason: &'static str,
    },
    /// More bytes are needed; everything before `keep_from` is done with.
    More {
        /// Offset of the first byte that must be kept.
        keep_from: usize,
    },
    /// The end.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a document.
    Document,
    /// Before an element of the array; `records` = inside `{"Records":[`.
    Element { records: bool },
    /// After an element.
    AfterElement { records: bool },
    /// After the `Records` array, inside its object.
    AfterArray,
    /// Looking for the next thing that looks like a Record.
    Lost { inside: Inside, reason: &'static str },
}

/// What a Record that is found again is taken to stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Document,
    Array { records: bool },
}

/// How CloudTrail begins a Record; what a lost splitter looks for.
const RECORD_START: &[u8] = br#"{"eventVersion":""#;

/// Splits one file. Give it the bytes, whole or as they come.
#[derive(Debug)]
pub struct Splitter {
    state: State,
    pos: usize,
    ahead: Ahead,
    /// Records were found again outside of any array that could be read: taken for elements of one whose end is not missed.
    assumed: bool,
}

/// What is known of the next place that looks like the start of a Record, so that no byte is searched twice.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    /// From here on it was searched,
    from: usize,
    /// and up to here there is none,
    until: usize,
    /// where one is, unless the bytes ended.
    found: bool,
}

impl Ahead {
    /// The offset of the next start of a Record at or after `from`.
    fn next(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        if self.from > from || self.until < from {
            *self = Self { from, until: from, found: false };
        }
        if !self.found {
            let rest = bytes.get(self.until..).unwrap_or_default();
            let found = memmem::find(rest, RECORD_START);
            // A start may straddle the end of bytes that go on.
            let none = rest.len().saturating_sub(RECORD_START.len() - 1);
            self.until += found.unwrap_or(none);
            self.found = found.is_some();
        }
        self.found.then_some(self.until)
    }

    fn rebase(&mut self, dropped: usize) {
        *self = match (self.from.checked_sub(dropped), self.until.checked_sub(dropped)) {
            (from, Some(until)) => Self { from: from.unwrap_or_default(), until, found: self.found },
            (_, None) => Self::default(),
        };
    }
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter at the start of a file.
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// A splitter at the start of a file that begins at offset `pos` of the bytes.
    pub const fn starting_at(pos: usize) -> Self {
        Self { state: State::Document, pos, ahead: Ahead { from: pos, until: pos, found: false }, assumed: false }
    }

    /// Tells the splitter that the first `dropped` bytes were removed from the front.
    pub fn rebase(&mut self, dropped: usize) {
        self.pos = self.pos.saturating_sub(dropped);
        self.ahead.rebase(dropped);
    }

    /// The next piece. `complete` = no bytes will follow these.
    pub fn next(&mut self, bytes: &[u8], complete: bool, fields: &mut Vec<Field>) -> Piece {
        loop {
            let step = match self.state {
                State::Document => self.document(bytes, complete, fields),
                State::Element { records } => self.element(bytes, complete, records, fields),
                State::AfterElement { records } => self.after_element(bytes, complete, records),
                State::AfterArray => self.after_array(bytes, complete),
                State::Lost { inside, reason } => Some(self.skip_to_next(bytes, complete, reason, inside)),
            };
            if let Some(piece) = step {
                return piece;
            }
        }
    }

    fn at(&mut self, bytes: &[u8]) -> Option<u8> {
        self.pos = skip_white_space(bytes, self.pos);
        bytes.get(self.pos).copied()
    }

    const fn more(&self) -> Piece {
        Piece::More { keep_from: self.pos }
    }

    fn document(&mut self, bytes: &[u8], complete: bool, fields: &mut Vec<Field>) -> Option<Piece> {
        self.assumed = false;
        if bytes.get(self.pos..).is_some_and(|rest| rest.starts_with(b"\xef\xbb\xbf")) {
            self.pos += 3;
        }
        match self.at(bytes) {
            None if complete => Some(Piece::End),
            None => Some(self.more()),
            Some(b'[') => {
                self.pos += 1;
                self.state = State::Element { records: false };
                None
            }
            Some(b'{') => self.open_object(bytes, complete, fields),
            Some(_) => Some(self.skip_to_next(bytes, complete, "not_json", Inside::Document)),
        }
    }

    /// Decides whether an object holds `Records` or is a Record itself.
    fn open_object(&mut self, bytes: &[u8], complete: bool, fields: &mut Vec<Field>) -> Option<Piece> {
        match find_records(bytes, self.pos) {
            Ok(Some(array)) => {
                self.pos = array + 1;
                self.state = State::Element { records: true };
                return None;
            }
            Err(JsonError::End) if !complete && bytes.len() - self.pos <= MAX_RECORD_BYTES => return Some(self.more()),
            Ok(None) | Err(_) => {}
        }
        let start = self.pos;
        Some(match scan_record(bytes, start, fields) {
            Ok(end) => {
                self.pos = end;
                Piece::Record { start, end, envelope: Envelope::Single }
            }
            Err(error) => self.broken(bytes, complete, error, false),
        })
    }

    fn element(&mut self, bytes: &[u8], complete: bool, records: bool, fields: &mut Vec<Field>) -> Option<Piece> {
        match self.at(bytes) {
            None => return Some(self.cut(complete)),
            Some(b']') => {
                self.end_array(records);
                return None;
            }
            Some(_) => {}
        }
        let start = self.pos;
        match scan_record(bytes, start, fields) {
            Ok(end) => {
                self.pos = end;
                self.state = State::AfterElement { records };
                Some(Piece::Record { start, end, envelope: if records { Envelope::Records } else { Envelope::Array } })
            }
            Err(ScanError::Json(JsonError::End)) if !complete && bytes.len() - start <= MAX_RECORD_BYTES => Some(self.more()),
            Err(error) => Some(self.broken(bytes, complete, error, records)),
        }
    }

    fn after_element(&mut self, bytes: &[u8], complete: bool, records: bool) -> Option<Piece> {
        match self.at(bytes) {
            None => Some(self.cut(complete)),
            Some(b',') => {
                self.pos += 1;
                self.state = State::Element { records };
                None
            }
            Some(b']') => {
                self.end_array(records);
                None
            }
            Some(b'{') => {
                self.state = State::Element { records };
                None
            }
            Some(_) => {
                self.state = State::Lost { inside: Inside::Array { records }, reason: "between_records" };
                None
            }
        }
    }

    fn after_array(&mut self, bytes: &[u8], complete: bool) -> Option<Piece> {
        match self.at(bytes) {
            None => Some(self.cut(complete)),
            Some(b'}') => {
                self.pos += 1;
                self.state = State::Document;
                None
            }
            Some(b',') => match next_member(bytes, self.pos + 1) {
                Ok(Member::Records { array }) => {
                    self.pos = array + 1;
                    self.state = State::Element { records: true };
                    None
                }
                Ok(Member::Other { end }) => {
                    self.pos = end;
                    None
                }
                Err(JsonError::End) if !complete && bytes.len() - self.pos <= MAX_RECORD_BYTES => Some(self.more()),
                Err(_) => Some(self.skip_to_next(bytes, complete, "not_json", Inside::Document)),
            },
            Some(_) => {
                self.state = State::Document;
                None
            }
        }
    }

    fn end_array(&mut self, records: bool) {
        self.pos += 1;
        self.state = if records { State::AfterArray } else { State::Document };
    }

    /// The bytes end inside an array: a cut file, or more to come. An empty rest is reported as broken, once, so that a
    /// cut between two Records is noticed.
    fn cut(&mut self, complete: bool) -> Piece {
        if !complete {
            return self.more();
        }
        self.state = State::Document;
        if self.assumed { Piece::End } else { Piece::Broken { start: self.pos, end: self.pos, reason: "array_truncated" } }
    }

    /// A Record that was not accepted: its range by counting braces, else up to the next that looks like a Record.
    fn broken(&mut self, bytes: &[u8], complete: bool, error: ScanError, records: bool) -> Piece {
        let start = self.pos;
        let inside = if self.state == State::Document { Inside::Document } else { Inside::Array { records } };
        let may_grow = !complete && bytes.len() - start <= MAX_RECORD_BYTES;
        let next = self.ahead.next(bytes, start + 1);
        let Some(end) = balanced_end(bytes, start, next) else {
            let grows = may_grow && next.is_none();
            return if grows { self.more() } else { self.skip_to_next(bytes, complete, error.reason(), inside) };
        };
        let follows = bytes.get(skip_white_space(bytes, end));
        match inside {
            Inside::Document => {}
            Inside::Array { records } if matches!(follows, Some(b',' | b']')) => self.state = State::AfterElement { records },
            Inside::Array { .. } if follows.is_none() && may_grow => return self.more(),
            Inside::Array { .. } => return self.skip_to_next(bytes, complete, error.reason(), inside),
        }
        self.pos = end;
        Piece::Broken { start, end, reason: error.reason() }
    }

    fn skip_to_next(&mut self, bytes: &[u8], complete: bool, reason: &'static str, inside: Inside) -> Piece {
        let start = self.pos;
        if let Some(found) = self.ahead.next(bytes, start + 1) {
            self.pos = found;
            let Inside::Array { records } = inside else {
                self.assumed = true;
                self.state = State::Element { records: true };
                return Piece::Broken { start, end: self.pos, reason };
            };
            self.state = State::Element { records };
            return Piece::Broken { start, end: self.pos, reason };
        }
        if !complete && bytes.len() - start <= MAX_RECORD_BYTES {
            self.state = State::Lost { inside, reason };
            return self.more();
        }
        // A start of a Record may straddle the end of an incomplete buffer.
        let end = if complete { bytes.len() } else { bytes.len() - RECORD_START.len() };
        self.pos = end;
        self.state = if complete { State::Document } else { State::Lost { inside, reason } };
        Piece::Broken { start, end, reason }
    }
}

/// The offset of the `[` of a `Records` member of the object at `pos`; `None` where the object has none.
fn find_records(bytes: &[u8], pos: usize) -> Result<Option<usize>, JsonError> {
    let mut pos = skip_white_space(bytes, pos + 1);
    loop {
        match bytes.get(pos) {
            Some(b'}') => return Ok(None),
            Some(b'"') => {}
            Some(_) => return Err(JsonError::Unexpected(pos)),
            None => return Err(JsonError::End),
        }
        let (name_end, _) = skip_string(bytes, pos + 1)?;
        let value = value_after_name(bytes, name_end)?;
        if bytes.get(pos..name_end) == Some(br#""Records""#) && bytes.get(value) == Some(&b'[') {
            return Ok(Some(value));
        }
        let end = skip_white_space(bytes, skip_value(bytes, value, &mut Noticed::default())?);
        pos = if bytes.get(end) == Some(&b',') { skip_white_space(bytes, end + 1) } else { end };
    }
}

fn value_after_name(bytes: &[u8], name_end: usize) -> Result<usize, JsonError> {
    let colon = skip_white_space(bytes, name_end);
    match bytes.get(colon) {
        Some(b':') => Ok(skip_white_space(bytes, colon + 1)),
        Some(_) => Err(JsonError::Unexpected(colon)),
        None => Err(JsonError::End),
    }
}

/// A member after the first `Records`.
enum Member {
    /// `Records` once more, whose array begins here.
    Records { array: usize },
    /// Another one, which ends here.
    Other { end: usize },
}

fn next_member(bytes: &[u8], pos: usize) -> Result<Member, JsonError> {
    let pos = skip_white_space(bytes, pos);
    match bytes.get(pos) {
        Some(b'"') => {}
        Some(_) => return Err(JsonError::Unexpected(pos)),
        None => return Err(JsonError::End),
    }
    let (name_end, _) = skip_string(bytes, pos + 1)?;
    let value = value_after_name(bytes, name_end)?;
    if bytes.get(pos..name_end) == Some(br#""Records""#) && bytes.get(value) == Some(&b'[') {
        return Ok(Member::Records { array: value });
    }
    skip_value(bytes, value, &mut Noticed::default()).map(|end| Member::Other { end })
}

/// Where the value at `start` ends if only strings and brackets are looked at; `None` where that is not found within
/// [`MAX_RECORD_BYTES`], and before the next place that looks like a Record.
fn balanced_end(bytes: &[u8], start: usize, next: Option<usize>) -> Option<usize> {
    let limit = next.unwrap_or(bytes.len()).min(start + MAX_RECORD_BYTES);
    let mut depth = 0_u32;
    let mut pos = start;
    while pos < limit {
        match bytes.get(pos)? {
            b'"' => {
                pos = loose_string_end(bytes, pos + 1, limit)?;
                if depth == 0 {
                    return Some(pos);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            b',' if depth == 0 => return Some(pos),
            _ => {}
        }
        pos += 1;
    }
    None
}

/// The offset after a string's closing quote; escapes are stepped over, anything else is taken.
fn loose_string_end(bytes: &[u8], mut pos: usize, limit: usize) -> Option<usize> {
    while pos < limit {
        let found = pos + memchr::memchr2(b'"', b'\\', bytes.get(pos..limit)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        pos = found + 2;
    }
    None
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
