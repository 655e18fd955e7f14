//! One text for one value: canonical JSON.
//!
//! Members sorted by the bytes of their names, no white space, integers alone, text in UTF-8 with as few escapes as JSON allows: the quotation
//! mark, the backslash, and control characters (`\b \t \n \f \r`, else `\u00xx` in lower case). Python writes the same with
//! `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.

use std::collections::BTreeMap;

use serde::Serialize;
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

/// The canonical JSON of a value.
///
/// # Errors
/// [`NotCanonical`]; a fault of the program.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::new();
    write(&serde_json::to_value(value)?, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) if number.is_f64() => return Err(NotCanonical::Float),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => serde_json::to_writer(out, value)?,
        Value::Array(items) => {
            out.push(b'[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // Sorted here: whether serde_json's own map is, depends on features that others may switch on.
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push(b'{');
            for (number, (name, member)) in sorted.into_iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
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
}
