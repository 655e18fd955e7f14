//! Records in, cells out. Every case is a Record and the cells that it must show; `None` = null.

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray, types::Int32Type};
use arrow_schema::DataType;
use trailkeep_records::scan_record;

use super::*;
use crate::{EventCategory, Redaction};

fn rows(records: &[&str], config: NormaliserConfig) -> RecordBatch {
    let mut normaliser = Normaliser::new(config, "20260115T000000000Z-0000000000000001");
    for text in records {
        let mut fields = Vec::new();
        scan_record(text.as_bytes(), 0, &mut fields).expect("a record");
        let view = RecordView::new(text, &fields);
        let head = Head::of(&view, Some("111122223333"), Some("eu-west-1"), false).expect("a head");
        let place = Place {
            bucket: "example-logs",
            key: "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15/f.json.gz",
            key_account: Some("111122223333"),
            organization: Some("o-example123"),
            delivered_ms: Some(1_768_435_500_000),
            segment: "raw/class=standard/day=20260115/b.gz",
            segment_offset: 7,
            segment_length: 9,
            record_index: 0,
            record_offset: 12,
            record_hash: "ab",
        };
        normaliser.push(&view, &head, &place);
    }
    normaliser.take().expect("columns that fit")
}

/// A cell as text; list elements and map entries joined.
fn cell(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Dictionary(..) => {
            let array = array.as_dictionary::<Int32Type>();
            array.values().as_string::<i32>().value(array.key(row).expect("not null")).to_owned()
        }
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<arrow_array::types::Int64Type>().value(row).to_string(),
        DataType::Timestamp(..) => array.as_primitive::<arrow_array::types::TimestampMicrosecondType>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::List(_) => all(&array.as_list::<i32>().value(row)),
        DataType::Struct(_) => array.as_struct().columns().iter().filter_map(|c| cell(c, row)).collect::<Vec<_>>().join("|"),
        other => panic!("no text for {other}"),
    })
}

fn all(array: &ArrayRef) -> String {
    (0..array.len()).filter_map(|row| cell(array, row)).collect::<Vec<_>>().join(" ")
}

fn at(batch: &RecordBatch, path: &str, row: usize) -> Option<String> {
    if let Some(key) = path.strip_prefix("unmapped:") {
        let entries = batch.column_by_name("unmapped")?.as_map().value(row);
        let found = (0..entries.len()).find(|i| cell(entries.column(0), *i).as_deref() == Some(key))?;
        return cell(entries.column(1), found);
    }
    let mut names = path.split('.');
    let mut array = batch.column_by_name(names.next()?)?.clone();
    for name in names {
        array = array.as_struct().column_by_name(name)?.clone();
    }
    cell(&array, row)
}

#[track_caller]
fn check(record: &str, expect: &[(&str, Option<&str>)]) {
    let batch = rows(&[record], NormaliserConfig::default());
    for (path, value) in expect {
        assert_eq!(at(&batch, path, 0).as_deref(), *value, "{path}");
    }
}

