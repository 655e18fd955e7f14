//! One pass over a Record: where it ends, and where each of its top-level fields stands.

use crate::{
    MAX_RECORD_BYTES,
    field::{Field, Key},
    json::{JsonError, Noticed, skip_string, skip_value, skip_white_space},
};

/// Why a Record was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not JSON, or cut.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON, but no object.
    #[error("not a json object")]
    NotAnObject,
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
}

impl ScanError {
    /// Stable name for the quarantine.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Json(JsonError::End) => "record_truncated",
            Self::Json(JsonError::Unexpected(_)) => "record_not_json",
            Self::Json(JsonError::TooDeep(_)) => "nesting_too_deep",
            Self::NotAnObject => "record_not_an_object",
            Self::TooLong => "record_too_long",
        }
    }
}

/// Scans the object that begins at `start`, appends its top-level fields to `fields`, and gives the offset after it.
/// Field spans count from `start`. On error nothing stays appended.
///
/// # Errors
/// [`ScanError`]; UTF-8 is not checked here.
pub fn scan_record(bytes: &[u8], start: usize, fields: &mut Vec<Field>) -> Result<usize, ScanError> {
    let before = fields.len();
    scan_object(bytes, start, fields).inspect_err(|_| fields.truncate(before))
}

fn scan_object(bytes: &[u8], start: usize, fields: &mut Vec<Field>) -> Result<usize, ScanError> {
    if bytes.get(start) != Some(&b'{') {
        return Err(if start >= bytes.len() { JsonError::End.into() } else { ScanError::NotAnObject });
    }
    let mut pos = skip_white_space(bytes, start + 1);
    if bytes.get(pos) == Some(&b'}') {
        return Ok(pos + 1);
    }
    let mut guess = Key::EventVersion;
    loop {
        let (field, end) = scan_field(bytes, start, pos, guess)?;
        guess = field.key.guess_next();
        fields.push(field);
        pos = skip_white_space(bytes, end);
        match bytes.get(pos) {
            Some(b',') => pos = skip_white_space(bytes, pos + 1),
            Some(b'}') => return if pos - start < MAX_RECORD_BYTES { Ok(pos + 1) } else { Err(ScanError::TooLong) },
            Some(_) => return Err(JsonError::Unexpected(pos).into()),
            None => return Err(JsonError::End.into()),
        }
    }
}

/// One `"name":value` at `pos`: the field and the offset after it.
#[inline]
fn scan_field(bytes: &[u8], start: usize, pos: usize, guess: Key) -> Result<(Field, usize), ScanError> {
    match bytes.get(pos) {
        Some(b'"') => {}
        Some(_) => return Err(JsonError::Unexpected(pos).into()),
        None => return Err(JsonError::End.into()),
    }
    let (name_end, key) = scan_name(bytes, pos + 1, guess)?;
    let colon = skip_white_space(bytes, name_end + 1);
    match bytes.get(colon) {
        Some(b':') => {}
        Some(_) => return Err(JsonError::Unexpected(colon).into()),
        None => return Err(JsonError::End.into()),
    }
    let value = skip_white_space(bytes, colon + 1);
    let mut noticed = Noticed::default();
    let end = skip_value(bytes, value, &mut noticed)?;
    if end - start > MAX_RECORD_BYTES {
        return Err(ScanError::TooLong);
    }
    let span = |offset: usize| (offset - start) as u32;
    let field = Field {
        key,
        escapes: noticed.escapes,
        white_space: noticed.white_space,
        name_start: span(pos + 1),
        name_end: span(name_end),
        start: span(value),
        end: span(end),
    };
    Ok((field, end))
}

/// A field's name: the offset of its closing quote, and its key. The guess is compared first, names with escapes are
/// never documented ones.
#[inline]
fn scan_name(bytes: &[u8], pos: usize, guess: Key) -> Result<(usize, Key), ScanError> {
    let name = guess.name().as_bytes();
    let end = pos + name.len();
    if bytes.get(end) == Some(&b'"') && bytes.get(pos..end) == Some(name) {
        return Ok((end, guess));
    }
    let (after, escapes) = skip_string(bytes, pos)?;
    let end = after - 1;
    let key = if escapes { Key::Unknown } else { Key::from_name(bytes.get(pos..end).unwrap_or_default()) };
    Ok((end, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_spans_of_the_record() {
        let text = br#"  {"eventVersion":"1.08","requestParameters": {"a": [1, 2]},"x-new":"\u00e9","eventID":null}tail"#;
        let mut fields = Vec::new();
        let end = scan_record(text, 2, &mut fields);
        assert_eq!(end, Ok(text.len() - 4));
        let at = |f: &Field| std::str::from_utf8(&text[2 + f.start as usize..2 + f.end as usize]).expect("ascii");
        let seen: Vec<_> = fields.iter().map(|f| (f.key, at(f), f.escapes, f.white_space)).collect();
        assert_eq!(
            seen,
            [
                (Key::EventVersion, r#""1.08""#, false, false),
                (Key::RequestParameters, r#"{"a": [1, 2]}"#, false, true),
                (Key::Unknown, r#""\u00e9""#, true, false),
                (Key::EventId, "null", false, false),
            ]
        );
    }

    #[test]
    fn a_refused_record_leaves_no_fields() {
        let mut fields = Vec::new();
        for (text, reason) in [
            (&b"{\"a\":1"[..], "record_truncated"),
            (b"{\"a\":1,}", "record_not_json"),
            (b"[1]", "record_not_an_object"),
            (b"{\"a\"1}", "record_not_json"),
            (b"", "record_truncated"),
        ] {
            assert_eq!(scan_record(text, 0, &mut fields).map_err(ScanError::reason), Err(reason));
            assert!(fields.is_empty());
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(scan_record(deep.as_bytes(), 0, &mut fields).map_err(ScanError::reason), Err("nesting_too_deep"));
    }
}
