//! What CloudTrail would never write, or nobody should: each ends with a named outcome, its bytes are kept, its good neighbours land.

use std::{ffi::OsString, fs};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    gzip, python,
    record::{event_id, log_object, record},
    tree::Trail,
};

/// Peak memory that one run may have, in bytes: the product's own promise on two threads.
const MEMORY_CAP_BYTES: u64 = 400 << 20;
const BUCKET: &str = "example-trail-logs";

/// A hostile object between two good ones, ingested.
struct Landing {
    // Held so that the directory stays until the test ends.
    _directory: TempDir,
    archive: std::path::PathBuf,
    key: String,
    source: Value,
    reasons: Vec<String>,
}

impl Landing {
    /// Ingests a hostile object with a good neighbour before and one after it, and checks what holds for every such object:
    /// the run ends well and within the memory cap, the neighbours land, counts add up, and its bytes come back as they were.
    fn of(stored: &[u8]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut trail = Trail::new(directory.path().join("trail"))?;
        trail.object(&gzip::member(&log_object([record(901, "")])))?;
        let key = trail.object(stored)?;
        trail.object(&gzip::member(&log_object([record(902, "")])))?;
        let archive = directory.path().join("audit");
        ingest(&directory, &trail)?.ok()?;

        let good = format!("SELECT count(*) FROM events WHERE event_uid IN ('{}', '{}')", event_id(901), event_id(902));
        ensure!(command::number(&archive, &good)? == 2, "the good neighbours did not land");
        let adds_up = "SELECT count(*) FROM sources WHERE records <> landed + duplicates + quarantined";
        ensure!(command::number(&archive, adds_up)? == 0, "records in are not landed + duplicates + quarantined");
        let given_back = command::run([s("raw"), s("--archive"), archive.clone().into(), s("--source"), s(&key)])?.ok()?;
        ensure!(given_back.stdout == stored, "the stored bytes did not come back as they were");

        let mut rows = command::query(&archive, &format!("SELECT * FROM sources WHERE key = '{key}'"))?;
        ensure!(rows.len() == 1, "{} rows in sources for the hostile object", rows.len());
        let source = rows.remove(0);
        let quarantined = command::query(&archive, &format!("SELECT reason FROM quarantine WHERE key = '{key}' ORDER BY record_index"))?;
        let reasons = quarantined.iter().filter_map(|row| Some(row.get("reason")?.as_str()?.to_owned())).collect();
        Ok(Self { _directory: directory, archive, key, source, reasons })
    }

    fn text(&self, column: &str) -> &str {
        self.source.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    fn count(&self, column: &str) -> u64 {
        self.source.get(column).and_then(Value::as_u64).unwrap_or_default()
    }

    fn flags(&self) -> &str {
        self.text("flags")
    }

    fn events(&self, columns: &str) -> Result<Vec<Value>> {
        command::query(&self.archive, &format!("SELECT {columns} FROM events WHERE source_key = '{}' ORDER BY record_index", self.key))
    }

    /// Everything in the object could be read.
    fn landed_whole(&self, records: u64) -> Result<()> {
        ensure!(self.text("outcome") == "landed" && self.count("landed") == records && self.reasons.is_empty(), "{self}");
        ensure!(self.events("event_uid")?.len() as u64 == records, "{self}");
        Ok(())
    }

    /// Nothing in the object could be read, and this is why.
    fn quarantined_whole(&self, reason: &str) -> Result<()> {
        ensure!(self.text("outcome") == "quarantined" && self.text("reason") == reason, "expected {reason}: {self}");
        ensure!(self.reasons == [reason] && self.count("landed") == 0, "expected {reason}: {self}");
        Ok(())
    }

    /// One Record of the object could not be read, and this is why; the others landed.
    fn one_record_quarantined(&self, reason: &str, landed: u64) -> Result<()> {
        ensure!(self.text("outcome") == "partial" && self.reasons == [reason], "expected {reason}: {self}");
        ensure!(self.count("landed") == landed && self.count("quarantined") == 1, "expected {reason}: {self}");
        Ok(())
    }
}

impl std::fmt::Display for Landing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sources has {}, quarantine has {:?}", self.source, self.reasons)
    }
}

fn s(text: &str) -> OsString {
    text.into()
}

