//! The ledger on DynamoDB, as moto and MiniStack emulate it: the contract of ledgers, releases side by side on one table, workers that race, and
//! whole commands on it.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde_json::Value;
use trailkeep_archive::BatchId;
use trailkeep_aws::{DynamoLedger, Made};
use trailkeep_pipeline::{
    contract::{self, ledger::TwoHandles},
    ports::ledger::{BatchState, Claim, Ledger, SourceId, WorkerId},
};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::{Emulator, Ministack, Moto},
};

mod releases;

/// Batch ids of these tests are of 2025; the emulators delete what has expired.
const DAYS: u32 = 36_500;

fn opened(client: &Client, table: &str) -> DynamoLedger {
    DynamoLedger::with_client(client.clone(), table).remembering(DAYS)
}

/// A new table with a ledger in it that is not ready yet.
async fn made(client: &Client, table: &str) -> Result<DynamoLedger> {
    let ledger = opened(client, table);
    ensure!(ledger.create_table(None).await? == Made::Now);
    ledger.create_if_missing(&format!("id of {table}")).await?;
    Ok(ledger)
}

async fn ready(client: &Client, table: &str) -> Result<DynamoLedger> {
    let ledger = made(client, table).await?;
    ledger.set_ready(1).await?;
    Ok(ledger)
}

fn source(number: usize) -> SourceId {
    SourceId::new("org-logs", format!("AWSLogs/111122223333/CloudTrail/eu-central-1/2025/10/09/{number}.json.gz"))
}

fn batch_id(number: u64) -> BatchId {
    BatchId::new(1_760_000_000_000, number)
}

async fn raw_item(client: &Client, table: &str, key: &str) -> Result<HashMap<String, AttributeValue>> {
    let get = client.get_item().table_name(table).key("pk", AttributeValue::S(key.to_owned())).consistent_read(true);
    get.send().await?.item.with_context(|| format!("{table} has no item {key}"))
}

