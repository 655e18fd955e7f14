//! `trailkeep verify` on archives of an invented organization: what was done to the trail, or to the archive, is found, and nothing else.

use std::{ffi::OsStr, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
    gzip, tree,
};

pub(crate) mod estate;
mod rows;

use self::estate::{Estate, LATE, SOON, UNTIL, copy, finding, found, has, inflated, number, synth, synth_at, tampered};

#[test]
fn verify_finds_nothing_in_an_untouched_archive_and_leaves_it_as_it_is() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let before = tree::read(&estate.archive)?;
    let verdict = estate.verdict(0, &[])?;
    ensure!(verdict["verified"] == Value::Bool(true) && found(&verdict)?.is_empty(), "{verdict:#}");
    ensure!(verdict["claim"] == *"complete against what CloudTrail signed", "{verdict:#}");
    let logs = command::number(&estate.archive, "SELECT count(*) FROM sources WHERE kind = 'log'")? as u64;
    let digests = command::number(&estate.archive, "SELECT count(*) FROM sources WHERE kind = 'digest'")? as u64;
    ensure!(number(&verdict, "/log_files/verified")? == logs && logs > 5, "{logs}: {verdict:#}");
    ensure!(number(&verdict, "/digests/verified")? == digests && digests >= 10, "{digests}: {verdict:#}");
    ensure!(number(&verdict, "/log_files/class_not_signed")? > 0, "{verdict:#}");
    ensure!(verdict["chains"].as_array().is_some_and(|chains| chains.len() == 2), "{verdict:#}");
    for chain in verdict["chains"].as_array().into_iter().flatten() {
        ensure!(chain["gaps"].as_array().is_some_and(Vec::is_empty), "{chain:#}");
        ensure!(
            chain["proven"].as_array().is_some_and(|proven| proven.len() == 1 && proven[0]["to"] == *"2026-01-15T05:00:00.000Z"),
            "{chain:#}"
        );
    }
    ensure!(number(&verdict, "/trust/0/digests")? == digests, "{verdict:#}");
    ensure!(verdict.pointer("/trust/0/obtained_from").and_then(Value::as_str).is_some_and(|from| from.contains("public-keys.json")));
    ensure!(number(&verdict, "/segments/fallen")? == 0 && number(&verdict, "/segments/asked")? > 1, "{verdict:#}");

    let told = estate.run(&["--until", UNTIL])?.ok()?;
    ensure!(told.text().starts_with("VERIFIED: complete against what CloudTrail signed."), "{}", told.text());
    ensure!(told.stderr.is_empty(), "{}", told.stderr);
    for depth in [&["--deep"] as &[&str], &["--sample", "100%", "--seed", "7"]] {
        let verdict = estate.verdict(0, depth)?;
        ensure!(number(&verdict, "/read_again/damaged")? == 0 && number(&verdict, "/read_again/sources")? > logs, "{verdict:#}");
    }
    tree::same(&before, &tree::read(&estate.archive)?)
}

