//! Rows of `sources/` that somebody wrote who may write into the archive: they are not believed over the keys, nor over what is stored.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_archive::{SourceKind, SourceRow, read_sources, write_sources};
use trailkeep_audit::Sha256;
use trailkeep_tests::gzip;

use super::estate::{Estate, LATE, UNTIL, finding, found, has, number};

/// What somebody does to a row.
type Change = fn(&mut SourceRow);

/// The rows, after something was done to those of one log file.
fn edit(estate: &Estate, key: &str, change: impl Fn(&mut SourceRow)) -> Result<()> {
    for path in estate.archived("sources/", ".parquet")? {
        let mut rows = read_sources(fs::read(&path)?.into(), 1 << 30)?;
        rows.iter_mut().filter(|row| row.key == key).for_each(&change);
        fs::write(path, write_sources(&rows)?)?;
    }
    Ok(())
}

/// An estate with one log file that no Digest lists, under this name, and the file's key.
fn forged(name: &str) -> Result<(Estate, String)> {
    let estate = Estate::synthesised()?;
    let logs = estate.logs()?;
    let (folder, _) = logs.get(1).and_then(|log| log.rsplit_once('/')).context("a log file")?;
    let key = format!("{folder}/{name}");
    estate.write(&key, &gzip::member(br#"{"Records":[]}"#))?;
    estate.ingest()?;
    Ok((estate, key))
}

#[test]
fn verify_believes_keys_and_not_the_columns_of_rows() -> Result<()> {
    let (estate, key) = forged("111122220001_CloudTrail_us-east-1_20260115T0130Z_AAAABBBBCCCCDDDD.json.gz")?;
    has(&estate.verdict(1, &["--as-of", LATE])?, &[("unlisted", 1)])?;
    let changes: [(&str, Change); 5] = [
        ("class", |row| row.kind = SourceKind::Insight),
        ("digest", |row| row.kind = SourceKind::Digest),
        ("account", |row| row.account = None),
        ("region", |row| row.region = Some("eu-west-1".to_owned())),
        ("time", |row| row.delivered_at = Some(4_000_000_000_000)),
    ];
    for (what, change) in changes {
        let estate = estate.copy()?;
        edit(&estate, &key, change)?;
        let verdict = estate.verdict(1, &["--as-of", LATE])?;
        has(&verdict, &[("row_contradicts_key", 1), ("unlisted", 1)]).context(what)?;
        ensure!(finding(&verdict, "row_contradicts_key")?["key"] == *key, "{verdict:#}");
        // Whatever is asked for.
        let other = estate.verdict(1, &["--accounts", "111122220002", "--since", "2026-01-15T03:00:00Z"])?;
        has(&other, &[("row_contradicts_key", 1)]).context(what)?;
    }
    Ok(())
}

#[test]
fn verify_lets_no_name_lie_outside_every_window() -> Result<()> {
    let (estate, key) = forged("111122220001_CloudTrail_us-east-1_20991231T0000Z_AAAABBBBCCCCDDDD.json.gz")?;
    let verdict = estate.verdict(1, &[])?;
    has(&verdict, &[("name_from_the_future", 1)])?;
    ensure!(finding(&verdict, "name_from_the_future")?["key"] == *key, "{verdict:#}");

    let (estate, _) = forged("forged.json.gz")?;
    for since in ["2026-01-15T01:00:00Z", "2026-01-15T03:00:00Z"] {
        has(&estate.verdict(1, &["--as-of", LATE, "--since", since])?, &[("unlisted", 1)])?;
    }
    Ok(())
}

#[test]
fn verify_misses_what_landed_first() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let log = estate.logs()?.get(1).context("a log file")?.clone();
    edit(&estate, &log, |row| row.revision = 2)?;
    let verdict = estate.verdict(1, &[])?;
    has(&verdict, &[("revision_missing", 1)])?;
    ensure!(finding(&verdict, "revision_missing")?["key"] == *log, "{verdict:#}");
    Ok(())
}

/// Other bytes lie where the row of a log file points to, and the row has their hash as stored.
fn replaced(estate: &Estate, log: &str, bytes: &[u8]) -> Result<Estate> {
    let estate = estate.copy()?;
    let segment = estate.archived("raw/", ".gz")?.first().context("a segment")?.clone();
    let mut all = fs::read(&segment)?;
    let offset = all.len() as u64;
    all.extend(bytes);
    fs::write(&segment, all)?;
    let key = segment.strip_prefix(&estate.archive)?.to_str().context("a key")?.to_owned();
    let stored_sha256 = Sha256::of(bytes).to_string();
    edit(&estate, log, |row| {
        (row.segment, row.segment_offset, row.segment_length) = (key.clone(), offset, bytes.len() as u64);
        (row.stored_bytes, row.stored_sha256) = (bytes.len() as u64, stored_sha256.clone());
    })?;
    Ok(estate)
}

#[test]
fn verify_deep_takes_nothing_for_read_that_was_not_inflated_or_is_no_clean_member() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let log = estate.logs()?.get(1).context("a log file")?.clone();
    let differs = |bytes: &[u8], reason: &str| -> Result<()> {
        let verdict = replaced(&estate, &log, bytes)?.verdict(1, &["--deep"])?;
        has(&verdict, &[("damaged", 1)])?;
        ensure!(finding(&verdict, "damaged")?["reasons"][0] == *reason, "{reason}: {verdict:#}");
        Ok(())
    };
    let original = estate.bytes(&log)?;
    ensure!(replaced(&estate, &log, &original)?.verdict(0, &["--deep"])?["verified"] == Value::Bool(true));
    differs(&[&original[..], b"and more"].concat(), "not_one_member")?;
    // A bomb, more than is inflated in memory, and more than is fetched whole.
    differs(&gzip::member(&vec![b' '; 70 << 20]), "not_inflated")?;
    let unit: String = (0..10_000).map(|number| number.to_string()).collect();
    differs(&gzip::repeated(b"[", unit.as_bytes(), 2_000, b"]"), "inflated_hash_differs")?;
    differs(&vec![b' '; 65 << 20], "inflated_hash_differs")?;
    Ok(())
}

