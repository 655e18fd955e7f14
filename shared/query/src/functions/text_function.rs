//! A function of texts, row by row; what is constant in a call is prepared once.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow_array::{Array, ArrayRef, BooleanArray, StringArray, cast::AsArray};
use arrow_schema::DataType;
use datafusion::{
    arrow::compute::cast,
    common::{Result, ScalarValue},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility},
};

/// What one row gives.
pub(super) enum Cell {
    Null,
    Text(String),
    Flag(bool),
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// Evaluates one row.
pub(super) type Row = Box<dyn Fn(&[Option<&str>]) -> Cell>;

/// A function of texts.
#[derive(Debug)]
pub(super) struct TextFunction {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    /// Given the constant arguments (`None` where an argument varies or is null), makes the row's evaluation.
    prepare: fn(&[Option<String>]) -> Result<Row>,
}

impl TextFunction {
    /// A function of `arity` texts, or of any number where `arity` is 0.
    pub(super) fn udf(name: &'static str, arity: usize, returns: DataType, prepare: fn(&[Option<String>]) -> Result<Row>) -> ScalarUDF {
        let signature = match arity {
            0 => Signature::variadic(vec![DataType::Utf8, DataType::Utf8View, DataType::LargeUtf8], Volatility::Immutable),
            arity => Signature::string(arity, Volatility::Immutable),
        };
        ScalarUDF::new_from_impl(Self { name, signature, returns, prepare })
    }
}

impl PartialEq for TextFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TextFunction {}

impl Hash for TextFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for TextFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constants: Vec<Option<String>> = args
            .args
            .iter()
            .map(|arg| match arg {
                ColumnarValue::Scalar(scalar) => scalar.try_as_str().flatten().map(str::to_owned),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        let row = (self.prepare)(&constants)?;
        let all_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if all_constant { 1 } else { args.number_rows };
        let columns: Vec<ArrayRef> = args.args.iter().map(|arg| Ok(cast(&arg.to_array(rows)?, &DataType::Utf8)?)).collect::<Result<_>>()?;
        let cells = (0..rows).map(|index| {
            let values: Vec<Option<&str>> = columns.iter().map(|column| text_at(column, index)).collect();
            row(&values)
        });
        let array: ArrayRef = if self.returns == DataType::Boolean {
            Arc::new(cells.map(|cell| if let Cell::Flag(flag) = cell { Some(flag) } else { None }).collect::<BooleanArray>())
        } else {
            Arc::new(cells.map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None }).collect::<StringArray>())
        };
        if all_constant { Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)) } else { Ok(ColumnarValue::Array(array)) }
    }
}

fn text_at(column: &ArrayRef, index: usize) -> Option<&str> {
    let texts = column.as_string_opt::<i32>()?;
    (!texts.is_null(index)).then(|| texts.value(index))
}
