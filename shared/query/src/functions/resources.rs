//! `cloudtrail_resources(resources)`: OCSF's resources under CloudTrail Lake's names.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, StructArray, cast::AsArray, new_null_array};
use arrow_schema::{DataType, Field, Fields};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility},
};

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(CloudTrailResources { signature: Signature::any(1, Volatility::Immutable) })
}

/// No text is copied: the columns of the elements are the same, under other names.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CloudTrailResources {
    signature: Signature,
}

fn element() -> Fields {
    ["accountid", "type", "arn"].iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect()
}

fn element_field() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(element()), true))
}

impl ScalarUDFImpl for CloudTrailResources {
    fn name(&self) -> &'static str {
        "cloudtrail_resources"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(element_field()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [resources] = args.args.as_slice() else { return exec_err!("cloudtrail_resources takes one list") };
        let resources = resources.to_array(args.number_rows)?;
        let Some(list) = resources.as_list_opt::<i32>() else { return exec_err!("cloudtrail_resources takes a list") };
        let Some(items) = list.values().as_struct_opt() else { return exec_err!("cloudtrail_resources takes a list of resources") };
        let text = |path: &[&str]| at(items, path).unwrap_or_else(|| new_null_array(&DataType::Utf8, items.len()));
        let columns = vec![text(&["owner", "account", "uid"]), text(&["type"]), text(&["uid"])];
        let renamed = StructArray::try_new(element(), columns, items.nulls().cloned())?;
        let renamed = ListArray::try_new(element_field(), list.offsets().clone(), Arc::new(renamed), list.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(renamed)))
    }
}

/// A column of texts below a struct. What is null in an outer struct is null in the inner ones as the archive writes them.
fn at(items: &StructArray, path: &[&str]) -> Option<ArrayRef> {
    let (name, rest) = path.split_first()?;
    let column = items.column_by_name(name)?;
    if rest.is_empty() {
        return (*column.data_type() == DataType::Utf8).then(|| Arc::clone(column));
    }
    at(column.as_struct_opt()?, rest)
}
