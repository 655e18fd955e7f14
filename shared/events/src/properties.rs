//! How `events/` files are encoded: which columns have dictionaries, statistics and bloom filters.

use parquet::{
    basic::{Compression, Encoding, ZstdLevel},
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};

/// Columns whose values hardly ever repeat: a dictionary would only cost.
const DISTINCT: [&str; 6] = ["metadata.uid", "event_uid", "api.request.uid", "record_hash", "api.request.data", "api.response.data"];
/// Columns of numbers that grow or repeat from row to row.
const NUMBERS: [&str; 9] =
    ["time", "time_dt", "event_time", "raw_offset", "raw_length", "record_offset", "record_length", "record_index", "metadata.logged_time"];
/// Columns that questions are narrowed by: statistics for every page.
const NARROWING: [&str; 7] = ["event_time", "time", "time_dt", "accountid", "region", "principal_arn", "api.operation"];
/// Columns with a bloom filter. Engines prune by those of top-level columns only.
const BLOOMS: [&str; 4] = ["event_uid", "principal_arn", "access_key_id", "source_ip"];
/// Columns without statistics: nobody compares them, and their values are long.
const UNCOMPARED: [&str; 5] = ["api.request.data", "api.response.data", "raw_data", "anomaly_analyses", "record_hash"];

/// False positives of a bloom filter: 1 in 100.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;
/// Rows of one data page at most, so that the page index has something to skip.
const PAGE_ROWS: usize = 4096;

/// Writer properties of `events/`, zstd at the given level (1 to 22).
///
/// # Errors
/// [`ParquetError`] for a level out of range.
pub fn writer_properties(zstd_level: i32, row_group_rows: usize) -> Result<WriterProperties, ParquetError> {
    let path = |dotted: &str| ColumnPath::new(dotted.split('.').map(str::to_owned).collect());
    let mut builder = WriterProperties::builder()
        .set_created_by(trailkeep_archive::CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd_level)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_bloom_filter_position(parquet::file::properties::BloomFilterPosition::AfterRowGroup);
    for column in DISTINCT {
        builder = builder.set_column_dictionary_enabled(path(column), false);
    }
    for column in NUMBERS {
        builder =
            builder.set_column_dictionary_enabled(path(column), false).set_column_encoding(path(column), Encoding::DELTA_BINARY_PACKED);
    }
    for column in NARROWING {
        builder = builder.set_column_statistics_enabled(path(column), EnabledStatistics::Page);
    }
    for column in UNCOMPARED {
        builder = builder.set_column_statistics_enabled(path(column), EnabledStatistics::None);
    }
    for column in BLOOMS {
        builder = builder
            .set_column_bloom_filter_enabled(path(column), true)
            .set_column_bloom_filter_fpp(path(column), BLOOM_FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(path(column), row_group_rows as u64);
    }
    Ok(builder.build())
}