async fn keep_the_contract(emulator: &Emulator) {
    let numbers = AtomicU32::new(0);
    let client = emulator.dynamodb();
    contract::ledger::ledger(async || {
        let table = format!("scenario-{}", numbers.fetch_add(1, Ordering::Relaxed));
        let one = made(&client, &table).await.expect("the emulator makes a table");
        TwoHandles { one: Arc::new(one), other: Arc::new(opened(&client, &table)) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamodb_on_moto_keeps_the_contract_of_ledgers() -> Result<()> {
    let Some(moto) = Moto::start("the contract of ledgers on DynamoDB (moto)")? else { return Ok(()) };
    keep_the_contract(&moto).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamodb_on_ministack_keeps_the_contract_of_ledgers() -> Result<()> {
    let Some(ministack) = Ministack::start("the contract of ledgers on DynamoDB (MiniStack)")? else { return Ok(()) };
    keep_the_contract(&ministack).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_that_race_admit_each_source_once() -> Result<()> {
    let Some(ministack) = Ministack::start("two workers racing on DynamoDB")? else { return Ok(()) };
    let client = ministack.dynamodb();
    let one = Arc::new(ready(&client, "race").await?);
    let sources: Vec<SourceId> = (0..200).map(source).collect();
    let racing = (0..2).map(|number| {
        let (ledger, mut sources) = (if number == 0 { Arc::clone(&one) } else { Arc::new(opened(&client, "race")) }, sources.clone());
        tokio::spawn(async move {
            let batch = batch_id(number);
            ledger.open(&batch, &WorkerId::new(&format!("process-{number}"), 0), 1, 5).await?;
            if number == 1 {
                sources.reverse();
            }
            let claims = ledger.admit(&batch, &sources).await?;
            let admitted = sources.into_iter().zip(claims).filter(|(_, claim)| *claim == Claim::Admitted);
            anyhow::Ok((batch, admitted.map(|(source, _)| source).collect::<Vec<_>>()))
        })
    });
    let mut holders: HashMap<SourceId, BatchId> = HashMap::new();
    for worker in racing.collect::<Vec<_>>() {
        let (batch, admitted) = worker.await??;
        for source in admitted {
            ensure!(holders.insert(source.clone(), batch).is_none(), "{source} was admitted twice");
        }
    }
    let looked = one.look(&sources).await?;
    for (source, holder) in sources.iter().zip(looked) {
        ensure!(holder.map(|holder| holder.batch) == holders.get(source).copied() && holders.contains_key(source), "{source}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rebuild_leaves_what_was_before_to_expire() -> Result<()> {
    let Some(moto) = Moto::start("epochs on DynamoDB")? else { return Ok(()) };
    let client = moto.dynamodb();
    let (ledger, stale) = (ready(&client, "epochs").await?, opened(&client, "epochs"));
    let (batch, owner) = (batch_id(1), WorkerId::new("process", 0));
    stale.open(&batch, &owner, 1, 5).await?;
    stale.admit(&batch, &[source(1)]).await?;
    ledger.begin_rebuild(2).await?;
    ledger.set_ready(2).await?;
    // Even once it has learnt of the new epoch, a batch of the old one stays there with its sources.
    ensure!(stale.identity().await?.epoch == 2);
    ensure!(stale.admit(&batch, &[source(2)]).await? == [Claim::Admitted]);
    ensure!(ledger.look(&[source(1), source(2)]).await? == [None, None], "nothing of it reached the new epoch");
    ensure!(ledger.unfinished().await?.is_empty(), "and nobody recovers it");
    let manifest = trailkeep_pipeline::ports::ledger::ManifestRef { key: "k".to_owned(), sha256: "s".to_owned() };
    let flip = stale.commit(&batch, &owner, 1, &manifest, 6).await?;
    ensure!(matches!(&flip, trailkeep_pipeline::ports::ledger::Flip::Refused(item) if item.state == BatchState::Open), "{flip:?}");
    let kept = raw_item(&client, "epochs", "S#1#1#org-logs/AWSLogs/111122223333/CloudTrail/eu-central-1/2025/10/09/1.json.gz").await?;
    let expires: i64 = kept["ttl"].as_n().ok().and_then(|text| text.parse().ok()).context("no ttl")?;
    ensure!(expires == batch.unix_ms() / 1_000 + i64::from(DAYS) * 86_400, "{expires}");
    Ok(())
}

#[tokio::test]
async fn a_table_is_made_once_and_others_are_refused() -> Result<()> {
    let Some(moto) = Moto::start("making the table")? else { return Ok(()) };
    let client = moto.dynamodb();
    let ledger = made(&client, "ledger").await?;
    ensure!(ledger.create_table(None).await? == Made::Before);
    ledger.create_if_missing("another id").await?;
    ensure!(ledger.identity().await?.id == "id of ledger", "its id stays");
    let told = client.describe_time_to_live().table_name("ledger").send().await?;
    ensure!(told.time_to_live_description.and_then(|told| told.attribute_name).as_deref() == Some("ttl"));
    let told = client.describe_continuous_backups().table_name("ledger").send().await?;
    ensure!(format!("{told:?}").contains("point_in_time_recovery_status: Some(Enabled)"), "{told:?}");

    let endpoint = moto.environment();
    let create =
        |ledger: &str| -> Result<Ended> { Ok(command::command(["ledger", "create", "--ledger", ledger])?.envs(endpoint).output()?.into()) };
    let said = create("dynamodb://by-command")?.ok()?.text();
    ensure!(said.contains("Made the table by-command") && said.contains("--ledger dynamodb://by-command"), "{said}");
    ensure!(create("dynamodb://by-command")?.ok()?.text().contains("The table is there: by-command"));
    create("./ledger.sqlite")?.failed(2, &["names a file"])?;

    client
        .create_table()
        .table_name("recipes")
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .attribute_definitions(
            aws_sdk_dynamodb::types::AttributeDefinition::builder()
                .attribute_name("name")
                .attribute_type(aws_sdk_dynamodb::types::ScalarAttributeType::S)
                .build()?,
        )
        .key_schema(
            aws_sdk_dynamodb::types::KeySchemaElement::builder()
                .attribute_name("name")
                .key_type(aws_sdk_dynamodb::types::KeyType::Hash)
                .build()?,
        )
        .send()
        .await?;
    create("dynamodb://recipes")?.failed(1, &["recipes", "not one of a ledger", "partition key must be pk"])?;
    Ok(())
}

/// A small trail below `directory`, and the command on the archive `s3://audit/org` with its ledger in a table.
struct InAws<'a> {
    moto: &'a Moto,
    directory: &'a Path,
}

impl InAws<'_> {
    fn run(&self, words: &[&str], ledger: &str) -> Result<Ended> {
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.extend(["--archive", "s3://audit/org", "--output", "json", "--ledger", ledger].map(OsString::from));
        Ok(command::command(arguments)?.envs(self.moto.environment()).output()?.into())
    }

    fn ingest(&self, ledger: &str) -> Result<Ended> {
        let trail = self.directory.join("trail").display().to_string();
        self.run(&["ingest", "--from", &trail], ledger)
    }
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_with_its_ledger_in_a_table_survives_the_loss_of_the_table() -> Result<()> {
    let Some(moto) = Moto::start("commands on a ledger in DynamoDB")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let (client, directory) = (moto.dynamodb(), tempfile::tempdir()?);
    let trail = directory.path().join("trail").display().to_string();
    command::run(["synth", "--out", &trail, "--accounts", "1", "--regions", "1", "--hours", "2", "--seed", "5"])?.ok()?;
    let aws = InAws { moto: &moto, directory: directory.path() };

    aws.ingest("dynamodb://fleet")?.failed(1, &["no table fleet", "us-east-1", "trailkeep ledger create --ledger dynamodb://fleet"])?;
    opened(&client, "fleet").create_table(None).await?;
    let told = aws.ingest("dynamodb://fleet")?.ok()?.json()?;
    let landed = number(&told, "/landed");
    ensure!(landed > 0 && landed < u64::MAX, "{told}");
    let told = aws.ingest("dynamodb://fleet")?.ok()?.json()?;
    ensure!((number(&told, "/landed"), number(&told, "/duplicates")) == (0, landed), "nothing lands twice: {told}");

    client.delete_table().table_name("fleet").send().await?;
    opened(&client, "fleet").create_table(None).await?;
    aws.ingest("dynamodb://fleet")?.failed(1, &["trailkeep ledger rebuild", "dynamodb://fleet"])?;
    let told = aws.run(&["ledger", "rebuild"], "dynamodb://fleet")?.ok()?.json()?;
    ensure!((number(&told, "/sources"), number(&told, "/epoch")) == (landed, 2), "{told}");
    let told = aws.ingest("dynamodb://fleet")?.ok()?.json()?;
    ensure!((number(&told, "/landed"), number(&told, "/duplicates")) == (0, landed), "it knows them again: {told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_asks_whether_the_worker_of_an_open_batch_is_stopped() -> Result<()> {
    let Some(moto) = Moto::start("a rebuild beside an open batch")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let (client, directory) = (moto.dynamodb(), tempfile::tempdir()?);
    let trail = directory.path().join("trail").display().to_string();
    command::run(["synth", "--out", &trail, "--accounts", "1", "--regions", "1", "--hours", "1", "--seed", "5"])?.ok()?;
    let ledger = opened(&client, "fleet");
    ledger.create_table(None).await?;
    let aws = InAws { moto: &moto, directory: directory.path() };
    aws.ingest("dynamodb://fleet")?.ok()?;
    ledger.open(&batch_id(7), &WorkerId::new("collector", 3), 1, 5).await?;
    aws.run(&["ledger", "rebuild"], "dynamodb://fleet")?.failed(1, &["collector/3", "stop every writer"])?;
    ensure!(ledger.identity().await?.ready, "nothing was begun");
    let told = aws.run(&["ledger", "rebuild", "--writers-stopped"], "dynamodb://fleet")?.ok()?.json()?;
    ensure!(number(&told, "/epoch") == 2, "{told}");
    Ok(())
}

#[test]
fn a_directory_keeps_its_ledger_in_a_file() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().display().to_string();
    let words = ["ingest", "--from", &path, "--archive", &format!("{path}-audit"), "--ledger", "dynamodb://fleet"];
    command::run(words)?.failed(2, &["a ledger in DynamoDB is for archives on S3"])?;
    let words = ["ingest", "--from", &path, "--archive", "s3://audit", "--ledger", "dynamodb://a b"];
    command::run(words)?.failed(2, &["names no table"])?;
    Ok(())
}
