//! The scanner against `serde_json`, which is the reference for what is accepted and what strings decode to.

use proptest::prelude::*;

use super::*;

fn accepted(text: &str) -> bool {
    parse(text).is_some()
}

#[test]
fn accepts_what_serde_json_accepts_and_nothing_else() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.0",
        "1e5",
        "1E+5",
        "-1.25e-3",
        "\"\"",
        "\"a\\u00e9\\n\"",
        "[]",
        "{}",
        "[1,2]",
        " {\"a\" : [ ] } ",
        "[[[]]]",
        "{\"a\":{\"b\":null}}",
        "01",
        "1.",
        ".5",
        "+1",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{,}",
        "[1 2]",
        "{}{}",
        "",
        "\u{feff}{}",
        "\"a\tb\"",
        "NaN",
        "[",
        "{\"a\":1",
        "]",
        "{\"a\":1]",
    ] {
        let reference = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(accepted(text), reference, "{text:?}");
    }
}

#[test]
fn nesting_has_a_limit_and_no_stack() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert!(accepted(&nested(MAX_NESTING as usize)));
    let deep = nested(MAX_NESTING as usize + 1);
    assert_eq!(skip_value(deep.as_bytes(), 0, &mut Noticed::default()), Err(JsonError::TooDeep(MAX_NESTING as usize)));
    assert!(!accepted(&nested(1_000_000)));
}

#[test]
fn a_lone_surrogate_becomes_the_replacement_character() {
    assert_eq!(unescape(r"a\ud800b"), "a\u{fffd}b");
    assert_eq!(unescape(r"\ud83d\ude00"), "😀");
    assert_eq!(unescape(r"\ud83d\u0041"), "\u{fffd}A");
    assert_eq!(unescape(r"\\\/\u0000"), "\\/\0");
}

#[test]
fn the_last_of_two_members_of_one_name_counts() {
    let value = parse(r#"{"a":1,"b":"x","a":2}"#);
    assert_eq!(value.and_then(|v| v.get("a")).map(|v| v.text), Some("2"));
}

#[test]
fn compacting_keeps_strings_and_numbers_as_written() {
    assert_eq!(compact("{ \"a b\" : [ 1.0 , 9.82222E-5,\n\"x \\\" y\" ] }"), r#"{"a b":[1.0,9.82222E-5,"x \" y"]}"#);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_is_accepted_and_walks_back(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap_or_default();
        let parsed = parse(&text).expect("serialized by serde_json");
        prop_assert_eq!(parsed.text, &text);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&parsed.compact()).ok(), serde_json::from_str(&text).ok());
        if let serde_json::Value::Object(members) = &value {
            let names: Vec<String> = parsed.members().map(|(name, _)| name.decoded().into_owned()).collect();
            prop_assert_eq!(names.len(), members.len());
            for name in names { prop_assert!(members.contains_key(&name)); }
        }
        if let serde_json::Value::String(s) = &value {
            let decoded = parsed.as_str();
            prop_assert_eq!(decoded.as_deref(), Some(s.as_str()));
        }
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let accepted = skip_value(&bytes, 0, &mut Noticed::default());
        if let (Ok(end), Ok(text)) = (accepted, std::str::from_utf8(&bytes)) {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(text.get(..end).expect("a boundary")).is_ok());
        }
    }

    #[test]
    fn json_like_text_is_judged_as_serde_json_judges_it(text in r#"[\[\]{}:,"\\0-9eE.+\-truefalsn \n]{0,24}"#) {
        let reference = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(parse(&text).is_some(), reference, "{:?}", text);
    }
}
