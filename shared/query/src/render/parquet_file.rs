//! An answer as a Parquet file.

use std::io::Write;

use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use crate::QueryError;

/// Rows in a row group.
const ROW_GROUP_ROWS: usize = 65_536;

/// Writes all rows as one Parquet file (zstd); gives their number.
///
/// # Errors
/// [`QueryError::Write`], and what goes wrong while the rows are found.
pub async fn write_parquet(mut batches: SendableRecordBatchStream, out: impl Write + Send) -> Result<u64, QueryError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(concat!("trailkeep ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let failed = |error: ParquetError| QueryError::Write(std::io::Error::other(error));
    let mut writer = ArrowWriter::try_new(out, batches.schema(), Some(properties)).map_err(failed)?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(rows)
}