#[test]
fn verify_names_log_files_that_are_missing_altered_or_forged() -> Result<()> {
    let estate = Estate::synthesised()?;
    let logs = estate.logs()?;
    let log = logs.get(1).context("a log file")?.as_str();

    let verdict = tampered(&estate, LATE, |e| e.remove(log), &[("missing", 1)])?;
    let missing = finding(&verdict, "missing")?;
    ensure!(missing["key"] == *log && missing["account"] == *"111122220001" && missing["bucket"].is_string(), "{missing:#}");
    let verdict = tampered(&estate, SOON, |e| e.remove(log), &[("missing_within_grace", 1)])?;
    ensure!(finding(&verdict, "missing_within_grace")?["provisional"] == Value::Bool(true), "{verdict:#}");

    let other = gzip::member(br#"{"Records":[]}"#);
    let verdict = tampered(&estate, SOON, |e| e.write(log, &other), &[("altered", 1)])?;
    ensure!(finding(&verdict, "altered")?["key"] == *log, "{verdict:#}");
    let joined = |e: &Estate| e.write(log, &[e.bytes(log)?, other.clone()].concat());
    tampered(&estate, SOON, joined, &[("altered", 1), ("not_one_member", 1)])?;
    let trailing = |e: &Estate| e.write(log, &[e.bytes(log)?, b"and more".to_vec()].concat());
    let verdict = tampered(&estate, SOON, trailing, &[("not_one_member", 1)])?;
    ensure!(finding(&verdict, "not_one_member")?["reasons"][0] == *"trailing_bytes", "{verdict:#}");

    let forged =
        log.replace(".json.gz", "").rsplit_once('_').map(|(name, _)| format!("{name}_AAAABBBBCCCCDDDD.json.gz")).context("a name")?;
    let forge = |e: &Estate| e.write(&forged, &other);
    let verdict = tampered(&estate, LATE, forge, &[("unlisted", 1)])?;
    ensure!(finding(&verdict, "unlisted")?["key"] == *forged, "{verdict:#}");
    tampered(&estate, SOON, forge, &[("unlisted_within_grace", 1)])?;
    Ok(())
}

#[test]
fn verify_names_digests_that_are_deleted_one_two_or_the_newest() -> Result<()> {
    let estate = Estate::synthesised()?;
    let digests = estate.digests()?;
    ensure!(digests.len() == 5, "{digests:?}");
    let delete = |numbers: &'static [usize]| {
        let digests = digests.clone();
        move |e: &Estate| numbers.iter().try_for_each(|number| e.remove(digests.get(*number).context("a digest")?))
    };
    let gap = |verdict: &Value, cause: &str| -> Result<()> {
        let gaps: Vec<&Value> =
            verdict["chains"].as_array().into_iter().flatten().flat_map(|chain| chain["gaps"].as_array().into_iter().flatten()).collect();
        ensure!(gaps.len() == 1 && gaps.iter().all(|gap| gap["cause"] == *cause), "{gaps:#?}");
        Ok(())
    };
    let is_of = |verdict: &Value, name: &str| found(verdict).map(|found| found.contains_key(name));

    for (numbers, count) in [(&[2_usize] as &'static [usize], 1), (&[2, 3], 2)] {
        let estate = estate.copy()?;
        delete(numbers)(&estate)?;
        estate.ingest()?;
        let verdict = estate.verdict(1, &["--as-of", LATE])?;
        let missing = finding(&verdict, "missing_digests")?;
        ensure!(number(missing, "/count")? == count, "{missing:#}");
        ensure!(missing["key"] == *digests[*numbers.last().context("a number")?], "{missing:#}");
        gap(&verdict, "missing_digests")?;
        ensure!(!is_of(&verdict, "unlisted")?, "what an absent Digest listed is not forged: {verdict:#}");
    }
    let newest = estate.copy()?;
    delete(&[4])(&newest)?;
    newest.ingest()?;
    let verdict = newest.verdict(1, &["--as-of", LATE])?;
    ensure!(number(finding(&verdict, "missing_newest")?, "/count")? == 1, "{verdict:#}");
    gap(&verdict, "missing_newest")?;
    let all = estate.copy()?;
    delete(&[0, 1, 2, 3, 4])(&all)?;
    all.ingest()?;
    let verdict = all.verdict(1, &["--as-of", LATE, "--accounts", "111122220001"])?;
    ensure!(!is_of(&verdict, "unlisted")? && is_of(&verdict, "no_digest")?, "{verdict:#}");
    Ok(())
}

#[test]
fn verify_tells_stopped_logging_from_digests_that_were_taken_out() -> Result<()> {
    // Logging goes on at nine: not on the old minute, as after StartLogging, or on it, as if Digests had been taken out and a chain begun anew.
    for (seed, cause, name) in [(6, "stopped", "not_proven"), (5, "suspicious_start", "suspicious_start")] {
        let estate = Estate::synthesised()?;
        let later = estate.trail.with_file_name("later");
        synth_at(&later, seed, "2026-01-15T09:00:00Z")?;
        let keys = |path: &Path| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(path.join("public-keys.json"))?)?) };
        let (own, others) = (keys(&estate.trail)?, keys(&later)?);
        let both = |list: &Value| list["PublicKeyList"].as_array().cloned().unwrap_or_default();
        let all = [both(&own), both(&others)].concat();
        copy(&later, &estate.trail)?;
        fs::write(&estate.keys, serde_json::json!({ "PublicKeyList": all }).to_string())?;
        estate.ingest()?;
        let verdict = estate.run(&["--until", "2026-01-15T14:00:00Z", "--output", "json"])?.ended(1)?.json()?;
        has(&verdict, &[(name, 2)])?;
        ensure!(number(&verdict, "/digests/refused")? == 0, "{verdict:#}");
        for chain in verdict["chains"].as_array().into_iter().flatten() {
            ensure!(chain["gaps"].as_array().is_some_and(|gaps| gaps.len() == 1 && gaps[0]["cause"] == *cause), "{chain:#}");
        }
        // It is told by a window that ends within it, too.
        let within = estate.run(&["--until", "2026-01-15T08:30:00Z", "--output", "json"])?.ended(1)?.json()?;
        ensure!(within["verified"] == Value::Bool(false) && found(&within)?.contains_key(name), "{within:#}");
        // Either side of it is proven.
        estate.verdict(0, &[])?;
        estate.run(&["--since", "2026-01-15T10:00:00Z", "--until", "2026-01-15T14:00:00Z"])?.ended(0)?;
    }
    Ok(())
}

