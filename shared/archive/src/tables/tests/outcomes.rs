//! Outcomes, whole and row group by row group, and files that are not what they should be.

use super::*;

prop_compose! {
    fn outcome_row()(
        (bucket, key, revision, version) in ("[a-c]{1,3}", text(), 0..3u32, option::of(text())),
        (inflated_sha256, outcome) in (option::of(hash()), "[a-z_]{1,20}"),
        (account, region, delivered_at) in (option::of("[0-9]{12}"), option::of(text()), option::of(time())),
    ) -> OutcomeRow {
        OutcomeRow { bucket, key, revision, version, inflated_sha256, outcome, account, region, delivered_at }
    }
}

fn place(row: &OutcomeRow) -> (String, String, u32) {
    (row.bucket.clone(), row.key.clone(), row.revision)
}

fn row(number: usize) -> OutcomeRow {
    OutcomeRow {
        bucket: "org-trail".to_owned(),
        key: format!(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2025/10/09/111122223333_CloudTrail_eu-west-1_20251009T0850Z_{number:016}.json.gz"
        ),
        revision: 1,
        version: Some(format!("v{number}")),
        inflated_sha256: Some(format!("{number:064x}")),
        outcome: "verified".to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        delivered_at: Some(1_759_999_800_000),
    }
}

fn written(rows: impl IntoIterator<Item = OutcomeRow>) -> Vec<u8> {
    let mut writer = OutcomesWriter::new().unwrap();
    let mut bytes = Vec::new();
    for row in rows {
        writer.push(&[row]).unwrap();
    }
    bytes.extend(writer.take().unwrap());
    bytes.extend(writer.finish().unwrap());
    bytes
}

/// Opens a file as it is opened in a bucket: from its last `tail` bytes, and from as many as are needed then.
fn opened(bytes: &Bytes, tail: usize) -> Result<OutcomesFile, TableError> {
    let last = |length: usize| bytes.slice(bytes.len().saturating_sub(length)..);
    let size_bytes = bytes.len() as u64;
    match OutcomesFile::open(size_bytes, &last(tail))? {
        OutcomesTail::Open(file) => Ok(file),
        OutcomesTail::Needs(needed) => match OutcomesFile::open(size_bytes, &last(needed as usize))? {
            OutcomesTail::Open(file) => Ok(file),
            OutcomesTail::Needs(more) => panic!("{more} bytes after {needed}"),
        },
    }
}

fn streamed(bytes: &Bytes) -> Result<Vec<OutcomeRow>, TableError> {
    let file = opened(bytes, 64)?;
    let mut rows = Vec::new();
    for group in 0..file.groups() {
        let range = file.range(group)?;
        rows.extend(file.read(group, bytes.slice(range.start as usize..range.end as usize), CAP)?);
    }
    Ok(rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn outcomes_read_back_equal_whole_and_streamed(mut rows in collection::vec(outcome_row(), 0..40)) {
        rows.sort_by_key(place);
        rows.dedup_by_key(|row| place(row));
        let whole = Bytes::from(write_outcomes(&rows).unwrap());
        let pieces = Bytes::from(written(rows.clone()));
        for bytes in [whole, pieces] {
            prop_assert_eq!(&read_outcomes(bytes.clone(), CAP).unwrap(), &rows);
            prop_assert_eq!(&streamed(&bytes).unwrap(), &rows);
            prop_assert_eq!(opened(&bytes, 8).unwrap().rows(), rows.len() as u64);
        }
    }

    #[test]
    fn outcomes_that_were_cut_or_overwritten_are_an_error_or_rows_and_never_a_panic(at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut bytes = written([row(1), row(2)]);
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(streamed(&bytes.into()).is_err());
        } else {
            bytes[at] = byte;
            let _ = streamed(&bytes.into());
        }
    }
}

