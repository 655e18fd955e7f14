//! What has no column of its own lies flattened in `unmapped`; these put it together again.

use std::{collections::BTreeMap, hash::Hash, sync::Arc};

use arrow_array::{
    Array, ArrayRef, MapArray, StringArray,
    builder::{MapBuilder, MapFieldNames, StringBuilder},
    cast::AsArray,
};
use arrow_schema::DataType;
use datafusion::{
    arrow::compute::cast,
    common::{Result, exec_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility},
};
use serde_json::{Value, value::RawValue};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(UnmappedJson { signature: Signature::variadic_any(Volatility::Immutable) }),
        ScalarUDF::new_from_impl(UnmappedV1 { signature: Signature::any(4, Volatility::Immutable) }),
    ]
}

/// `unmapped_json(unmapped, 'name' [, 'member', value, …])`: the JSON object whose leaves are the entries `name.…`, with further members.
/// All leaves are texts: the flattened form does not keep their types.
#[derive(Debug, PartialEq, Eq, Hash)]
struct UnmappedJson {
    signature: Signature,
}

impl ScalarUDFImpl for UnmappedJson {
    fn name(&self) -> &'static str {
        "unmapped_json"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [map, name, members @ ..] = args.args.as_slice() else { return exec_err!("unmapped_json takes a map and a name") };
        let map = map.to_array(args.number_rows)?;
        let Some(map) = map.as_map_opt() else { return exec_err!("unmapped_json takes a map, not {}", map.data_type()) };
        let name = constant(name)?;
        let mut extra = Vec::new();
        for pair in members.chunks_exact(2) {
            extra.push((constant(&pair[0])?, cast(&pair[1].to_array(args.number_rows)?, &DataType::Utf8)?));
        }
        let prefix = format!("{name}.");
        let entries = Entries::of(map)?;
        let texts: StringArray = (0..map.len())
            .map(|row| {
                let mut leaves: Vec<(&str, &str)> =
                    entries.row(row).filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value))).collect();
                for (member, values) in &extra {
                    let values = values.as_string::<i32>();
                    if values.is_valid(row) {
                        leaves.push((member, values.value(row)));
                    }
                }
                // An entry under the bare name is JSON already, or a scalar.
                if leaves.is_empty() { entries.get(row, &name).map(str::to_owned) } else { Some(rebuilt(&leaves)) }
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

fn constant(value: &ColumnarValue) -> Result<String> {
    match value {
        ColumnarValue::Scalar(scalar) => {
            if let Some(text) = scalar.try_as_str().flatten() {
                Ok(text.to_owned())
            } else {
                exec_err!("unmapped_json wants names as constant texts")
            }
        }
        ColumnarValue::Array(_) => exec_err!("unmapped_json wants names as constant texts"),
    }
}

/// Deepest nesting that is put together; what lies deeper keeps its dotted name.
const MAX_DEPTH: usize = 64;

enum Node<'a> {
    Leaf(&'a str),
    Inner(BTreeMap<&'a str, Node<'a>>),
}

fn rebuilt(leaves: &[(&str, &str)]) -> String {
    let mut root = BTreeMap::new();
    for (path, value) in leaves {
        insert(&mut root, path, value, MAX_DEPTH);
    }
    json(&Node::Inner(root)).to_string()
}

fn insert<'a>(node: &mut BTreeMap<&'a str, Node<'a>>, path: &'a str, value: &'a str, depth: usize) {
    if let Some((name, rest)) = path.split_once('.').filter(|_| depth > 0) {
        let inner = node.entry(name).or_insert_with(|| Node::Inner(BTreeMap::new()));
        if let Node::Inner(inner) = inner {
            insert(inner, rest, value, depth - 1);
            return;
        }
    }
    node.insert(path, Node::Leaf(value));
}

fn json(node: &Node<'_>) -> Value {
    match node {
        Node::Leaf(text) => Value::String((*text).to_owned()),
        Node::Inner(members) => Value::Object(members.iter().map(|(name, node)| ((*name).to_owned(), json(node))).collect()),
    }
}

