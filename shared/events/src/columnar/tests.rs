//! What is written here reads back as what the `parquet` crate's own writer writes.

use std::sync::Arc;

use arrow_array::{
    BooleanArray, DictionaryArray, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    types::Int32Type,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{Fields, Schema, TimeUnit};
use parquet::{
    arrow::{
        ArrowSchemaConverter, ArrowWriter,
        arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector},
        arrow_writer::ArrowWriterOptions,
    },
    file::metadata::{PageIndexPolicy, ParquetMetaData},
};
use proptest::prelude::*;

use super::*;
use crate::properties::writer_properties;

/// One row: values that repeat, values that do not, numbers, a truth value, and how long its lists are.
type Row = (Option<u8>, Option<String>, Option<i64>, Option<bool>, u8, Option<u8>);

fn texts() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn dictionary(values: impl Iterator<Item = Option<u8>>) -> ArrayRef {
    Arc::new(
        values
            .map(|value| value.map(|v| format!("value {v}")))
            .collect::<Vec<_>>()
            .iter()
            .map(Option::as_deref)
            .collect::<DictionaryArray<Int32Type>>(),
    )
}

/// Struct arrays as the normaliser makes them: null where all of their fields are.
fn structs(fields: Vec<(Field, ArrayRef)>) -> (DataType, ArrayRef) {
    let length = fields.first().map_or(0, |(_, array)| array.len());
    let valid: NullBuffer = (0..length).map(|row| fields.iter().any(|(_, array)| array.is_valid(row))).collect::<Vec<_>>().into();
    let (fields, arrays): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let fields = Fields::from(fields);
    (DataType::Struct(fields.clone()), Arc::new(StructArray::new(fields, arrays, Some(valid))))
}

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn batch(rows: &[Row]) -> RecordBatch {
    let numbers = |rows: &[Row]| rows.iter().map(|row| row.2).collect::<Vec<_>>();
    let repeated = dictionary(rows.iter().map(|row| row.0));
    let distinct: ArrayRef = Arc::new(rows.iter().map(|row| row.1.as_deref()).collect::<StringArray>());
    let bools: ArrayRef = Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>());
    let (inner_type, inner) = structs(vec![
        (nullable("uid", texts()), dictionary(rows.iter().map(|row| row.5))),
        (nullable("number", DataType::Int32), Arc::new(rows.iter().map(|row| row.2.map(|n| n as i32 % 5)).collect::<Int32Array>())),
    ]);
    let (outer_type, outer) =
        structs(vec![(nullable("text", DataType::Utf8), Arc::clone(&distinct)), (nullable("inner", inner_type), inner)]);
    let lengths = || rows.iter().map(|row| usize::from(row.4));
    let elements = || lengths().flat_map(|length| 0..length as u8);
    let listed: NullBuffer = lengths().map(|length| length > 0).collect::<Vec<_>>().into();
    let (element_type, element) = structs(vec![
        (nullable("name", texts()), dictionary(elements().map(|n| (n != 1).then_some(n)))),
        (nullable("number", DataType::Int64), Arc::new(elements().map(|n| (n > 1).then_some(i64::from(n))).collect::<Int64Array>())),
    ]);
    let element_field = Arc::new(nullable("element", element_type));
    let list: ArrayRef =
        Arc::new(ListArray::new(Arc::clone(&element_field), OffsetBuffer::from_lengths(lengths()), element, Some(listed.clone())));
    let entry_fields = Fields::from(vec![Field::new("key", texts(), false), nullable("value", texts())]);
    let entries = StructArray::new(
        entry_fields.clone(),
        vec![dictionary(elements().map(Some)), dictionary(elements().map(|n| (n != 2).then_some(n / 2)))],
        None,
    );
    let entries_field = Arc::new(Field::new("key_value", DataType::Struct(entry_fields), false));
    let map: ArrayRef =
        Arc::new(MapArray::new(Arc::clone(&entries_field), OffsetBuffer::from_lengths(lengths()), entries, Some(listed), false));
    let times: ArrayRef = Arc::new(numbers(rows).into_iter().collect::<TimestampMicrosecondArray>());
    let columns: Vec<(Field, ArrayRef)> = vec![
        (nullable("principal_arn", texts()), repeated),
        (nullable("event_uid", DataType::Utf8), distinct),
        (nullable("event_time", DataType::Timestamp(TimeUnit::Microsecond, None)), times),
        (nullable("class_uid", DataType::Int32), Arc::new(numbers(rows).iter().map(|n| n.map(|n| n as i32)).collect::<Int32Array>())),
        (nullable("status_id", DataType::Int64), Arc::new(numbers(rows).iter().map(|n| n.map(|n| n % 3)).collect::<Int64Array>())),
        (nullable("is_mfa", DataType::Boolean), bools),
        (nullable("actor", outer_type), outer),
        (nullable("observables", DataType::List(element_field)), list),
        (nullable("unmapped", DataType::Map(entries_field, false)), map),
        (nullable("always", texts()), dictionary(rows.iter().map(|_| Some(7)))),
        (nullable("never", texts()), dictionary(rows.iter().map(|_| None))),
    ];
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns that fit")
}

fn ours(batches: &[RecordBatch]) -> Bytes {
    // The converter takes a dictionary's values for the column's type.
    let schema = ArrowSchemaConverter::new().convert(&batches[0].schema()).expect("a schema");
    let mut file = SerializedFileWriter::new(Vec::new(), schema.root_schema_ptr(), Arc::new(writer_properties())).expect("a file");
    let mut encoder = RowGroupEncoder::new(&schema, 1).expect("an encoder");
    for batch in batches {
        encoder.write(&mut file, batch).expect("a row group");
    }
    file.into_inner().expect("a footer").into()
}