#[test]
fn verify_refuses_digests_that_cloudtrail_did_not_sign() -> Result<()> {
    let estate = Estate::synthesised()?;
    let digests = estate.digests()?;
    let digest = digests.get(2).context("a digest")?.as_str();
    let refused = |tamper: &dyn Fn(&Estate) -> Result<()>, reason: &str| -> Result<()> {
        let estate = estate.copy()?;
        tamper(&estate)?;
        estate.ingest()?;
        let verdict = estate.verdict(1, &["--as-of", LATE])?;
        let refused = finding(&verdict, "digest_refused")?;
        ensure!(refused["reasons"].as_array().is_some_and(|reasons| reasons.iter().any(|has| has == reason)), "{refused:#}");
        ensure!(number(&verdict, "/digests/refused")? == 1, "{verdict:#}");
        Ok(())
    };
    let sidecar = format!("{digest}.metadata.json");
    let rewrite = |e: &Estate| {
        let text = inflated(&e.bytes(digest)?)?;
        let (before, after) = text.rsplit_once("\"hashValue\":\"").context("a listed file")?;
        e.write(
            digest,
            &gzip::member(format!("{before}\"hashValue\":\"{}{}", "0".repeat(64), after.get(64..).unwrap_or_default()).as_bytes()),
        )
    };
    refused(&rewrite, "signature_invalid")?;
    refused(&|e| e.write(digest, &[e.bytes(digest)?, gzip::member(b"{}")].concat()), "several_members")?;
    refused(&|e| e.remove(&sidecar), "missing_metadata_signature")?;
    let signed_by_another = |e: &Estate| e.write(&sidecar, &e.bytes(&format!("{}.metadata.json", digests[1]))?);
    refused(&signed_by_another, "signature_invalid")?;
    let twice = |e: &Estate| {
        let later = digest.replace("T03", "T07");
        e.write(&later, &e.bytes(digest)?)?;
        e.write(&format!("{later}.metadata.json"), &e.bytes(&sidecar)?)
    };
    let moved = estate.copy()?;
    twice(&moved)?;
    moved.ingest()?;
    // It is told for the time that it claims as for the one in its name.
    for since in ["2026-01-15T02:30:00Z", "2026-01-15T06:30:00Z"] {
        let verdict = moved.run(&["--since", since, "--until", "2026-01-15T07:30:00Z", "--output", "json"])?.ended(1)?.json()?;
        ensure!(finding(&verdict, "digest_refused")?["reasons"].to_string().contains("moved"), "{verdict:#}");
    }
    moved.run(&["--since", "2026-01-15T03:30:00Z", "--until", "2026-01-15T05:00:00Z"])?.ended(0)?;
    Ok(())
}

