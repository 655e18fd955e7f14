//! `trailkeep verify --from`: a log bucket judged by itself says what its archive says once it was ingested, in names and counts of findings.

mod on_s3;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::{primitives::ByteStream, types::StorageClass};
use serde_json::Value;
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
    gzip, tree,
};

use crate::verify::estate::{Estate, LATE, SOON, UNTIL, finding, found, number};

fn from(estate: &Estate, from: &OsStr, more: &[&str]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["verify".into(), "--from".into(), from.into()];
    arguments.extend(["--public-keys".into(), estate.keys.clone().into()]);
    arguments.extend(["--until", UNTIL, "--output", "json"].into_iter().chain(more.iter().copied()).map(OsString::from));
    arguments
}

fn run(estate: &Estate, more: &[&str]) -> Result<Ended> {
    command::run(from(estate, estate.trail.as_os_str(), more))
}

/// Both ways judge the same tree; they say the same.
fn same(estate: &Estate, more: &[&str]) -> Result<Value> {
    let own = run(estate, more)?;
    estate.ingest()?;
    let mut deep: Vec<&str> = vec!["--until", UNTIL, "--output", "json", "--deep"];
    deep.extend(more);
    let archived = estate.run(&deep)?;
    ensure!(own.code() == archived.code(), "{:?} and {:?}: {} {}", own.code(), archived.code(), own.stderr, archived.stderr);
    let (own, archived) = (own.json()?, archived.json()?);
    for part in ["verified", "finding_counts", "log_files", "digests", "chains"] {
        ensure!(own[part] == archived[part], "{part}: {:#} and {:#}", own[part], archived[part]);
    }
    ensure!(places(&own)? == places(&archived)?, "{own:#}");
    Ok(own)
}

/// Names of findings with their objects.
fn places(verdict: &Value) -> Result<BTreeMap<String, u64>> {
    let mut all = BTreeMap::new();
    for finding in verdict["findings"].as_array().context("findings")? {
        *all.entry(format!("{} {} {} {}", finding["name"], finding["bucket"], finding["key"], finding["reasons"])).or_default() += 1;
    }
    Ok(all)
}

#[test]
fn an_untouched_log_bucket_is_verified_by_itself_and_left_as_it_is() -> Result<()> {
    let estate = Estate::synthesised()?;
    let before = tree::read(&estate.trail)?;
    let verdict = same(&estate, &[])?;
    ensure!(verdict["verified"] == Value::Bool(true) && found(&verdict)?.is_empty(), "{verdict:#}");
    ensure!(number(&verdict, "/log_files/verified")? > 5 && number(&verdict, "/log_files/class_not_signed")? > 0, "{verdict:#}");
    ensure!(number(&verdict, "/read_again/sources")? == number(&verdict, "/log_files/verified")?, "{verdict:#}");
    ensure!(verdict["read_again"]["fraction"] == 1.0 && number(&verdict, "/segments/asked")? == 0, "{verdict:#}");
    ensure!(verdict["log_bucket"]["named_by"] == "digests" && verdict["log_bucket"]["name"].is_string(), "{verdict:#}");
    tree::same(&before, &tree::read(&estate.trail)?)?;

    let mut words = from(&estate, estate.trail.as_os_str(), &[]);
    words.truncate(words.len() - 2);
    let told = command::run(words)?.ok()?.text();
    ensure!(told.starts_with("VERIFIED: complete against what CloudTrail signed.") && told.contains("in the bucket itself"), "{told}");
    ensure!(told.contains("without an archive; taken for") && !told.contains("segments"), "{told}");

    // Windows, accounts and Regions are those of an archive.
    let window = ["--since", "2026-01-15T02:00:00Z"];
    ensure!(number(&same(&estate, &window)?, "/digests/verified")? < number(&verdict, "/digests/verified")?, "narrower");
    same(&estate, &["--accounts", "111122220001,999999999999"])?;
    same(&estate, &["--regions", "eu-north-1"])?;
    Ok(())
}