#[test]
fn a_denied_call_has_its_columns_and_loses_nothing() {
    check(
        r#"{"eventVersion":"1.10","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:jo","arn":"arn:aws:sts::111122223333:assumed-role/ops/jo","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ops","userName":"ops"},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-15T00:00:00Z","mfaAuthenticated":"true"}}},"eventTime":"2026-01-15T00:01:02Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-1","sourceIPAddress":"2001:db8::1","userAgent":"aws-cli","errorCode":"Client.UnauthorizedOperation","errorMessage":"no","requestParameters":{"a": [1, 2]},"responseElements":null,"requestID":"r-1","eventID":"e-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3"},"x-new":{"deep":[1.50]}}"#,
        &[
            ("class_uid", Some("6003")),
            ("activity_name", Some("Create")),
            ("type_name", Some("API Activity: Create")),
            ("status", Some("Failure")),
            ("status_id", Some("2")),
            ("api.response.error", Some("Client.UnauthorizedOperation")),
            ("api.request.data", Some(r#"{"a":[1,2]}"#)),
            ("api.request.uid", Some("r-1")),
            ("actor.user.name", Some("ops")),
            ("actor.user.type_id", Some("99")),
            ("actor.session.is_mfa", Some("true")),
            ("actor.session.issuer", Some("arn:aws:iam::111122223333:role/ops")),
            ("actor.session.uid", Some("arn:aws:sts::111122223333:assumed-role/ops/jo")),
            ("src_endpoint.ip", Some("2001:db8::1")),
            ("src_endpoint.domain", None),
            ("time_dt", Some("1768435262000000")),
            ("metadata.profiles", Some("cloud datetime")),
            ("cloud.account.type_id", Some("10")),
            ("cloud.org.uid", Some("o-example123")),
            ("cloud.cloud_partition", Some("aws")),
            ("user", None),
            ("unmapped:readOnly", Some("false")),
            ("unmapped:tlsDetails.tlsVersion", Some("TLSv1.3")),
            ("unmapped:x-new.deep[]", Some("1.50")),
            ("unmapped:userIdentity.sessionContext.sessionIssuer.userName", Some("ops")),
            ("event_uid", Some("e-1")),
            ("principal_arn", Some("arn:aws:sts::111122223333:assumed-role/ops/jo")),
            ("access_key_id", Some("ASIAEXAMPLE")),
            ("source_ip", Some("2001:db8::1")),
            ("accountid", Some("111122223333")),
            ("raw_offset", Some("7")),
            ("record_offset", Some("12")),
            ("anomalies", None),
            ("raw_data", None),
        ],
    );
}

#[test]
fn a_console_login_is_an_authentication_with_its_own_verdict() {
    check(
        r#"{"eventVersion":"1.08","userIdentity":{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":""},"eventTime":"2026-01-15T00:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","sourceIPAddress":"192.0.2.7","responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"LoginTo":"https://console.example","MFAUsed":"No","MobileVersion":"No"},"eventID":"e-2","eventType":"AwsConsoleSignIn"}"#,
        &[
            ("class_uid", Some("3002")),
            ("status", Some("Failure")),
            ("is_mfa", Some("false")),
            ("dst_endpoint.svc_name", Some("https://console.example")),
            ("unmapped:additionalEventData.MobileVersion", Some("No")),
            ("unmapped:additionalEventData.LoginTo", None),
            ("user.name", Some("root")),
            ("actor.user.credential_uid", None),
            ("api.request", None),
            ("region", Some("eu-west-1")),
        ],
    );
}

#[test]
fn sts_hands_out_a_session_whose_secrets_are_hidden() {
    let record = r#"{"eventVersion":"1.08","userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},"eventTime":"2026-01-15T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-gov-west-1","sourceIPAddress":"ec2.amazonaws.com","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/r","roleSessionName":"s"},"responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE2","sessionToken":"secret","expiration":"Jan 15, 2026, 1:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROA:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s"}},"requestID":"r","eventID":"e-3","recipientAccountId":"444455556666"}"#;
    check(
        record,
        &[
            ("user.uid", Some("arn:aws:iam::111122223333:role/r")),
            ("session.credential_uid", Some("ASIAEXAMPLE2")),
            ("session.expiration_time", Some("1768438800000")),
            ("actor.user", None),
            ("actor.app_name", Some("ec2.amazonaws.com")),
            ("unmapped:userIdentity.type", Some("AWSService")),
            ("src_endpoint.svc_name", Some("ec2.amazonaws.com")),
            ("cloud.cloud_partition", Some("aws-us-gov")),
            ("anomalies", Some("account_mismatch")),
            (
                "api.response.data",
                Some(
                    r#"{"credentials":{"accessKeyId":"ASIAEXAMPLE2","sessionToken":"REDACTED","expiration":"Jan 15, 2026, 1:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROA:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s"}}"#,
                ),
            ),
        ],
    );
    let config = NormaliserConfig { redaction: Redaction::none(), raw_data: true, ..NormaliserConfig::default() };
    assert_eq!(at(&rows(&[record], config), "raw_data", 0).as_deref(), Some(record));
}

#[test]
fn an_insight_is_a_finding_and_keeps_its_details() {
    check(
        r#"{"eventVersion":"1.09","eventTime":"2026-01-15T00:00:00Z","awsRegion":"eu-west-1","eventID":"e-4","eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"pair","insightDetails":{"state":"End","eventSource":"iam.amazonaws.com","eventName":"CreateUser","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":9.82222E-5},"insight":{"average":2}}}},"eventCategory":"Insight"}"#,
        &[
            ("class_uid", Some("2004")),
            ("activity_id", Some("3")),
            ("finding_info.uid", Some("pair")),
            ("finding_info.title", Some("ApiCallRateInsight: iam.amazonaws.com:CreateUser")),
            ("finding_info.types", Some("ApiCallRateInsight")),
            ("api", None),
            ("unmapped:insightDetails.insightContext.statistics.baseline.average", Some("9.82222E-5")),
        ],
    );
}

#[test]
fn fields_of_the_wrong_type_go_to_unmapped() {
    check(
        r#"{"eventTime":"2026-01-15 00:00:00.000000000","eventName":"X","errorCode":200,"resources":[{"arn":"a","type":"t","extra":1},"odd"],"userIdentity":"nobody","requestParameters":"text","eventID":"e-5","eventID":"e-6"}"#,
        &[
            ("unmapped:errorCode", Some("200")),
            ("status", Some("Success")),
            ("unmapped:userIdentity", Some("nobody")),
            ("unmapped:requestParameters", Some("\"text\"")),
            ("unmapped:resources[].extra", Some("1")),
            ("unmapped:resources[]", Some("odd")),
            ("resources", Some("a|t|Target|1")),
            ("event_uid", Some("e-6")),
            ("unmapped:eventID", Some("e-5")),
            ("anomalies", Some("repeated_field")),
            ("api.service.name", Some("Unknown")),
        ],
    );
}

#[test]
fn rows_of_different_shapes_stand_beside_each_other() {
    let plain = r#"{"eventTime":"2026-01-15T00:00:00Z","eventID":"1"}"#;
    let full = r#"{"eventTime":"2026-01-15T00:00:00Z","eventID":"2","userAgent":"u","vpcEndpointId":"vpce-1"}"#;
    let batch = rows(&[plain, full, plain], NormaliserConfig::default());
    assert_eq!(batch.num_rows(), 3);
    let column = |path| (0..3).map(|row| at(&batch, path, row)).collect::<Vec<_>>();
    assert_eq!(column("http_request.user_agent"), [None, Some("u".to_owned()), None]);
    assert_eq!(column("src_endpoint.uid"), [None, Some("vpce-1".to_owned()), None]);
    assert_eq!(column("event_uid"), [Some("1".to_owned()), Some("2".to_owned()), Some("1".to_owned())]);
}

#[test]
fn the_category_is_found_where_it_is_not_told() {
    let category = |text: &str| {
        let mut fields = Vec::new();
        scan_record(text.as_bytes(), 0, &mut fields).expect("a record");
        Head::of(&RecordView::new(text, &fields), None, None, false).map(|head| head.category)
    };
    let time = r#""eventTime":"2026-01-15T00:00:00Z""#;
    assert_eq!(category(&format!("{{{time}}}")), Ok(EventCategory::Management));
    assert_eq!(category(&format!(r#"{{{time},"managementEvent":false}}"#)), Ok(EventCategory::Data));
    assert_eq!(category(&format!(r#"{{{time},"eventType":"AwsVpceEvents"}}"#)), Ok(EventCategory::NetworkActivity));
    assert_eq!(category(r#"{"eventId":"a","timeWindow":{"windowStart":"2025-10-30 23:45:00"}}"#), Ok(EventCategory::Aggregated));
    assert_eq!(category("{}").map_err(crate::HeadError::reason), Err("no_event_time"));
    assert_eq!(category(r#"{"eventTime":"9999-01-01T00:00:00Z"}"#).map_err(crate::HeadError::reason), Err("bad_event_time"));
}

#[test]
fn a_reserved_role_shows_who_took_it_on_else_the_role() {
    let record = |principal: &str| {
        format!(
            r#"{{"eventTime":"2026-01-15T00:00:00Z","userIdentity":{{"type":"AssumedRole","principalId":"{principal}","accountId":"111122223333","sessionContext":{{"sessionIssuer":{{"userName":"AWSReservedSSO_Admin_0123"}}}}}},"additionalEventData":{{"UserName":"other"}}}}"#
        )
    };
    for (principal, name) in [("AROA:jo", "jo"), ("AROA:", "AWSReservedSSO_Admin_0123"), ("AROA", "AWSReservedSSO_Admin_0123")] {
        check(&record(principal), &[("actor.user.name", Some(name))]);
    }
}

/// What the only row shows once these paths are redacted.
fn redacted(record: &str, paths: &[&str]) -> RecordBatch {
    let redaction = paths.iter().try_fold(Redaction::default(), |redaction, path| redaction.with_path(path)).expect("paths");
    rows(&[record], NormaliserConfig { redaction, raw_data: true, ..NormaliserConfig::default() })
}

#[test]
fn a_redacted_path_shows_in_no_column() {
    let record = r#"{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/hidden","accountId":"444455556666","accessKeyId":"ASIAHIDDEN","userName":"hidden","sessionContext":{"attributes":{"creationDate":"2001-02-03T04:05:06Z","mfaAuthenticated":"true"}}},"eventTime":"2026-01-15T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","sourceIPAddress":"198.51.100.77","errorMessage":"hidden did it","requestParameters":{"userName":"hidden","path":"/"},"requestID":"r","eventID":"e-1","errorCode":null}"#;
    let paths = [
        "userIdentity.arn",
        "userIdentity.accountId",
        "userIdentity.accessKeyId",
        "userIdentity.userName",
        "userIdentity.sessionContext.*",
        "sourceIPAddress",
        "errorMessage",
        "errorCode",
        "requestParameters.userName",
    ];
    let batch = redacted(record, &paths);
    for (path, value) in [
        ("actor.user.name", Some("REDACTED")),
        ("actor.user.uid", Some("REDACTED")),
        ("actor.user.credential_uid", Some("REDACTED")),
        ("actor.user.account.uid", Some("REDACTED")),
        ("access_key_id", Some("REDACTED")),
        ("principal_arn", Some("REDACTED")),
        ("user.name", Some("REDACTED")),
        ("api.request.data", Some(r#"{"userName":"REDACTED","path":"/"}"#)),
        ("src_endpoint.ip", None),
        ("source_ip", None),
        ("src_endpoint.domain", Some("REDACTED")),
        ("actor.session.created_time", None),
        ("status", Some("Failure")),
        ("status_detail", Some("REDACTED")),
        ("status_code", None),
        ("event_uid", Some("e-1")),
        ("accountid", Some("111122223333")),
        ("record_hash", Some("ab")),
    ] {
        assert_eq!(at(&batch, path, 0).as_deref(), value, "{path}");
    }
    assert_eq!(at(&batch, "record_length", 0), Some(record.len().to_string()));
    let shown = format!("{batch:?}");
    for hidden in ["hidden", "ASIAHIDDEN", "198.51.100.77", "2001-02-03", "444455556666"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn an_account_that_only_the_caller_tells_is_redacted_with_it() {
    let text = r#"{"eventTime":"2026-01-15T00:00:00Z","userIdentity":{"accountId":"444455556666"}}"#;
    let mut fields = Vec::new();
    scan_record(text.as_bytes(), 0, &mut fields).expect("a record");
    let view = RecordView::new(text, &fields);
    let head = Head::of(&view, None, Some("eu-west-1"), false).expect("a head");
    assert_eq!(head.account.as_deref(), Some("444455556666"));
    let redaction = Redaction::default().with_path("userIdentity.accountId").expect("a path");
    let redacted = RedactedRecord::of(&view, &redaction).expect("redacted");
    assert_eq!(head.redacted(&redacted.view(), None).account.as_deref(), Some("REDACTED"));
    assert!(RedactedRecord::of(&view, &Redaction::default()).is_none());
}

#[test]
fn redaction_that_would_make_a_record_too_long_hides_whole_fields() {
    let array = |count| format!("[{}{{}}]", r#"{"a":7},"#.repeat(count));
    let record = format!(r#"{{"eventTime":"2026-01-15T00:00:00Z","eventID":"e-1","p":{},"q":{}}}"#, array(100_000), array(1));
    let batch = redacted(&record, &["p[].a", "q[].a"]);
    let cells = ["unmapped:p", "unmapped:q[].a", "event_uid"].map(|path| at(&batch, path, 0));
    assert_eq!(cells, ["REDACTED", "REDACTED", "e-1"].map(|text| Some(text.to_owned())));

    let fields = (0..8).map(|n| format!(r#","p{n}":{}"#, array(50_000))).collect::<Vec<_>>().concat();
    let record = format!(r#"{{"eventTime":"2026-01-15T00:00:00Z"{fields}}}"#);
    let batch = redacted(&record, &["*.a"]);
    assert_eq!(at(&batch, "raw_data", 0).as_deref(), Some("{}"));
    assert_eq!(at(&batch, "record_length", 0), Some(record.len().to_string()));
}
