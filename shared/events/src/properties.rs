//! How `events/` files are encoded: which columns have statistics and bloom filters, and which numbers are stored as differences.

use parquet::file::{
    metadata::KeyValue,
    properties::{BloomFilterPosition, WriterProperties},
};
use trailkeep_archive::{CREATED_BY, FORMAT, FORMAT_KEY, TABLE_KEY};

/// Columns of numbers that grow, or of which hardly two are the same.
const DELTAS: [&str; 9] =
    ["time", "time_dt", "event_time", "raw_offset", "raw_length", "record_offset", "record_length", "record_index", "metadata.logged_time"];
/// Columns that questions are narrowed by: bounds for every page.
const NARROWING: [&str; 7] = ["event_time", "time", "time_dt", "accountid", "region", "principal_arn", "api.operation"];
/// Columns with a bloom filter. Engines prune by those of top-level columns only.
const BLOOMS: [&str; 4] = ["event_uid", "principal_arn", "access_key_id", "source_ip"];

/// What a column has beside its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Treatment {
    /// Numbers are stored as differences.
    pub(crate) deltas: bool,
    /// Least and greatest of the column chunk. Texts that are not in a dictionary have none: they are long, or random.
    pub(crate) bounds: bool,
    /// Least and greatest of every page.
    pub(crate) page_bounds: bool,
    /// A bloom filter.
    pub(crate) bloom: bool,
}

impl Treatment {
    /// The treatment of the column with this dotted path.
    pub(crate) fn of(path: &str) -> Self {
        // Within lists and maps nobody narrows.
        let repeated = ["list", "key_value"].iter().any(|step| path.split('.').any(|part| part == *step));
        Self { deltas: DELTAS.contains(&path), bounds: !repeated, page_bounds: NARROWING.contains(&path), bloom: BLOOMS.contains(&path) }
    }
}

/// Writer properties of an `events/` file: all that is not a column's own.
pub(crate) fn writer_properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_string()),
            KeyValue::new(TABLE_KEY.to_owned(), "events".to_owned()),
        ]))
        .set_bloom_filter_position(BloomFilterPosition::AfterRowGroup)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_footer_names_the_format_and_the_table() {
        let properties = writer_properties();
        let pairs = properties.key_value_metadata().expect("there");
        let told: Vec<_> = pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref())).collect();
        assert_eq!(told, [("trailkeep.format", Some("1")), ("trailkeep.table", Some("events"))]);
    }
}