#[test]
fn what_was_done_to_a_log_bucket_is_found_as_in_its_archive() -> Result<()> {
    type Tamper<'t> = &'t dyn Fn(&Estate) -> Result<()>;
    let whole = Estate::synthesised()?;
    let (logs, digests) = (whole.logs()?, whole.digests()?);
    let (log, digest) = (logs.get(1).context("a log file")?.as_str(), digests.get(2).context("a digest")?.as_str());
    let other = gzip::member(br#"{"Records":[]}"#);
    let forged = log.rsplit_once('_').map(|(name, _)| format!("{name}_AAAABBBBCCCCDDDD.json.gz")).context("a name")?;
    let cut = |e: &Estate, bytes: usize| {
        let stored = e.bytes(log)?;
        e.write(log, stored.get(..stored.len() - bytes).context("bytes")?)
    };
    let cases: [(&str, Tamper<'_>, &[&str]); 12] = [
        ("altered", &|e| e.write(log, &other), &["altered"]),
        ("deleted", &|e| e.remove(log), &["missing"]),
        ("forged", &|e| e.write(&forged, &other), &["unlisted"]),
        ("forged, no gzip", &|e| e.write(&forged, b"{}"), &["not_one_member", "unlisted"]),
        ("cut trailer", &|e| cut(e, 4), &["not_one_member"]),
        ("cut short", &|e| cut(e, 40), &["altered", "not_one_member"]),
        ("second member", &|e| e.write(log, &[e.bytes(log)?, other.clone()].concat()), &["altered", "not_one_member"]),
        ("trailing bytes", &|e| e.write(log, &[e.bytes(log)?, b"more".to_vec()].concat()), &["not_one_member"]),
        ("too large to be held", &|e| e.write(log, &[e.bytes(log)?, b"more".repeat(2 << 20)].concat()), &["not_one_member"]),
        ("deleted digest", &|e| e.remove(digest), &["missing_digests", "no_digest"]),
        ("deleted newest", &|e| e.remove(digests.last().context("a digest")?), &["missing_newest"]),
        ("second member after a digest", &|e| e.write(digest, &[e.bytes(digest)?, gzip::member(b"{}")].concat()), &["digest_refused"]),
    ];
    for (name, tamper, names) in cases {
        let estate = whole.copy()?;
        tamper(&estate)?;
        let verdict = same(&estate, &["--as-of", LATE]).context(name)?;
        for expected in names {
            ensure!(found(&verdict)?.contains_key(*expected), "{name}: {:#}", verdict["finding_counts"]);
        }
        ensure!(verdict["verified"] == Value::Bool(false), "{name}: {verdict:#}");
    }
    let gone = whole.copy()?;
    gone.remove(log)?;
    let verdict = same(&gone, &["--as-of", SOON])?;
    let missing = finding(&verdict, "missing_within_grace")?;
    ensure!(missing["evidence"]["found"] == "not_there" && missing["evidence"]["listed_by"].is_string(), "{missing:#}");
    gone.write(&forged, &other)?;
    let verdict = run(&gone, &["--as-of", LATE])?.ended(1)?.json()?;
    let unlisted = finding(&verdict, "unlisted")?;
    ensure!(
        unlisted["evidence"]["found_size"].as_str().and_then(|size| size.parse().ok()) == Some(other.len()) && unlisted["key"] == *forged,
        "{unlisted:#}"
    );
    Ok(())
}

#[test]
fn a_sample_of_a_log_bucket_never_counts_what_was_not_read_as_verified() -> Result<()> {
    let estate = Estate::synthesised()?;
    let all = number(&run(&estate, &[])?.ended(0)?.json()?, "/log_files/verified")?;
    let verdict = run(&estate, &["--sample", "50%", "--seed", "7"])?.ended(1)?.json()?;
    let (read, left) = (number(&verdict, "/log_files/verified")?, number(&verdict, "/log_files/not_read")?);
    ensure!(read + left == all && read > 0 && left > 0, "{read} and {left} of {all}");
    ensure!(found(&verdict)? == BTreeMap::from([("not_read".to_owned(), 1)]), "{verdict:#}");
    ensure!(number(finding(&verdict, "not_read")?, "/count")? == left, "{verdict:#}");
    ensure!(number(&verdict, "/read_again/seed")? == 7 && number(&verdict, "/read_again/sources")? == read, "{verdict:#}");
    let again = run(&estate, &["--sample", "50%", "--seed", "7"])?.ended(1)?.json()?;
    ensure!(again["log_files"] == verdict["log_files"], "{again:#}");
    run(&estate, &["--sample", "100%"])?.ended(0)?;
    // What is not there, or not listed, is told without being read.
    let logs = estate.logs()?;
    estate.remove(&logs[1])?;
    let verdict = run(&estate, &["--sample", "0%", "--as-of", LATE])?.ended(1)?.json()?;
    ensure!(number(&verdict, "/log_files/missing")? == 1 && number(&verdict, "/log_files/verified")? == 0, "{verdict:#}");
    Ok(())
}

#[test]
fn a_directory_is_taken_for_the_bucket_that_its_digests_or_the_caller_name() -> Result<()> {
    let estate = Estate::synthesised()?;
    let bucket = run(&estate, &[])?.ended(0)?.json()?["log_bucket"]["name"].as_str().context("a name")?.to_owned();
    let named = run(&estate, &["--bucket", &bucket])?.ended(0)?.json()?;
    ensure!(named["log_bucket"] == serde_json::json!({ "name": bucket, "named_by": "option" }), "{named:#}");
    let alias = format!("org-logs-copy={bucket}");
    let replica = run(&estate, &["--bucket", "org-logs-copy", "--bucket-alias", &alias])?.ended(0)?.json()?;
    ensure!(replica["aliases"]["org-logs-copy"] == *bucket, "{replica:#}");
    let moved = run(&estate, &["--bucket", "elsewhere"])?.ended(1)?.json()?;
    ensure!(moved["findings"].to_string().contains("moved") && number(&moved, "/log_files/verified")? == 0, "{moved:#}");

    // Copied from below a prefix that the tree lost, or into a folder.
    let deeper = estate.copy()?;
    let below = deeper.trail.join("copies/of");
    fs::create_dir_all(&below)?;
    fs::rename(deeper.trail.join("AWSLogs"), below.join("AWSLogs"))?;
    run(&deeper, &[])?.ended(0)?;

    for digest in tree::read(&estate.trail)?.keys().filter(|key| key.contains("CloudTrail-Digest")) {
        estate.remove(digest)?;
    }
    run(&estate, &[])?.failed(2, &["no Digest below", "name the bucket"])?;
    let verdict = run(&estate, &["--bucket", &bucket])?.ended(1)?.json()?;
    ensure!(found(&verdict)?.contains_key("nothing_to_verify") && found(&verdict)?.contains_key("no_digest"), "{verdict:#}");
    let empty = estate.trail.with_file_name("empty");
    fs::create_dir(&empty)?;
    let verdict = command::run(from(&estate, empty.as_os_str(), &[]))?.ended(1)?.json()?;
    ensure!(found(&verdict)? == BTreeMap::from([("nothing_to_verify".to_owned(), 1)]), "{verdict:#}");
    Ok(())
}

#[test]
fn wrong_usage_and_buckets_that_cannot_be_read_give_no_verdict() -> Result<()> {
    let estate = Estate::synthesised()?;
    let (trail, keys) = (estate.trail.as_os_str(), estate.keys.as_os_str());
    let verify = |more: &[&OsStr]| command::run([OsStr::new("verify"), "--from".as_ref()].into_iter().chain(more.iter().copied()));
    verify(&[trail])?.failed(2, &["--public-keys", "no archive that keeps"])?;
    let archive = estate.archive.as_os_str();
    verify(&[trail, "--public-keys".as_ref(), keys, "--archive".as_ref(), archive])?.failed(2, &["--from", "--archive"])?;
    let s3: [&OsStr; 5] = ["s3://org-logs".as_ref(), "--public-keys".as_ref(), keys, "--bucket".as_ref(), "org-logs".as_ref()];
    verify(&s3)?.failed(2, &["--bucket-alias"])?;
    let nowhere = estate.trail.join("nowhere");
    verify(&[nowhere.as_os_str(), "--public-keys".as_ref(), keys])?.failed(2, &["could not be verified", "nowhere"])?;
    command::run(["verify"])?.failed(2, &["--archive"])?;
    // The archive of every day that the environment names is none beside --from.
    let mut everyday = command::command(from(&estate, trail, &[]))?;
    Ended::from(everyday.env("TRAILKEEP_ARCHIVE", archive).output()?).ended(0)?;
    Ok(())
}

#[tokio::test]
async fn a_log_bucket_on_s3_is_judged_by_its_objects_and_their_metadata() -> Result<()> {
    let Some(moto) = Moto::start("verify --from on S3")? else { return Ok(()) };
    let estate = Estate::synthesised()?;
    let bucket = run(&estate, &[])?.ended(0)?.json()?["log_bucket"]["name"].as_str().context("a name")?.to_owned();
    for name in [bucket.as_str(), "org-logs-copy"] {
        moto.create_bucket(name).await?;
        upload(&moto, &estate, name).await?;
    }
    let verify = |address: &str, more: &[&str]| -> Result<Ended> {
        let mut command = command::command(from(&estate, address.as_ref(), more))?;
        Ok(command.envs(moto.environment()).env("TRAILKEEP_S3_ENDPOINT", moto.endpoint()).output()?.into())
    };
    let own = format!("s3://{bucket}");
    let verdict = verify(&own, &[])?.ended(0)?.json()?;
    let here = run(&estate, &[])?.json()?;
    ensure!(verdict["log_files"] == here["log_files"] && verdict["digests"] == here["digests"], "{verdict:#}");
    ensure!(verdict["log_bucket"]["named_by"] == "s3", "{verdict:#}");
    let logs = estate.logs()?;
    let (account, _) = logs[1].split_once("/CloudTrail/").context("an account's folder")?;
    let of_one = verify(&format!("{own}/{account}"), &["--since", "2026-01-15T02:00:00Z"])?.ended(0)?.json()?;
    ensure!(of_one["places"].as_array().is_some_and(|places| places.len() == 1), "{of_one:#}");
    verify(&format!("{own}/{account}/CloudTrail/us-east-1"), &[])?.failed(2, &["deeper than an account's folder"])?;
    ensure!(found(&verify("s3://org-logs-copy", &[])?.ended(1)?.json()?)?.contains_key("digest_refused"), "a replica without its alias");
    verify("s3://org-logs-copy", &["--bucket-alias", &format!("org-logs-copy={bucket}")])?.ended(0)?;
    verify("s3://nothing-there", &[])?.failed(2, &["could not be verified", "nothing-there"])?;

    // An object in an archived class, and one that was deleted.
    let client = moto.client();
    let put = client.put_object().bucket(&bucket).key(&logs[1]).storage_class(StorageClass::DeepArchive);
    put.body(ByteStream::from(estate.bytes(&logs[1])?)).send().await?;
    client.delete_object().bucket(&bucket).key(&logs[2]).send().await?;
    let verdict = verify(&own, &["--as-of", LATE])?.ended(1)?.json()?;
    let expected = BTreeMap::from([("archived_not_read".to_owned(), 1), ("missing".to_owned(), 1)]);
    ensure!(found(&verdict)? == expected, "{:#}", verdict["findings"]);
    ensure!(number(&verdict, "/log_files/not_read")? == 1 && number(&verdict, "/read_again/archived")? == 1, "{verdict:#}");
    Ok(())
}

/// Puts a tree into a bucket, with the metadata that lies beside its Digests.
async fn upload(moto: &Moto, estate: &Estate, bucket: &str) -> Result<()> {
    let files = tree::read(&estate.trail)?;
    for (key, bytes) in files.iter().filter(|(key, _)| key.ends_with(".json.gz")) {
        let mut put = moto.client().put_object().bucket(bucket).key(key).body(ByteStream::from(bytes.clone()));
        if let Some(sidecar) = files.get(&format!("{key}.metadata.json")) {
            for (name, value) in serde_json::from_slice::<BTreeMap<String, String>>(sidecar)? {
                put = put.metadata(name, value);
            }
        }
        put.send().await?;
    }
    Ok(())
}