#[test]
fn verify_deep_reads_what_lies_within_a_large_range() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let logs = estate.logs()?;
    let (log, other) = (logs.get(1).context("a log file")?, logs.get(2).context("another")?);
    let mut rows = Vec::new();
    for path in estate.archived("sources/", ".parquet")? {
        rows.extend(read_sources(fs::read(path)?.into(), 1 << 30)?);
    }
    let damaged = rows.iter().find(|row| row.key == *other).context("its row")?;
    let segment = estate.archive.join(&damaged.segment);
    let mut all = fs::read(&segment)?;
    all.resize(65 << 20, 0);
    // Damage one file, and lay a large range of the right hash over it.
    let at = damaged.segment_offset as usize + 20;
    *all.get_mut(at).context("a byte")? ^= 1;
    fs::write(&segment, &all)?;
    let stored_sha256 = Sha256::of(&all).to_string();
    edit(&estate, log, |row| {
        (row.segment_offset, row.segment_length, row.stored_bytes) = (0, all.len() as u64, all.len() as u64);
        (row.segment, row.stored_sha256) = (damaged.segment.clone(), stored_sha256.clone());
    })?;
    let verdict = estate.verdict(1, &["--deep"])?;
    ensure!(verdict["findings"].to_string().contains(other.as_str()), "{verdict:#}");
    ensure!(number(&verdict, "/read_again/damaged")? == 2 && !found(&verdict)?.contains_key("not_read"), "{verdict:#}");
    Ok(())
}

#[test]
fn verify_draws_a_seed_and_wants_a_moment_and_each_pair_that_is_named() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let seed = || number(&estate.verdict(0, &["--sample", "50%"])?, "/read_again/seed");
    let (first, second, third) = (seed()?, seed()?, seed()?);
    ensure!(first != second || second != third, "{first} is drawn each time");

    estate.run(&["--since", UNTIL, "--until", UNTIL])?.failed(2, &["no moment"])?;
    estate.run(&["--since", "2026-01-15T21:00:00Z", "--as-of", "2026-01-16T00:00:00Z"])?.failed(2, &["no moment"])?;

    let verdict = estate.verdict(1, &["--accounts", "111122220001,111122220002", "--regions", "us-east-1,eu-west-1"])?;
    has(&verdict, &[("nothing_to_verify", 2)])?;
    Ok(())
}