#[test]
fn verify_believes_no_keys_but_those_it_is_given() -> Result<()> {
    let mut estate = Estate::synthesised()?;
    estate.ingest()?;
    let kept = estate.archive.join("keys/public-keys.json");
    let bare = |e: &Estate| command::run([OsStr::new("verify"), "--archive".as_ref(), e.archive.as_ref()]);
    bare(&estate)?.failed(2, &["keeps no public keys", "--public-keys", "list-public-keys"])?;

    let own = estate.keys.clone();
    let other = estate.trail.with_file_name("other");
    synth(&other, 6)?;
    estate.keys = other.join("public-keys.json");
    let verdict = estate.verdict(1, &[])?;
    ensure!(number(&verdict, "/digests/verified")? == 0 && number(&verdict, "/log_files/verified")? == 0, "{verdict:#}");
    ensure!(found(&verdict)?.contains_key("no_digests"), "{verdict:#}");
    ensure!(verdict["findings"].to_string().contains("unknown_public_key"), "{verdict:#}");

    // As AWS gives them, without Regions.
    let list: Value = serde_json::from_slice(&fs::read(&own)?)?;
    let mut bare_list = list.clone();
    for key in bare_list["PublicKeyList"].as_array_mut().into_iter().flatten() {
        key.as_object_mut().context("a key")?.remove("Region");
    }
    estate.keys = other.join("list.json");
    fs::write(&estate.keys, bare_list.to_string())?;
    estate.run(&["--until", UNTIL])?.failed(2, &["--keys-region"])?;
    estate.verdict(0, &["--keys-region", "us-east-1"])?;
    estate.verdict(1, &["--keys-region", "eu-west-1"])?;

    for (bytes, word) in [("no JSON", "no list of public keys"), (r#"{"PublicKeyList":[]}"#, "no public key")] {
        fs::write(&estate.keys, bytes)?;
        estate.run(&["--until", UNTIL])?.failed(2, &[word])?;
    }
    estate.keys = other.join("nothing.json");
    estate.run(&[])?.failed(2, &["nothing.json"])?;

    // Kept by the archive, where it keeps them.
    fs::create_dir_all(kept.parent().context("a folder")?)?;
    let key = &list["PublicKeyList"][0];
    let entry = serde_json::json!({
        "region": key["Region"], "fingerprint": key["Fingerprint"], "value": key["Value"],
        "valid_from": key["ValidityStartTime"], "valid_to": key["ValidityEndTime"],
        "obtained_from": "CloudTrail, ListPublicKeys", "obtained_at": "2026-01-16T00:00:00Z",
    });
    fs::write(&kept, serde_json::json!({ "format": 1, "keys": [entry] }).to_string())?;
    let arguments = [OsStr::new("verify"), "--archive".as_ref(), estate.archive.as_ref(), "--until".as_ref(), UNTIL.as_ref()];
    let told = command::run(arguments)?.ok()?.text();
    ensure!(told.contains("CloudTrail, ListPublicKeys, 2026-01-16"), "{told}");
    Ok(())
}

#[test]
fn verify_sees_that_segments_stand_and_deep_that_they_hold_the_bytes() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest()?;
    let tampered = |prefix: &str, tamper: &dyn Fn(&Path) -> Result<()>| -> Result<Estate> {
        let estate = estate.copy()?;
        tamper(estate.archived(prefix, ".gz")?.first().context("a segment")?)?;
        Ok(estate)
    };
    let remove = |path: &Path| -> Result<()> { Ok(fs::remove_file(path)?) };
    let cut = |path: &Path| -> Result<()> {
        let mut bytes = fs::read(path)?;
        bytes.truncate(bytes.len() - 1);
        Ok(fs::write(path, bytes)?)
    };
    let flip = |path: &Path| -> Result<()> {
        let mut bytes = fs::read(path)?;
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle).context("a byte")? ^= 1;
        Ok(fs::write(path, bytes)?)
    };
    let removed = tampered("raw/", &remove)?;
    let verdict = removed.verdict(1, &[])?;
    has(&verdict, &[("segment_missing", 1)])?;
    ensure!(number(finding(&verdict, "segment_missing")?, "/count")? > 0, "{verdict:#}");
    ensure!(found(&removed.verdict(1, &["--deep"])?)?.contains_key("damaged"), "--deep names each source of it");
    has(&tampered("raw/", &cut)?.verdict(1, &[])?, &[("segment_cut", 1)])?;

    let flipped = tampered("raw/", &flip)?;
    ensure!(flipped.verdict(0, &[])?["verified"] == Value::Bool(true), "nothing was read");
    let verdict = flipped.verdict(1, &["--deep"])?;
    has(&verdict, &[("damaged", 1)])?;
    ensure!(finding(&verdict, "damaged")?["reasons"][0] == *"stored_hash_differs" && number(&verdict, "/read_again/damaged")? == 1);
    has(&flipped.verdict(1, &["--sample", "100%"])?, &[("damaged", 1)])?;
    let none = flipped.verdict(0, &["--sample", "0%"])?;
    ensure!(number(&none, "/read_again/sources")? == 0, "{none:#}");
    let half = flipped.run(&["--until", UNTIL, "--sample", "50%", "--seed", "3", "--output", "json"])?.json()?;
    ensure!(half.pointer("/read_again/fraction").and_then(Value::as_f64) == Some(0.5) && number(&half, "/read_again/seed")? == 3);

    let lost = tampered("digests/", &remove)?.verdict(1, &[])?;
    let names = found(&lost)?;
    ensure!(names.contains_key("segment_missing") && names.contains_key("digest_lost"), "{names:?}");
    let damaged = tampered("digests/", &flip)?.verdict(1, &[])?;
    ensure!(found(&damaged)?.contains_key("digest_refused"), "{damaged:#}");
    Ok(())
}

