//! Changes of findings read back, and what format 1 does not have is told.

use super::*;

prop_compose! {
    fn finding()(
        (id, at, round, name, detail) in ("[0-9a-f]{32}", time(), text(), "[a-z_]{1,20}", text()),
        change in prop::sample::select(vec![
            FindingChange::Opened, FindingChange::Reopened, FindingChange::Healing, FindingChange::Healed, FindingChange::Resolved, FindingChange::Acknowledged, FindingChange::Changed,
        ]),
        (severity, provisional) in (prop::sample::select(vec![Severity::High, Severity::Medium, Severity::Low]), any::<bool>()),
        (organization, account, region, trail) in (option::of(text()), option::of("[0-9]{12}"), option::of(text()), option::of(text())),
        (bucket, key, since, until) in (option::of(text()), option::of(text()), option::of(time()), option::of(time())),
        (how_many, reasons, evidence) in (option::of(count()), collection::vec("[a-z_]{1,12}", 0..3), metadata()),
        (first_seen, attempts, last_attempt) in (time(), 0..9u32, option::of(time())),
    ) -> FindingRow {
        FindingRow {
            id, at, change, name, severity, provisional, organization, account, region, trail, bucket, key, since, until, how_many,
            reasons, detail, evidence, first_seen, attempts, last_attempt, round,
        }
    }
}

fn one() -> FindingRow {
    FindingRow {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        at: 1_760_000_000_123,
        change: FindingChange::Opened,
        name: "missing".to_owned(),
        severity: Severity::High,
        provisional: true,
        organization: Some("o-exampleorg1".to_owned()),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        trail: None,
        bucket: Some("org-trail".to_owned()),
        key: Some(one_source().key),
        since: None,
        until: None,
        how_many: Some(1),
        reasons: vec!["not_landed".to_owned()],
        detail: "a Digest lists it, and it did not land".to_owned(),
        evidence: BTreeMap::from([("digest".to_owned(), "AWSLogs/…".to_owned()), ("empty".to_owned(), String::new())]),
        first_seen: 1_760_000_000_123,
        attempts: 0,
        last_attempt: None,
        round: "20251009T085320123Z".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn findings_read_back_equal_in_the_order_of_time(rows in collection::vec(finding(), 0..40)) {
        let read = read_findings(write_findings(&rows).unwrap().into(), CAP).unwrap();
        let mut expected = rows;
        expected.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn findings_that_were_cut_or_overwritten_are_an_error_or_rows_and_never_a_panic(at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut bytes = write_findings(&[one(), one()]).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(read_findings(bytes.into(), CAP).is_err());
        } else {
            bytes[at] = byte;
            let _ = read_findings(bytes.into(), CAP);
        }
    }
}

#[test]
fn two_changes_at_one_time_stay_in_their_order() {
    let changes = [FindingChange::Resolved, FindingChange::Opened, FindingChange::Healing];
    let rows = changes.map(|change| FindingRow { change, ..one() });
    assert_eq!(read_findings(write_findings(&rows).unwrap().into(), CAP).unwrap(), rows);
}

#[test]
fn columns_have_names_that_no_engine_reserves_and_types_that_all_know() {
    let reserved = ["from", "to", "count", "end", "start", "time", "timestamp", "date", "user", "group", "order", "table", "values"];
    for schema in [findings_schema(), outcomes_schema(), accounts_schema()] {
        for field in schema.fields() {
            assert!(!reserved.contains(&field.name().as_str()), "{field:?}");
        }
    }
    let reader = SerializedFileReader::new(Bytes::from(write_findings(&[one()]).unwrap())).unwrap();
    let file = reader.metadata().file_metadata();
    let column = |name: &str| file.schema_descr().columns().iter().find(|column| column.path().string() == name).unwrap().clone();
    assert_eq!(column("provisional").physical_type(), Type::BOOLEAN);
    assert_eq!(column("attempts").physical_type(), Type::INT32);
    assert_eq!(column("how_many").physical_type(), Type::INT64);
    assert_eq!(column("evidence.key_value.value").physical_type(), Type::BYTE_ARRAY);
}

#[test]
fn another_table_and_a_change_that_format_1_does_not_have_are_told() {
    let sources = write_sources(&[one_source()]).unwrap();
    assert!(matches!(read_findings(sources.into(), CAP), Err(TableError::OtherTable { found, .. }) if found == "sources"));

    let bytes = Bytes::from(write_findings(&[one()]).unwrap());
    let batch = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().next().unwrap().unwrap();
    let schema = batch.schema();
    for (name, value, told) in [
        ("change", "forgotten", "column change of the findings table holds \"forgotten\" in row 0"),
        ("severity", "dire", "column severity of the findings table holds \"dire\" in row 0"),
        ("provisional", "yes", "column provisional of the findings table is Utf8, not Boolean"),
    ] {
        let odd: ArrayRef = Arc::new(StringArray::from(vec![value]));
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, array)| (field.name().as_str(), if field.name() == name { &odd } else { array }));
        let file = foreign(columns.map(|(name, array)| (name, Arc::clone(array))).collect(), vec![]);
        assert_eq!(read_findings(file, CAP).unwrap_err().to_string(), told);
    }
}
