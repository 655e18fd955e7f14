//! Cases of the grammar, one line each, and its properties.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use super::*;
use proptest::prelude::*;

fn log(key: &str) -> LogKey {
    match classify(key, Some(1)) {
        KeyKind::Log(parsed) | KeyKind::Digest(parsed) => {
            assert_eq!(parsed.to_key(), key);
            parsed
        }
        other => panic!("{key}: {other:?}"),
    }
}

/// Prefix, organization, class, Region, and what follows the account in the name.
const ROUND_TRIPS: &[(&str, Option<&str>, LogClass, &str, &str)] = &[
    ("", None, LogClass::CloudTrail, "us-east-1", "_CloudTrail_us-east-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
    ("", Some("o-exampleorgid"), LogClass::CloudTrail, "eu-central-1", "_CloudTrail_eu-central-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
    (
        "o-exampleorgid",
        Some("o-exampleorgid"),
        LogClass::CloudTrail,
        "us-west-2",
        "_CloudTrail_us-west-2_20260115T0905Z_abcdEFGH01234567.json.gz",
    ),
    (
        "security/trail logs",
        None,
        LogClass::CloudTrail,
        "us-gov-west-1",
        "_CloudTrail_us-gov-west-1_20260115T0905Z_abcdEFGH01234567.json.gz",
    ),
    ("AWSLogs", Some("o-abcd"), LogClass::CloudTrail, "cn-northwest-1", "_CloudTrail_cn-northwest-1_20260115T0905Z_a.json.gz"),
    (
        "x/AWSLogs/111122223333/CloudTrail",
        None,
        LogClass::CloudTrail,
        "us-isof-east-1",
        "_CloudTrail_us-isof-east-1_20260115T0905Z_a1.json",
    ),
    ("", None, LogClass::Insight, "eusc-de-east-1", "_CloudTrail-Insight_eusc-de-east-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
    (
        "",
        None,
        LogClass::NetworkActivity,
        "us-iso-east-1",
        "_CloudTrail-NetworkActivity_us-iso-east-1_20260115T0905Z_abcdEFGH01234567.json.gz",
    ),
    ("", None, LogClass::Aggregated, "us-isob-east-1", "_CloudTrail-Aggregated_us-isob-east-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
    ("/", None, LogClass::CloudTrail, "eu-isoe-west-1", "_CloudTrail_eu-isoe-west-1_20260115T0905Z_a.json.gz"),
    ("a/", None, LogClass::CloudTrail, "us-east-1", "_CloudTrail_us-east-1_20260115T0905Z_a.json.gz"),
];

#[test]
fn keys_of_every_trail_class_and_partition_are_logs_and_round_trip() {
    let a = "111122223333";
    for (prefix, organization, class, region, rest) in ROUND_TRIPS.iter().copied() {
        let lead = if prefix.is_empty() || prefix == "/" { prefix.to_owned() } else { format!("{prefix}/") };
        let organization_segment = organization.map(|id| format!("{id}/")).unwrap_or_default();
        let key = format!("{lead}AWSLogs/{organization_segment}{a}/{class}/{region}/2026/01/15/{a}{rest}");
        let parsed = log(&key);
        assert_eq!(parsed.prefix, prefix, "{key}");
        assert_eq!(parsed.organization.map(|id| id.to_string()).as_deref(), organization);
        assert_eq!((parsed.account.as_str(), parsed.class, parsed.region.as_str()), (a, class, region));
        assert_eq!(parsed.delivery_day, 20_260_115);
        assert_eq!(parsed.delivered_ms(), Some(1_768_467_900_000), "{key}");
        assert!(!parsed.region_mismatch());
        assert_eq!(parsed.is_gzip_named(), key.ends_with(".json.gz"));
    }
}

#[test]
fn digest_names_are_read_from_the_right() {
    for (trail, backfill) in [("management", false), ("t1_us-east-1", false), ("my_trail.with-all_20260115T090000Z", true), ("a__b", false)]
    {
        let suffix = if backfill { "_backfill" } else { "" };
        let key = format!(
            "AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15/111122223333_CloudTrail-Digest_eu-west-1_{trail}_us-east-1_20260115T100000Z{suffix}.json.gz"
        );
        assert!(matches!(classify(&key, None), KeyKind::Digest(_)));
        let FileName::Digest { region, trail: read, home_region, stamp, backfill: is_backfill, gzip } = log(&key).name else {
            panic!("{key}")
        };
        assert_eq!((region.as_str(), read.as_str(), home_region.as_str()), ("eu-west-1", trail, "us-east-1"));
        assert_eq!((stamp.to_string().as_str(), is_backfill, gzip), ("20260115T100000Z", backfill, true));
    }
}

#[test]
fn names_of_2014_have_nothing_between_stamp_and_unique_text() {
    let parsed =
        log("AWSLogs/111122223333/CloudTrail/us-east-2/2014/10/22/111122223333_CloudTrail_us-east-2_20141022T1805Z3bNZq8x2.json.gz");
    let FileName::Log { unique, joined, .. } = parsed.name else { panic!("not a log name") };
    assert_eq!((unique.as_str(), joined), ("3bNZq8x2", true));
}

#[test]
fn a_region_that_differs_between_path_and_name_is_told_and_the_path_wins() {
    let parsed = log(
        "AWSLogs/111122223333/CloudTrail/us-east-2/2026/01/15/111122223333_CloudTrail_us-west-2_20260115T0905Z_abcdEFGH01234567.json.gz",
    );
    assert!(parsed.region_mismatch());
    assert_eq!(parsed.region.as_str(), "us-east-2");
}

#[test]
fn odd_json_names_are_logs_of_their_folder() {
    for (class, name) in [
        ("CloudTrail-NetworkActivity", "anything at all.json.gz"),
        ("CloudTrail-Aggregated", "x.json"),
        ("CloudTrail", "444455556666_CloudTrail_us-east-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
        ("CloudTrail", "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20260115T090500Z.json.gz"),
        ("CloudTrail", "111122223333_CloudTrail_us-east-1_20260115T0905Z_copy-1.json.gz"),
        ("CloudTrail-Digest", "111122223333_CloudTrail_us-east-1_20260115T0905Z_abcdEFGH01234567.json.gz"),
    ] {
        let parsed = log(&format!("AWSLogs/111122223333/{class}/us-east-1/2026/01/15/{name}"));
        assert_eq!(parsed.name, FileName::Other(name.to_owned()));
        assert_eq!(parsed.delivered_ms(), None);
    }
}

#[test]
fn other_services_and_markers_are_named() {
    let service = |key: &str| match classify(key, Some(1)) {
        KeyKind::OtherService { service } => service,
        other => panic!("{key}: {other:?}"),
    };
    for (key, name) in [
        ("AWSLogs/111122223333/Config/us-east-1/2026/8/2/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_x.json.gz", "Config"),
        ("AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", "Config"),
        ("p/AWSLogs/o-exampleorgid/111122223333/Config/us-east-1/2026/8/22/ConfigSnapshot/x.json.gz", "Config"),
        ("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/01/15/x.log.gz", "vpcflowlogs"),
        ("AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/x.log.gz", "vpcflowlogs"),
        ("AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/01/15/x.log", "elasticloadbalancing"),
        ("AWSLogs/111122223333/ELBAccessLogTestFile", "elasticloadbalancing"),
        ("AWSLogs/111122223333/GuardDuty/us-east-1/2026/01/15/x.jsonl.gz", "GuardDuty"),
        ("AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/15/0a1b/result_1.csv.gz", "CloudTrail-Lake"),
        ("AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/15/0a1b/result_sign.json", "CloudTrail-Lake"),
        ("AWSLogs/111122223333/WAFLogs/us-east-1/acl/2026/01/15/x.log.gz", "WAFLogs"),
    ] {
        assert_eq!(service(key), name, "{key}");
    }
    for key in ["AWSLogs/", "AWSLogs/111122223333/CloudTrail/us-east-1/", "AWSLogs/111122223333_$folder$"] {
        assert_eq!(classify(key, Some(0)), KeyKind::FolderMarker, "{key}");
    }
}

#[test]
fn what_is_no_log_says_why() {
    let long = format!("{}/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/x.json.gz", "p".repeat(1024));
    let good = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0905Z_a.json.gz";
    for (key, size, expected) in [
        ("", Some(1), "empty_key"),
        (long.as_str(), Some(1), "key_too_long"),
        (good, Some(0), "zero_size"),
        ("some/file.json.gz", None, "no_awslogs_segment"),
        ("xAWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/a.json.gz", None, "no_awslogs_segment"),
        ("AWSLogs/1111/CloudTrail/us-east-1/2026/01/15/a.json.gz", None, "no_account"),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/1/15/a.json.gz", None, "bad_date"),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/02/30/a.json.gz", None, "bad_date"),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/+1/15/a.json.gz", None, "bad_date"),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/a.csv.gz", None, "not_json"),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/deeper/a.json.gz", None, "bad_path"),
        ("AWSLogs/111122223333/CloudTrail/US/2026/01/15/a.json.gz", None, "bad_path"),
        ("AWSLogs/111122223333/CloudTrail", None, "bad_path"),
        ("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/a.json.gz.metadata.json", None, "metadata_sidecar"),
    ] {
        assert_eq!(classify(key, size), KeyKind::Unrecognised { reason: expected }, "{key}");
    }
    assert_eq!(LogKey::parse(&long), Err(KeyError::TooLong { bytes: long.len() }));
}

fn name(account: String, class: LogClass) -> BoxedStrategy<String> {
    let minute = "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3])[0-5][0-9]";
    let ending = "\\.json(\\.gz)?";
    let region = "[a-z]{2,4}(-[a-z]{3,4})?-[a-z]{4,9}-[1-9]";
    match class {
        LogClass::Digest => (region, "[a-zA-Z0-9._-]{3,40}", region, minute, "[0-5][0-9]", "(_backfill)?", ending)
            .prop_map(move |(region, trail, home, minute, second, backfill, ending)| {
                format!("{account}_{class}_{region}_{trail}_{home}_{minute}{second}Z{backfill}{ending}")
            })
            .boxed(),
        _ => (region, minute, "_?[a-zA-Z0-9]{1,16}", ending)
            .prop_map(move |(region, minute, unique, ending)| format!("{account}_{class}_{region}_{minute}Z{unique}{ending}"))
            .boxed(),
    }
}

fn key() -> impl Strategy<Value = (String, LogClass)> {
    let class = prop::sample::select(LogClass::ALL.to_vec());
    ("[0-9]{12}", class).prop_flat_map(|(account, class)| {
        let prefix = "(([a-zA-Z0-9 é_-]{1,10}|AWSLogs)/){0,3}";
        let organization = "(o-[a-z0-9]{10}/)?";
        let path = "[a-z]{2}-[a-z]{4,9}-[1-3]/20[0-9]{2}/(0[1-9]|1[0-2])/(0[1-9]|1[0-9]|2[0-8])";
        (prefix, organization, path, name(account.clone(), class)).prop_map(move |(prefix, organization, path, name)| {
            (format!("{prefix}AWSLogs/{organization}{account}/{class}/{path}/{name}"), class)
        })
    })
}

proptest! {
    #[test]
    fn any_key_of_the_grammar_is_read_and_written_alike((key, class) in key()) {
        let parsed = match classify(&key, Some(100)) {
            KeyKind::Log(parsed) | KeyKind::Digest(parsed) => parsed,
            other => return Err(TestCaseError::fail(format!("{key}: {other:?}"))),
        };
        prop_assert_eq!(parsed.to_key(), key.clone());
        prop_assert_eq!(parsed.class, class);
        prop_assert!(!matches!(parsed.name, FileName::Other(_)), "{}", key);
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,200}") {
        if let KeyKind::Log(parsed) | KeyKind::Digest(parsed) = classify(&text, None) {
            prop_assert_eq!(parsed.to_key(), text);
        }
    }

    #[test]
    fn any_text_made_of_the_grammars_words_reads_back_or_is_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "AWSLogs", "o-exampleorgid", "111122223333", "CloudTrail", "CloudTrail-Digest", "us-east-1", "2026", "01", "15", "", "x",
            "111122223333_CloudTrail_us-east-1_20260115T0905Z_a.json.gz", "a.json", "_", "Z", "é",
        ]), 0..14)
    ) {
        let text = words.join("/");
        if let KeyKind::Log(parsed) | KeyKind::Digest(parsed) = classify(&text, Some(7)) {
            prop_assert_eq!(parsed.to_key(), text.clone());
        }
        if let Some(key) = crate::canonical_key(&text, None) {
            prop_assert!(text.ends_with(key));
        }
    }
}
