//! `trailkeep estimate` and `trailkeep backfill` on moto: what is counted, what is skipped, what is sent, and what it is said to cost.

mod bucket;
mod inventories;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_tests::command;

use self::bucket::{ALL, BUCKET, World, number};

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_counts_objects_and_bytes_by_account_and_region() -> Result<()> {
    let Some(world) = World::start("estimates on S3").await? else { return Ok(()) };
    let told = world.estimate(&[])?;
    // 3 days × 2 accounts × 2 Regions × 4 logs of 1,000 bytes, and one Digest of 500 for each day, account and Region.
    ensure!((number(&told, "/objects"), number(&told, "/stored_bytes")) == (60, 54_000), "{told}");
    ensure!((number(&told, "/digests/objects"), number(&told, "/digests/stored_bytes")) == (12, 6_000), "{told}");
    ensure!(told.pointer("/first_day") == Some(&"2026-01-30".into()) && told.pointer("/last_day") == Some(&"2026-02-01".into()), "{told}");
    let places = told.pointer("/places").and_then(Value::as_array).context("no places")?;
    ensure!(
        places.len() == 4 && places.iter().all(|place| number(place, "/objects") == 15 && number(place, "/stored_bytes") == 13_500),
        "{told}"
    );
    for (more, objects) in [
        (&["--accounts", "111122223333"][..], 30),
        (&["--accounts", "111122223333,444455556666", "--regions", "eu-west-1"], 30),
        (&["--since", "2026-01-31"], 40),
        (&["--since", "2026-01-31", "--until", "2026-02-01"], 20),
        (&["--until", "2026-01-30"], 0),
        (&["--accounts", "777788889999"], 0),
    ] {
        let told = world.estimate(more)?;
        ensure!(number(&told, "/objects") == objects, "{more:?}: {told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_costs_what_was_worked_out_by_hand() -> Result<()> {
    let Some(world) = World::start("the costs of an estimate on S3").await? else { return Ok(()) };
    let told = world.estimate(&[])?;
    let usd = |pointer: &str| told.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let near = |found: f64, wanted: f64| (found - wanted).abs() <= 1e-9 * wanted.abs();
    // 60 GET at 0.40 USD a million; one Batch of 60 requests at 5 USD a million; one message sent, received and deleted at 0.40; 60 write units.
    for (at, wanted) in [(1, 60.0 * 0.4e-6), (2, 60.0 * 5e-6), (3, 3.0 * 0.4e-6), (4, 60.0 * 0.625e-6), (5, 60.0 * 3e-6)] {
        let found = usd(&format!("/costs/once/{at}/usd"));
        ensure!(near(found, wanted), "line {at}: {found} and not {wanted}: {told}");
    }
    // 48,000 bytes of logs and 6,000 of Digests; every year after the first: Deep Archive for raw/, Glacier Instant Retrieval for the rest.
    let gb = |bytes: f64| bytes / 1_073_741_824.0;
    let later = 12.0 * (gb(48_000.0) * (1.003 * 0.000_99 + 1.063 * 0.004) + gb(6_000.0) * 1.003 * 0.004);
    ensure!(near(usd("/costs/later_year_usd"), later), "{told}");
    // LIST: a folder for each of AWSLogs, organization, account, class, Region, year and month, then the days.
    ensure!(usd("/costs/once/0/count") > 0.0 && usd("/costs/once_usd") > 0.0, "{told}");

    let text = world.run(&["estimate", "--from", &format!("s3://{BUCKET}")])?.ok()?.text();
    for words in ["60 objects, 54.0 kB stored", "Assumptions", "(2024, AWS price list", "Glacier Deep Archive", "444455556666 eu-west-1"] {
        ensure!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_announces_everything_once_in_the_order_of_days() -> Result<()> {
    let Some(world) = World::start("a backfill to SQS").await? else { return Ok(()) };
    let (queue, archive) = (world.queue("collector").await?, world.empty_archive()?);
    let told = world.backfill(&queue, &archive, &["--yes", "--rate", "10000", "--output", "json"])?.ok()?.json()?;
    ensure!(
        (number(&told, "/objects_sent"), number(&told, "/messages_sent"), number(&told, "/objects_landed_before")) == (60, 1, 0),
        "{told}"
    );
    ensure!(number(&told, "/objects_passed_over") == 1, "{told}");
    let announced = world.announced(&queue).await?;
    let days: Vec<&str> =
        announced.iter().filter_map(|notice| notice.key.split("/2026/").nth(1)).filter_map(|rest| rest.get(..5)).collect();
    ensure!(days.is_sorted() && days.len() == 60, "{days:?}");
    let mut keys: Vec<String> = announced.iter().map(|notice| notice.key.clone()).collect();
    keys.sort_unstable();
    ensure!(keys == world.keys(ALL), "{keys:?}");
    ensure!(
        announced.iter().all(|notice| notice.bucket == BUCKET && notice.etag.is_some() && notice.size_bytes.is_some()),
        "{announced:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_archive_holds_is_not_announced_again() -> Result<()> {
    let Some(world) = World::start("a backfill beside an archive").await? else { return Ok(()) };
    let archive = world.directory.path().join("audit").display().to_string();
    let from = format!("s3://{BUCKET}");
    let landed =
        world.run(&["ingest", "--from", &from, "--archive", &archive, "--until", "2026-02-01", "--output", "json"])?.ok()?.json()?;
    ensure!(number(&landed, "/landed") == 40, "{landed}");
    let queue = world.queue("collector").await?;

    let dry = world.backfill(&queue, &archive, &["--dry-run", "--output", "json"])?.ok()?.json()?;
    ensure!(
        (number(&dry, "/objects_to_send"), number(&dry, "/objects_landed_before"), number(&dry, "/objects_sent")) == (20, 40, 0),
        "{dry}"
    );
    ensure!(dry.pointer("/dry_run") == Some(&true.into()) && number(&dry, "/estimate/objects") == 20, "{dry}");
    ensure!(world.announced(&queue).await?.is_empty(), "a dry run sent something");

    let text = world.backfill(&queue, &archive, &["--yes", "--rate", "10000"])?.ok()?.text();
    ensure!(text.contains("Sent 20 objects in 1 message") && text.contains("skipped      40 objects that the archive holds"), "{text}");
    let mut keys: Vec<String> = world.announced(&queue).await?.into_iter().map(|notice| notice.key).collect();
    keys.sort_unstable();
    ensure!(keys == world.keys(|key| key.contains("/2026/02/01/")), "{keys:?}");

    // Under another bucket's name nothing of it has landed.
    let other = world.backfill(&queue, &archive, &["--dry-run", "--bucket", "the-original", "--output", "json"])?.ok()?.json()?;
    ensure!((number(&other, "/objects_to_send"), number(&other, "/objects_landed_before")) == (60, 0), "{other}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_tells_what_each_side_holds() -> Result<()> {
    let Some(world) = World::start("a comparison of a bucket on S3 and an archive").await? else { return Ok(()) };
    let archive = world.directory.path().join("audit").display().to_string();
    let from = format!("s3://{BUCKET}");
    world.run(&["ingest", "--from", &from, "--archive", &archive, "--until", "2026-02-01"])?.ok()?;
    let compare = |more: &[&str]| world.run(&[&["compare", "--from", &from, "--archive", &archive], more].concat());

    let whole = compare(&["--until", "2026-02-01", "--output", "json"])?.ok()?.json()?;
    ensure!((number(&whole, "/both"), number(&whole, "/only_in_bucket"), number(&whole, "/only_in_archive")) == (40, 0, 0), "{whole}");
    ensure!(number(&whole, "/in_bucket/stored_bytes") == number(&whole, "/in_archive/stored_bytes"), "{whole}");

    let s3 = world.moto.client();
    let (gone, grown) =
        (world.keys(|key| key.contains("/2026/01/30/")).remove(0), world.keys(|key| key.contains("/2026/01/31/")).remove(0));
    s3.delete_object().bucket(BUCKET).key(&gone).send().await?;
    s3.put_object().bucket(BUCKET).key(&grown).body(vec![b'x'; 77].into()).send().await?;
    let told = compare(&["--output", "json"])?.ended(3)?.json()?;
    let figures =
        ["/both", "/only_in_bucket", "/only_in_archive", "/of_another_size", "/on_their_way"].map(|pointer| number(&told, pointer));
    ensure!(figures == [39, 20, 1, 1, 0], "{told}");
    ensure!(told.pointer("/keys_only_in_archive/0") == Some(&gone.as_str().into()), "{told}");
    ensure!(told.pointer("/keys_of_another_size/0") == Some(&grown.as_str().into()), "{told}");
    ensure!(told.pointer("/days").and_then(Value::as_array).is_some_and(|days| days.len() == 3), "{told}");

    let text = compare(&["--show", "1"])?.ended(3)?.text();
    for words in ["both hold                       39", "trailkeep backfill", "Only in the bucket (1 of 20):", gone.as_str(), "2026-01-31"]
    {
        ensure!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    compare(&["--bucket", "another-name", "--output", "json"])?.ended(3)?;
    world.run(&["compare", "--from", &archive, "--archive", &archive])?.failed(1, &["the same place"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_ask_and_no_such_queue_are_told_before_anything_is_sent() -> Result<()> {
    let Some(world) = World::start("misuse of backfills").await? else { return Ok(()) };
    let (queue, archive) = (world.queue("collector").await?, world.empty_archive()?);
    world.backfill(&queue, &archive, &[])?.failed(2, &["--yes", "--dry-run"])?;
    let absent = queue.replace("collector", "absent");
    world.backfill(&absent, &archive, &["--yes"])?.failed(1, &["absent"])?;
    world.run(&["estimate", "--from", &archive])?.failed(2, &["no bucket", "trailkeep ingest"])?;
    world.run(&["estimate", "--from", "s3://no-such-bucket"])?.failed(1, &["no-such-bucket"])?;
    let days = ["estimate", "--from", "s3://example-org-trail", "--since", "2026-01-02", "--until", "2026-01-02"];
    world.run(&days)?.failed(2, &["--since is not before --until"])?;
    world.run(&["estimate", "--from", "s3://example-org-trail", "--accounts", "1234"])?.failed(2, &["12 digits"])?;
    ensure!(world.announced(&queue).await?.is_empty(), "something was sent");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_backfill_says_how_to_go_on() -> Result<()> {
    let Some(world) = World::start("stopping a backfill").await? else { return Ok(()) };
    let (queue, archive) = (world.queue("collector").await?, world.empty_archive()?);
    world.moto.sqs().send_message().queue_url(&queue).message_body("somebody's").send().await?;
    let from = format!("s3://{BUCKET}");
    // One message is more than it may find there, so that it waits.
    let arguments = ["backfill", "--from", &from, "--queue", &queue, "--archive", &archive, "--yes", "--max-depth", "0"];
    let mut child = command::command(arguments)?.envs(world.moto.environment()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(child.stdout.take().context("no standard output")?);
    let mut text = String::new();
    while !text.contains("Prices\n") {
        ensure!(said.read_line(&mut text)? > 0, "it ended before it was stopped: {text}");
    }
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    ensure!(stopped.success(), "it could not be stopped");
    said.read_to_string(&mut text)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(130), "{status}: {text}");
    ensure!(text.contains("Sent 0 objects") && text.contains("Stopped before the end. To go on"), "{text}");
    tokio::time::timeout(Duration::from_secs(30), async {
        ensure!(world.announced(&queue).await?.is_empty(), "something was sent");
        Ok(())
    })
    .await?
}