#[test]
fn rows_that_do_not_ascend_are_refused_and_nothing_of_them_is_taken() {
    let mut writer = OutcomesWriter::new().unwrap();
    writer.push(&[row(1), row(2)]).unwrap();
    let other_bucket = OutcomeRow { bucket: "a".to_owned(), ..row(9) };
    let older = OutcomeRow { revision: 0, ..row(2) };
    for wrong in [vec![row(2)], vec![row(3), row(3)], vec![row(4), row(3)], vec![row(3), other_bucket], vec![older]] {
        let error = writer.push(&wrong).unwrap_err();
        assert!(matches!(error, TableError::Disorder { .. }) && error.to_string().contains("revision"), "{error}");
    }
    writer.push(&[]).unwrap();
    writer.push(&[OutcomeRow { revision: 2, ..row(2) }, row(3)]).unwrap();
    let read = read_outcomes(writer.finish().unwrap().into(), CAP).unwrap();
    assert_eq!(read.iter().map(|row| row.revision).collect::<Vec<_>>(), [1, 1, 2, 1]);
}

#[test]
fn a_large_file_is_written_and_read_row_group_by_row_group() {
    const ROWS: usize = 150_000;
    let mut writer = OutcomesWriter::new().unwrap();
    let (mut bytes, mut pieces) = (Vec::new(), 0);
    for first in (0..ROWS).step_by(10_000) {
        writer.push(&(first..first + 10_000).map(row).collect::<Vec<_>>()).unwrap();
        let done = writer.take().unwrap();
        pieces += usize::from(!done.is_empty());
        bytes.extend(done);
    }
    bytes.extend(writer.finish().unwrap());
    assert!(pieces >= 2, "nothing was done before the end");
    let bytes = Bytes::from(bytes);
    let file = opened(&bytes, OUTCOMES_TAIL_BYTES as usize).unwrap();
    assert_eq!((file.groups(), file.rows()), (3, ROWS as u64));
    let rows = streamed(&bytes).unwrap();
    assert_eq!(rows.len(), ROWS);
    assert!(rows.iter().enumerate().all(|(number, read)| *read == row(number)));

    let group = file.range(0).unwrap();
    let first = bytes.slice(group.start as usize..group.end as usize);
    assert!(matches!(file.read(0, first.slice(1..), CAP), Err(TableError::Damaged { .. })));
    assert!(matches!(file.read(3, first.clone(), CAP), Err(TableError::Damaged { .. })));
    assert!(matches!(file.read(0, first, 100_000), Err(TableError::TooLarge { cap_bytes: 100_000, .. })));

    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let bloom = builder.get_row_group_column_bloom_filter(1, 1).unwrap().unwrap();
    assert!(bloom.check(&row(70_000).key.as_str()) && !bloom.check(&"AWSLogs/111122223333/CloudTrail/other"));
}

#[test]
fn files_that_are_no_outcomes_are_told_apart() {
    let sources = Bytes::from(write_sources(&[one_source()]).unwrap());
    assert!(matches!(streamed(&sources), Err(TableError::OtherTable { found, .. }) if found == "sources"));
    let newer = vec![KeyValue::new(FORMAT_KEY.to_owned(), "2".to_owned())];
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert!(matches!(streamed(&foreign(vec![("a", Arc::clone(&one))], newer)), Err(TableError::NewerFormat { .. })));
    let without = streamed(&foreign(vec![("bucket", one)], vec![])).unwrap_err();
    assert_eq!(without.to_string(), "column bucket of the outcomes table is Int64, not Utf8");
    for bytes in [&b""[..], b"PAR1", b"not parquet at all", b"PAR1\xff\xff\xff\x00PAR1", b"\xff\xff\xff\xffPAR1"] {
        let error = streamed(&Bytes::from_static(bytes)).unwrap_err();
        assert!(matches!(error, TableError::NotParquet { .. } | TableError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn a_footer_that_names_bytes_that_are_not_there_is_an_error() {
    let bytes = written([row(1), row(2)]);
    // The same footer at the end of a file that has lost its rows.
    let footer = bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let error = opened(&Bytes::from(bytes).slice(footer..), 8).unwrap_err();
    assert!(matches!(error, TableError::Damaged { .. } | TableError::NotParquet { .. }), "{error}");
}