fn theirs(batches: &[RecordBatch]) -> Bytes {
    let mut bytes = Vec::new();
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batches[0].schema(), options).expect("a writer");
    for batch in batches {
        writer.write(batch).and_then(|()| writer.flush()).expect("rows");
    }
    writer.close().expect("a footer");
    bytes.into()
}

fn read(bytes: &Bytes, selection: Option<RowSelection>) -> (Vec<RecordBatch>, Arc<ParquetMetaData>) {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options).expect("a file").with_batch_size(1 << 20);
    if let Some(selection) = selection {
        builder = builder.with_row_selection(selection);
    }
    let metadata = Arc::clone(builder.metadata());
    (builder.build().expect("a reader").collect::<Result<_, _>>().expect("rows"), metadata)
}

fn assert_same(batches: &[RecordBatch]) {
    let (ours, theirs) = (ours(batches), theirs(batches));
    let ((our_rows, our_footer), (their_rows, their_footer)) = (read(&ours, None), read(&theirs, None));
    assert_eq!(our_rows, their_rows);
    for (ours, theirs) in our_footer.row_groups().iter().zip(their_footer.row_groups()) {
        assert_eq!(ours.num_rows(), theirs.num_rows());
        for (ours, theirs) in ours.columns().iter().zip(theirs.columns()) {
            let path = ours.column_path();
            let (stated, expected) = (ours.statistics().expect("there"), theirs.statistics().expect("there"));
            assert_eq!(stated.null_count_opt(), expected.null_count_opt(), "{path}");
            assert_eq!(ours.num_values(), theirs.num_values(), "{path}");
            if stated.min_bytes_opt().is_some() {
                assert_eq!(
                    (stated.min_bytes_opt(), stated.max_bytes_opt()),
                    (expected.min_bytes_opt(), expected.max_bytes_opt()),
                    "{path}"
                );
            }
        }
    }
}

/// Rows of which no two neighbours are alike, without a random number.
fn many(count: u32) -> Vec<Row> {
    let row = |n: u32| {
        let mixed = n.wrapping_mul(2_654_435_761);
        let text = (!mixed.is_multiple_of(11)).then(|| format!("{mixed:x}-{}", "x".repeat((mixed % 300) as usize)));
        (
            (!mixed.is_multiple_of(5)).then_some((mixed >> 8) as u8 % 40),
            text,
            (!mixed.is_multiple_of(7)).then_some(i64::from(n) * 1000 - i64::from(mixed % 977)),
            (!mixed.is_multiple_of(3)).then_some(mixed.is_multiple_of(2)),
            (mixed >> 16) as u8 % 4,
            (mixed.is_multiple_of(13)).then_some(3),
        )
    };
    (0..count).map(row).collect()
}

#[test]
fn several_pages_and_row_groups_read_as_the_library_writes_them() {
    assert_same(&[batch(&many(10_000)), batch(&many(1)), batch(&many(4097))]);
}

#[test]
fn the_page_index_leads_to_the_rows() {
    let rows = many(10_000);
    let file = ours(&[batch(&rows)]);
    let selection =
        RowSelection::from(vec![RowSelector::skip(5000), RowSelector::select(10), RowSelector::skip(3000), RowSelector::select(5)]);
    let (selected, footer) = read(&file, Some(selection));
    let (all, _) = read(&file, None);
    let selected: Vec<RecordBatch> = selected;
    let expected = [all[0].slice(5000, 10), all[0].slice(8010, 5)];
    let together: Vec<RecordBatch> = selected.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1))).collect();
    let wanted: Vec<RecordBatch> = expected.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1))).collect();
    assert_eq!(together, wanted);
    let pages = |column: usize| footer.offset_index().expect("there")[0][column].page_locations().len();
    assert_eq!((pages(0), pages(2)), (3, 3), "a page for 4,096 rows");
    let index = &footer.column_index().expect("there")[0];
    assert!(index[0].num_pages() == 3 && index[2].num_pages() == 3);
}

#[test]
fn what_is_the_same_in_every_row_takes_next_to_nothing() {
    let file = ours(&[batch(&many(10_000))]);
    let (_, footer) = read(&file, None);
    let size = |name: &str| {
        let columns = footer.row_group(0).columns();
        columns.iter().find(|c| c.column_path().string() == name).map_or(0, parquet::file::metadata::ColumnChunkMetaData::compressed_size)
    };
    assert!(size("always") < 100, "{}", size("always"));
    assert!(size("never") < 60, "{}", size("never"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_rows_read_as_the_library_writes_them(rows in prop::collection::vec((
        prop::option::of(0_u8..20), prop::option::of(".{0,12}"), prop::option::of(any::<i64>()), prop::option::of(any::<bool>()), 0_u8..4, prop::option::of(any::<u8>()),
    ), 1..200)) {
        assert_same(&[batch(&rows)]);
    }

    #[test]
    fn differences_of_any_numbers_read_back(numbers in prop::collection::vec(any::<i64>(), 1..700)) {
        let rows: Vec<Row> = numbers.iter().map(|n| (None, None, Some(*n), None, 0, None)).collect();
        assert_same(&[batch(&rows)]);
    }
}
