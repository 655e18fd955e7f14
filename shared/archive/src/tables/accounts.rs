//! The `accounts` table: the organization's accounts as a slowly changing history. One file holds all of it, as it was known when the file was
//! written; the newest is the one that is read.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    cell::columns,
    error::TableError,
    file::{self, Row},
};

/// An account as it was for a time. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The organization's id.
    pub organization: String,
    /// The organization's management account.
    pub management_account: Option<String>,
    /// The account, 12 digits.
    pub account: String,
    /// Its name.
    pub name: Option<String>,
    /// The root user's email address.
    pub email: Option<String>,
    /// As Organizations spells it: `ACTIVE`, `SUSPENDED`, …
    pub state: String,
    /// Names from the root down, with `/` between them.
    pub ou_path: Option<String>,
    /// Ids from the root down, with `/` between them.
    pub ou_ids: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What could not be asked in any observation of this row: `ou_path`, `tags`.
    pub unknown: Vec<String>,
    /// Regions that it has enabled, ascending; none at all: they are not known. Files of earlier releases have no such column.
    pub regions: Vec<String>,
    /// When it joined the organization, as Organizations says.
    pub joined_at: Option<i64>,
    /// How it joined: `CREATED`, `INVITED`.
    pub joined_method: Option<String>,
    /// When it was first found to have left; it had left at some time since `observed_at`.
    pub left_at: Option<i64>,
    /// The observation that first found it so.
    pub valid_from: i64,
    /// The observation that first found it otherwise; none: it is still so.
    pub valid_to: Option<i64>,
    /// The last observation that found it so.
    pub observed_at: i64,
}

impl Row for AccountRow {
    const TABLE: &'static str = "accounts";
    const BLOOMS: &'static [&'static str] = &[];
    const DISTINCT: &'static [&'static str] = &[];
    const ORDER: &'static [&'static str] = &["account", "valid_from"];
    const ADDED: &'static [&'static str] = &["regions"];

    // The columns of the order stand before the map.
    columns! {
        organization, management_account, account, valid_from, valid_to, observed_at, name, email, state, ou_path, ou_ids, tags, unknown,
        joined_at, joined_method, left_at, regions,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| (&a.account, a.valid_from).cmp(&(&b.account, b.valid_from)));
    }
}

/// Encodes a history, sorted by account and time.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_accounts(rows: &[AccountRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a file of `accounts/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_accounts(bytes: Bytes, cap_bytes: u64) -> Result<Vec<AccountRow>, TableError> {
    file::read(bytes, cap_bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};

    use super::*;

    fn row() -> AccountRow {
        AccountRow {
            organization: "o-exampleorg1".to_owned(),
            management_account: None,
            account: "111122223333".to_owned(),
            name: Some("payments".to_owned()),
            email: None,
            state: "ACTIVE".to_owned(),
            ou_path: None,
            ou_ids: None,
            tags: BTreeMap::from([("team".to_owned(), "red".to_owned())]),
            unknown: vec!["ou_path".to_owned()],
            regions: vec!["eu-south-2".to_owned(), "us-east-1".to_owned()],
            joined_at: Some(5),
            joined_method: None,
            left_at: None,
            valid_from: 7,
            valid_to: None,
            observed_at: 9,
        }
    }

    #[test]
    fn a_file_of_an_earlier_release_has_no_regions_and_reads_as_not_known() {
        let bytes = Bytes::from(write_accounts(&[row()]).unwrap());
        assert_eq!(read_accounts(bytes.clone(), 1 << 20).unwrap(), [row()]);
        let mut batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        let batch = batches.next().unwrap().unwrap();
        let without = |name: &str| {
            let kept: Vec<usize> = (0..batch.num_columns()).filter(|index| batch.schema().field(*index).name() != name).collect();
            let earlier = batch.project(&kept).unwrap();
            let mut writer = ArrowWriter::try_new(Vec::new(), earlier.schema(), None).unwrap();
            writer.write(&earlier).unwrap();
            read_accounts(writer.into_inner().unwrap().into(), 1 << 20)
        };
        assert_eq!(without("regions").unwrap(), [AccountRow { regions: Vec::new(), ..row() }]);
        assert!(matches!(without("state"), Err(TableError::MissingColumn { column: "state", .. })));
    }
}