#[test]
fn verify_judges_only_what_is_asked_and_a_gap_is_never_silent() -> Result<()> {
    let estate = Estate::synthesised()?;
    let digests = estate.digests()?;
    estate.remove(digests.get(2).context("a digest")?)?;
    estate.ingest()?;
    let window = |since: &str, until: &str| {
        let (since, until) = (format!("2026-01-15T{since}:00Z"), format!("2026-01-15T{until}:00Z"));
        estate.run(&["--since", &since, "--until", &until, "--output", "json"])
    };
    // The hole is the third hour of one account.
    window("00:30", "01:30")?.ended(0)?;
    window("03:30", "05:00")?.ended(0)?;
    window("01:30", "02:30")?.ended(1)?;
    estate.verdict(0, &["--accounts", "111122220002"])?;
    estate.verdict(1, &["--accounts", "111122220001", "--regions", "us-east-1"])?;

    let before = window("00:00", "01:00")?.ended(1)?.json()?;
    ensure!(finding_reasons(&before)? == ["not_begun"], "{before:#}");
    let open = estate.run(&["--accounts", "111122220002", "--output", "json"])?.ended(1)?.json()?;
    has(&open, &[("missing_newest", 1)])?;
    let early = estate.verdict(1, &["--accounts", "111122220002", "--as-of", "2026-01-15T05:10:00Z", "--until", "2026-01-15T06:00:00Z"]);
    ensure!(early.is_err(), "--until is given twice");
    let arguments =
        ["--accounts", "111122220002", "--as-of", "2026-01-15T05:30:00Z", "--until", "2026-01-15T06:00:00Z", "--output", "json"];
    let early = estate.run(&arguments)?.ended(1)?.json()?;
    ensure!(finding_reasons(&early)?.iter().all(|reason| reason == "not_due"), "{early:#}");
    let due = estate.run(&["--accounts", "111122220002", "--as-of", "2026-01-15T09:00:00Z", "--output", "json"])?.ended(0)?.json()?;
    ensure!(due.pointer("/judged/window/to") == Some(&Value::from("2026-01-15T05:00:00.000Z")), "{due:#}");

    let nobody = estate.verdict(1, &["--accounts", "111122220002,999999999999"])?;
    has(&nobody, &[("nothing_to_verify", 1)])?;
    estate.run(&["--since", "2026-01-16", "--until", "2026-01-15"])?.failed(2, &["--since"])?;
    estate.run(&["--deep", "--sample", "1%"])?.ended(2)?;
    Ok(())
}