/// `security_lake_v1_unmapped(unmapped, event_code, request, response)`: source version 1 kept the event type and the members of the
/// request's and the response's JSON in `unmapped`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct UnmappedV1 {
    signature: Signature,
}

impl ScalarUDFImpl for UnmappedV1 {
    fn name(&self) -> &'static str {
        "security_lake_v1_unmapped"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        if let Some(map @ DataType::Map(..)) = arg_types.first() {
            Ok(map.clone())
        } else {
            exec_err!("security_lake_v1_unmapped takes a map first")
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays: Vec<ArrayRef> = args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<_>>()?;
        let [map, texts @ ..] = arrays.as_slice() else { return exec_err!("security_lake_v1_unmapped takes a map first") };
        let Some(map) = map.as_map_opt() else { return exec_err!("security_lake_v1_unmapped takes a map first") };
        let texts: Vec<ArrayRef> = texts.iter().map(|text| Ok(cast(text, &DataType::Utf8)?)).collect::<Result<_>>()?;
        let entries = Entries::of(map)?;
        let DataType::Map(entry, _) = map.data_type() else { return exec_err!("security_lake_v1_unmapped takes a map first") };
        let DataType::Struct(parts) = entry.data_type() else { return exec_err!("a map of {} has no entries", entry.data_type()) };
        let names = MapFieldNames { entry: entry.name().clone(), key: parts[0].name().clone(), value: parts[1].name().clone() };
        let mut out = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
            .with_keys_field(Arc::clone(&parts[0]))
            .with_values_field(Arc::clone(&parts[1]));
        for row in 0..map.len() {
            for (key, value) in with_members(entries.row(row), &texts, row) {
                out.keys().append_value(key);
                out.values().append_value(value);
            }
            out.append(true)?;
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

fn with_members<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, texts: &[ArrayRef], row: usize) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let text = |column: usize| {
        texts
            .get(column)
            .map(arrow_array::cast::AsArray::as_string::<i32>)
            .filter(|array| array.is_valid(row))
            .map(|array| array.value(row))
    };
    if let Some(event_type) = text(0) {
        all.insert("eventType".to_owned(), event_type.to_owned());
    }
    for (column, prefix) in [(1, "requestParameters"), (2, "responseElements")] {
        let members: BTreeMap<String, &RawValue> = text(column).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        for (name, value) in members.into_iter().filter(|(_, value)| value.get() != "null") {
            let text = serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned());
            all.insert(format!("{prefix}.{name}"), text);
        }
    }
    all
}

/// The entries of a map column.
struct Entries<'a> {
    map: &'a MapArray,
    keys: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> Entries<'a> {
    fn of(map: &'a MapArray) -> Result<Self> {
        if let (Some(keys), Some(values)) = (map.keys().as_string_opt(), map.values().as_string_opt()) {
            Ok(Self { map, keys, values })
        } else {
            exec_err!("a map of texts is wanted, not {}", map.data_type())
        }
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (keys, values) = (self.keys, self.values);
        let range = if self.map.is_null(row) {
            0..0
        } else {
            let offsets = self.map.value_offsets();
            offsets[row] as usize..offsets[row + 1] as usize
        };
        range.filter(move |index| values.is_valid(*index)).map(move |index| (keys.value(index), values.value(index)))
    }

    fn get(&self, row: usize, name: &str) -> Option<&'a str> {
        self.row(row).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names_are_objects_again() {
        let text = rebuilt(&[("MFAUsed", "No"), ("a.b", "1"), ("a.c.d", "2"), ("a", "x")]);
        assert_eq!(text, r#"{"MFAUsed":"No","a":"x"}"#);
        assert_eq!(rebuilt(&[("a.b", "1"), ("a.c.d", "2")]), r#"{"a":{"b":"1","c":{"d":"2"}}}"#);
    }

    #[test]
    fn a_name_of_a_thousand_dots_is_no_deep_tree() {
        let name = "a.".repeat(1_000);
        assert!(rebuilt(&[(&name, "1")]).len() > 1_000);
    }
}