/// Ingests a trail into `audit` beside it and checks the peak memory.
fn ingest(directory: &TempDir, trail: &Trail) -> Result<Ended> {
    let peak = directory.path().join("peak");
    let archive = directory.path().join("audit");
    let mut arguments: Vec<OsString> = vec![peak.clone().into(), command::binary()?.into()];
    arguments.extend(["ingest", "--bucket", BUCKET, "--output", "json", "--from"].map(s));
    arguments.extend([trail.root().into(), s("--archive"), archive.into()]);
    let ended = python::run(&command::workspace_root().join("tests/tools/peak_memory.py"), arguments)?;
    let peak_bytes = fs::read_to_string(&peak).context("no peak memory was measured")?.parse::<u64>()? << 10;
    ensure!(peak_bytes <= MEMORY_CAP_BYTES, "the run took {} MiB", peak_bytes >> 20);
    Ok(ended)
}

/// A Record whose event name is given.
fn named(number: u32, name: &str) -> String {
    record(number, "").replace("DescribeInstances", name)
}

#[test]
fn a_truncated_gzip_lands_what_can_be_read() -> Result<()> {
    let records = (0..400).map(|n| record(n, &format!(r#","apiVersion":"{}""#, n.wrapping_mul(2_654_435_761))));
    let whole = gzip::member(&log_object(records));
    let landing = Landing::of(whole.get(..whole.len() / 2).context("half of it")?)?;
    ensure!(landing.flags() == "truncated", "{landing}");
    ensure!(landing.text("outcome") == "partial" && landing.reasons == ["record_truncated"], "{landing}");
    ensure!((50..350).contains(&landing.count("landed")), "about half of the records can be read: {landing}");
    Ok(())
}

#[test]
fn a_cut_trailer_costs_no_record() -> Result<()> {
    let whole = gzip::member(&log_object([record(1, ""), record(2, "")]));
    let landing = Landing::of(whole.get(..whole.len() - 5).context("most of it")?)?;
    ensure!(landing.flags() == "cut_trailer", "{landing}");
    landing.landed_whole(2)
}

#[test]
fn a_wrong_checksum_is_flagged_and_costs_no_record() -> Result<()> {
    let mut stored = gzip::member(&log_object([record(1, "")]));
    let crc = stored.len() - 8;
    *stored.get_mut(crc).context("a trailer")? ^= 0xff;
    let landing = Landing::of(&stored)?;
    ensure!(landing.flags() == "bad_crc", "{landing}");
    landing.landed_whole(1)
}

#[test]
fn two_members_are_both_read() -> Result<()> {
    let stored = [gzip::member(&log_object([record(1, "")])), gzip::member(&log_object([record(2, ""), record(3, "")]))].concat();
    let landing = Landing::of(&stored)?;
    ensure!(landing.flags() == "several_members", "{landing}");
    landing.landed_whole(3)
}

#[test]
fn a_document_that_is_cut_into_two_members_is_one() -> Result<()> {
    let document = log_object([record(1, ""), record(2, "")]);
    let (first, second) = document.split_at(document.len() / 3);
    let landing = Landing::of(&[gzip::member(first), gzip::member(second)].concat())?;
    ensure!(landing.flags() == "several_members", "{landing}");
    landing.landed_whole(2)
}

#[test]
fn trailing_garbage_is_flagged_and_kept() -> Result<()> {
    let stored = [gzip::member(&log_object([record(1, "")])), b"garbage, not a member".to_vec()].concat();
    let landing = Landing::of(&stored)?;
    ensure!(landing.flags() == "trailing_bytes", "{landing}");
    landing.landed_whole(1)
}

#[test]
fn a_bomb_of_ten_gigabytes_is_stopped_by_the_ratio() -> Result<()> {
    let bomb = gzip::repeated(br#"{"Records":["#, &vec![b' '; 4 << 20], 10 << 8, b"]}");
    ensure!(bomb.len() < 16 << 20, "the bomb has {} bytes", bomb.len());
    Landing::of(&bomb)?.quarantined_whole("inflation_ratio")
}

#[test]
fn a_bomb_with_a_modest_ratio_is_stopped_by_its_size() -> Result<()> {
    let unit = (0..1400).fold(String::new(), |unit, n| unit + &record(n, "") + ",");
    let times = (5 << 29) / unit.len() as u64;
    let bomb = gzip::repeated(br#"{"Records":["#, unit.as_bytes(), times, format!("{}]}}", record(1, "")).as_bytes());
    Landing::of(&bomb)?.quarantined_whole("inflated_too_large")
}

#[test]
fn an_object_of_one_gigabyte_passes_within_the_memory_cap() -> Result<()> {
    // Few distinct records many times over: what is measured here is the way through, not the encoder.
    let unit = format!("{},{},", record(1, ""), record(2, "")).repeat(500);
    let times = (1 << 30) / unit.len() as u64;
    let object = gzip::repeated(br#"{"Records":["#, unit.as_bytes(), times, format!("{}]}}", record(3, "")).as_bytes());
    let landing = Landing::of(&object)?;
    ensure!(landing.count("inflated_bytes") > 1_000_000_000 && landing.count("records") == times * 1000 + 1, "{landing}");
    ensure!(landing.count("quarantined") == 0 && landing.count("landed") >= 3, "{landing}");
    let distinct = "SELECT count(DISTINCT record_hash) FROM events WHERE source_key = ";
    ensure!(command::number(&landing.archive, &format!("{distinct}'{}'", landing.key))? == 3, "{landing}");
    Ok(())
}

#[test]
fn records_of_256_kilobytes_land_whole() -> Result<()> {
    let large = record(1, &format!(r#","additionalEventData":{{"text":"{}"}}"#, "x".repeat((256 << 10) - record(1, "").len() - 34)));
    ensure!(large.len() == 256 << 10, "the record has {} bytes", large.len());
    let landing = Landing::of(&gzip::member(&log_object([large, record(2, "")])))?;
    landing.landed_whole(2)?;
    let lengths = landing.events("record_length")?;
    ensure!(lengths.first().and_then(|row| row.get("record_length")?.as_i64()) == Some(256 << 10), "{lengths:?}");
    Ok(())
}

#[test]
fn a_record_past_every_cap_is_quarantined_alone() -> Result<()> {
    let large = record(1, &format!(r#","additionalEventData":{{"text":"{}"}}"#, "x".repeat(5 << 20)));
    let landing = Landing::of(&gzip::member(&log_object([record(2, ""), large, record(3, "")])))?;
    landing.one_record_quarantined("record_too_long", 2)
}

#[test]
fn a_record_nested_200_deep_is_quarantined_alone() -> Result<()> {
    let deep = record(1, &format!(r#","additionalEventData":{}1{}"#, r#"{"a":"#.repeat(200), "}".repeat(200)));
    let landing = Landing::of(&gzip::member(&log_object([record(2, ""), deep, record(3, "")])))?;
    landing.one_record_quarantined("nesting_too_deep", 2)
}

#[test]
fn a_lone_surrogate_lands_and_its_record_comes_back_verbatim() -> Result<()> {
    let odd = record(1, r#","additionalEventData":{"text":"a\ud800b"}"#);
    let landing = Landing::of(&gzip::member(&log_object([&odd])))?;
    landing.landed_whole(1)?;
    let given_back = command::run([s("raw"), s("--archive"), landing.archive.clone().into(), s("--event-id"), s(&event_id(1))])?.ok()?;
    ensure!(given_back.stdout.trim_ascii() == odd.as_bytes(), "not verbatim: {}", given_back.text());
    Ok(())
}

#[test]
fn duplicate_keys_land_and_neither_value_is_lost_from_the_bytes() -> Result<()> {
    let odd = named(1, "First").replace(r#""awsRegion""#, r#""eventName":"Second","awsRegion""#);
    let landing = Landing::of(&gzip::member(&log_object([&odd])))?;
    landing.landed_whole(1)?;
    let operation = landing.events("api['operation'] AS operation")?;
    let operation = operation.first().and_then(|row| row.get("operation")?.as_str()).unwrap_or_default().to_owned();
    // The last one wins, as in every JSON parser that a detection is likely to be written with.
    ensure!(operation == "Second", "api.operation is {operation}: {landing}");
    Ok(())
}

#[test]
fn numbers_beyond_2_to_the_53rd_keep_every_digit() -> Result<()> {
    let odd = record(
        1,
        r#","additionalEventData":{"large":9007199254740993,"huge":123456789012345678901234567890,"small":-0.0,"exponent":1.0E+2}"#,
    )
    .replace(r#"{"maxResults":100}"#, r#"{"token":18446744073709551617}"#);
    let landing = Landing::of(&gzip::member(&log_object([odd])))?;
    landing.landed_whole(1)?;
    let columns =
        "api['request']['data'] AS request, unmapped['additionalEventData.large'] AS large, unmapped['additionalEventData.huge'] AS huge";
    let rows = landing.events(columns)?;
    let row = rows.first().context("a row")?;
    ensure!(row.get("request").and_then(Value::as_str) == Some(r#"{"token":18446744073709551617}"#), "{row}");
    ensure!(row.get("large").and_then(Value::as_str) == Some("9007199254740993"), "{row}");
    ensure!(row.get("huge").and_then(Value::as_str) == Some("123456789012345678901234567890"), "{row}");
    Ok(())
}

#[test]
fn invalid_utf8_costs_its_own_record_only() -> Result<()> {
    let mut bytes = log_object([record(1, ""), named(2, "Bro@ken"), record(3, "")]);
    let at = bytes.iter().position(|byte| *byte == b'@').context("the marker")?;
    *bytes.get_mut(at).context("the marker")? = 0xff;
    let landing = Landing::of(&gzip::member(&bytes))?;
    ensure!(landing.count("records") == 3, "{landing}");
    landing.one_record_quarantined("invalid_utf8", 2)
}

#[test]
fn an_empty_object_is_a_record_without_a_time() -> Result<()> {
    Landing::of(&gzip::member(b"{}"))?.quarantined_whole("no_event_time")
}

#[test]
fn an_empty_list_of_records_lands() -> Result<()> {
    Landing::of(&gzip::member(br#"{"Records":[]}"#))?.landed_whole(0)
}

#[test]
fn a_gzip_of_nothing_is_named() -> Result<()> {
    Landing::of(&gzip::member(b""))?.quarantined_whole("empty_object")
}

#[test]
fn a_file_without_bytes_is_named() -> Result<()> {
    Landing::of(b"")?.quarantined_whole("empty_object")
}

#[test]
fn a_byte_order_mark_is_stepped_over() -> Result<()> {
    Landing::of(&gzip::member(&[b"\xef\xbb\xbf".as_slice(), &log_object([record(1, "")])].concat()))?.landed_whole(1)
}

#[test]
fn plain_json_is_read_whatever_its_name() -> Result<()> {
    let landing = Landing::of(&log_object([record(1, ""), record(2, "")]))?;
    ensure!(landing.flags() == "not_gzip", "{landing}");
    landing.landed_whole(2)
}

#[test]
fn a_digest_under_a_log_objects_name_makes_no_records() -> Result<()> {
    let digest = format!(
        r#"{{"awsAccountId":"{account}","digestStartTime":"2026-03-14T08:00:00Z","digestEndTime":"2026-03-14T09:00:00Z","digestS3Bucket":"{BUCKET}","digestS3Object":"AWSLogs/{account}/CloudTrail-Digest/us-east-1/2026/03/14/{account}_CloudTrail-Digest_us-east-1_trail_us-east-1_20260314T090000Z.json.gz","digestPublicKeyFingerprint":"00112233445566778899aabbccddeeff","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":[]}}"#,
        account = Trail::ACCOUNT
    );
    Landing::of(&gzip::member(digest.as_bytes()))?.quarantined_whole("digest_named_as_log")
}

#[test]
fn a_picture_named_json_gz_is_kept_and_named() -> Result<()> {
    let png = [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".as_slice(), &[0_u8, 1, 2, 250].repeat(500)].concat();
    let landing = Landing::of(&png)?;
    ensure!(landing.flags() == "not_gzip", "{landing}");
    landing.quarantined_whole("not_json")
}

#[test]
fn one_broken_record_does_not_take_its_neighbours_along() -> Result<()> {
    let broken = record(2, "").replace(r#""eventTime":"#, r#""eventTime""#);
    let landing = Landing::of(&gzip::member(&log_object([record(1, ""), broken, record(3, "")])))?;
    landing.one_record_quarantined("record_not_json", 2)?;
    let place = command::query(&landing.archive, "SELECT kind, record_index, record_offset FROM quarantine")?;
    let place = place.first().context("a row in quarantine")?;
    ensure!(place.get("record_index").and_then(Value::as_u64) == Some(1), "{place}");
    let offset = log_object([record(1, "")]).len() as u64 - 1;
    ensure!(place.get("record_offset").and_then(Value::as_u64) == Some(offset), "{place}, expected {offset}");
    Ok(())
}