fn finding_reasons(verdict: &Value) -> Result<Vec<String>> {
    let findings = verdict["findings"].as_array().context("findings")?.iter().filter(|finding| finding["name"] == *"not_proven");
    let mut reasons: Vec<String> = findings.filter_map(|finding| finding["reasons"][0].as_str()).map(str::to_owned).collect();
    reasons.dedup();
    Ok(reasons)
}

#[test]
fn verify_takes_a_replica_for_its_origin_only_where_it_is_told() -> Result<()> {
    let estate = Estate::synthesised()?;
    let (trail, archive) = (estate.trail.as_os_str(), estate.archive.as_os_str());
    let arguments: [&OsStr; 7] =
        ["ingest".as_ref(), "--from".as_ref(), trail, "--bucket".as_ref(), "the-replica".as_ref(), "--archive".as_ref(), archive];
    command::run(arguments)?.ok()?;
    let verdict = estate.verdict(1, &[])?;
    ensure!(verdict["findings"].to_string().contains("moved"), "{verdict:#}");
    let verdict = estate.verdict(0, &["--bucket-alias", "the-replica=example-org-cloudtrail-logs"])?;
    ensure!(verdict["aliases"]["the-replica"] == *"example-org-cloudtrail-logs", "{verdict:#}");
    estate.run(&["--bucket-alias", "the-replica"])?.failed(2, &["REPLICA=ORIGIN"])?;
    Ok(())
}

#[test]
fn verify_that_could_not_run_is_no_verdict() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.run(&[])?.failed(2, &["could not be verified"])?;
    fs::create_dir_all(&estate.archive)?;
    estate.run(&[])?.failed(2, &["archive.json"])?;
    estate.ingest()?;
    let sources = estate.archived("sources/", ".parquet")?;
    fs::write(sources.first().context("a file")?, "no Parquet")?;
    estate.run(&["--until", UNTIL])?.failed(2, &["sources/day=", "cannot be read"])?;
    Ok(())
}

#[tokio::test]
async fn verify_works_on_s3_and_sees_a_segment_that_was_deleted_there() -> Result<()> {
    let Some(moto) = Moto::start("verify on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let estate = Estate::synthesised()?;
    let run = |words: &[&OsStr]| -> Result<Ended> {
        let mut command = command::command(words)?;
        Ok(command.envs(moto.environment()).env("TRAILKEEP_S3_ENDPOINT", moto.endpoint()).output()?.into())
    };
    let ledger = estate.trail.with_file_name("ledger.sqlite");
    let (from, keys) = (estate.trail.as_os_str(), estate.keys.as_os_str());
    let arguments: [&OsStr; 7] =
        ["ingest".as_ref(), "--from".as_ref(), from, "--archive".as_ref(), "s3://audit/org".as_ref(), "--ledger".as_ref(), ledger.as_ref()];
    run(&arguments)?.ok()?;
    let verify = |archive: &str, more: &[&str]| {
        let mut arguments: Vec<&OsStr> = vec!["verify".as_ref(), "--archive".as_ref(), archive.as_ref(), "--public-keys".as_ref(), keys];
        arguments.extend(["--until", UNTIL, "--output", "json"].into_iter().chain(more.iter().copied()).map(OsStr::new));
        run(&arguments)
    };
    verify("s3://audit/org", &[])?.ended(0)?;
    let deep = verify("s3://audit/org", &["--deep"])?.ended(0)?.json()?;
    ensure!(number(&deep, "/read_again/sources")? > 5, "{deep:#}");

    let listed = moto.client().list_objects_v2().bucket("audit").prefix("org/raw/").send().await?;
    let segment = listed.contents().iter().filter_map(|object| object.key()).find(|key| key.ends_with(".gz")).context("a segment")?;
    moto.client().delete_object().bucket("audit").key(segment).send().await?;
    let verdict = verify("s3://audit/org", &[])?.ended(1)?.json()?;
    ensure!(found(&verdict)?.contains_key("segment_missing") && found(&verdict)?.len() == 1, "{verdict:#}");
    verify("s3://nothing-there/org", &[])?.failed(2, &["could not be verified", "nothing-there"])?;
    Ok(())
}
