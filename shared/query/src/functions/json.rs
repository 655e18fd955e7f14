//! JSON text: `json_extract_scalar`, `json_extract` and members by name, without building a tree.

use std::borrow::Cow;

use arrow_schema::DataType;
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ScalarUDF,
};
use serde_json::value::RawValue;

use super::{
    JSON_MEMBER,
    text_function::{Cell, Row, TextFunction},
};
use crate::json_path::{Path, find};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        TextFunction::udf("json_extract_scalar", 2, DataType::Utf8, |constants| by_path(constants, scalar)),
        TextFunction::udf("json_extract", 2, DataType::Utf8, |constants| by_path(constants, whole)),
        TextFunction::udf(JSON_MEMBER, 2, DataType::Utf8, |_| Ok(member())),
    ]
}

fn by_path(constants: &[Option<String>], take: fn(&RawValue) -> Option<String>) -> Result<Row> {
    let constant = match constants.get(1) {
        Some(Some(text)) => match Path::parse(text) {
            Some(path) => Some(path),
            None => return exec_err!("{text:?} is no JSON path such as $.a.b[0]"),
        },
        _ => None,
    };
    Ok(Box::new(move |values| {
        let [Some(text), Some(path)] = values else { return Cell::Null };
        let path = match &constant {
            Some(path) => Cow::Borrowed(path),
            None => match Path::parse(path) {
                Some(path) => Cow::Owned(path),
                None => return Cell::Null,
            },
        };
        find(text, &path).and_then(take).into()
    }))
}

/// A member of an object: texts unquoted, anything else as JSON.
fn member() -> Row {
    Box::new(|values| {
        let [Some(text), Some(name)] = values else { return Cell::Null };
        find(text, &Path::member(name)).and_then(|value| scalar(value).or_else(|| whole(value))).into()
    })
}

fn scalar(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first()? {
        b'{' | b'[' | b'n' => None,
        b'"' => serde_json::from_str(value.get()).ok(),
        _ => Some(value.get().to_owned()),
    }
}

fn whole(value: &RawValue) -> Option<String> {
    (value.get() != "null").then(|| value.get().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn extract(text: &str, path: &str) -> Option<String> {
        find(text, &Path::parse(path).unwrap()).and_then(scalar)
    }

    #[test]
    fn scalars_come_without_quotes() {
        let text = r#"{"a":{"b":[1,"x\ty",true,null,{"c":9007199254740993}]},"d.e":"f"}"#;
        assert_eq!(extract(text, "$.a.b[0]").as_deref(), Some("1"));
        assert_eq!(extract(text, "$.a.b[1]").as_deref(), Some("x\ty"));
        assert_eq!(extract(text, "$.a.b[2]").as_deref(), Some("true"));
        assert_eq!(extract(text, "$.a.b[4].c").as_deref(), Some("9007199254740993"));
        assert_eq!(extract(text, r#"$["d.e"]"#).as_deref(), Some("f"));
        for nothing in ["$.a", "$.a.b", "$.a.b[3]", "$.a.b[9]", "$.z", "$.a.b.c"] {
            assert_eq!(extract(text, nothing), None, "{nothing}");
        }
    }
}
