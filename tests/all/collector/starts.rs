//! Starting: configuration, wrong usage, and what is not there.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use trailkeep_tests::{chaos::collector_command, command::Ended};

use super::world::{World, named};

fn run(more: &[&str]) -> Result<Ended> {
    let mut command = collector_command()?;
    Ok(command.env("TRAILKEEP_QUEUE", "https://sqs.us-east-1.amazonaws.com/111122223333/q").args(more).output()?.into())
}

/// Runs it to its end, which must be a failure that these words tell.
fn refused(world: &World, more: &[&str], words: &[&str]) -> Result<()> {
    let ended = Ended::from(world.command(more)?.output()?);
    ended.failed(1, &[]).and_then(|ended| {
        // The last line is what a person reads; the log has the same.
        let last = ended.stderr.lines().last().unwrap_or_default().to_owned();
        for word in words {
            ensure!(last.starts_with("error: ") && last.contains(word), "expected {word:?} in the last line:\n{}", ended.said());
        }
        Ok(())
    })
}

#[test]
fn the_configuration_is_printed_without_secrets() -> Result<()> {
    let secret = "s3cret-external-id";
    let queue = "https://me:pass%40word@sqs.example.com/111122223333/q";
    let printed = run(&["--print-config", "--source-external-id", secret, "--queue", queue, "--organization", "o-exampleorg"])?.ok()?;
    ensure!(!printed.said().contains(secret) && !printed.said().contains("pass%40word"), "{}", printed.said());
    let told = printed.json()?;
    ensure!(told["source_external_id"] == "redacted" && told["organizations"] == "o-exampleorg", "{told:#}");
    ensure!(told["queue"] == "https://redacted@sqs.example.com/111122223333/q" && told["seal_age"] == "300s", "{told:#}");
    let from_environment =
        collector_command()?.env("TRAILKEEP_QUEUE", "q").env("TRAILKEEP_SOURCE_EXTERNAL_ID", secret).arg("--print-config").output()?;
    ensure!(!Ended::from(from_environment).ok()?.said().contains(secret), "the variable is shown");
    Ok(())
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() -> Result<()> {
    for (words, told) in [
        (&["--organization", "exampleorg"][..], &["o- and 10 to 32"][..]),
        (&["--account", "1234"], &["12 digits"]),
        (&["--seal-age", "5 minutes"], &["300s", "15m"]),
        (&["--seal-bytes", "128MB"], &["128MiB"]),
        (&["--bucket-alias", "replica"], &["REPLICA=ORIGIN"]),
        (&["--object-lock-mode", "governance"], &["--object-lock-days"]),
        (&["--object-lock-mode", "forever", "--object-lock-days", "1"], &["governance", "compliance"]),
        (&["--kms-key", "raw/"], &["PREFIX=KEY"]),
        (&["--max-messages", "500000"], &["120000"]),
        (&["--seal-objects", "20000"], &["10000"]),
        (&["--no-such-option"], &["--no-such-option", "--help"]),
        (&["--receive-wait", "30s"], &["--receive-wait is at most 20 s"]),
        (&["--visibility", "13h"], &["--visibility is below 12 h"]),
        (&["--archive", "audit"], &["s3://bucket/prefix"]),
        (&["--ledger", "sqlite://x"], &["dynamodb://TABLE"]),
        (&["--topic-arn", "landed"], &["arn:"]),
        (&["--announce-digests"], &["--topic-arn"]),
    ] {
        run(words)?.failed(2, told).with_context(|| format!("{words:?}"))?;
    }
    let mut bare = collector_command()?;
    bare.env_remove("TRAILKEEP_ARCHIVE").env_remove("TRAILKEEP_LEDGER").env_remove("TRAILKEEP_BUCKETS");
    Ended::from(bare.output()?).failed(2, &["--queue", "--bucket", "--archive", "--ledger"])?;
    let help = run(&["--help"])?.ok()?.text();
    for words in ["Example:", "Exit codes:", "TRAILKEEP_QUEUE", "docs/operating.md", "--source-role-arn"] {
        ensure!(help.contains(words), "{words:?} is missing:\n{help}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_another_s_ends_it_with_1_and_the_way_out() -> Result<()> {
    let Some(world) = World::new("starts that must fail").await? else { return Ok(()) };
    refused(&world, &["--ledger", "dynamodb://nowhere"], &["nowhere", "trailkeep ledger create"])?;
    refused(&world, &["--archive", "s3://no-such-bucket"], &["no-such-bucket"])?;
    let queue = format!("{}-absent", world.cloud.queue);
    refused(&world, &["--queue", &queue], &["notifications-absent", "is not there"])?;
    refused(&world, &["--listen", "192.0.2.1:80"], &["192.0.2.1:80"])?;
    // An archive with something in it.
    let objects = world.deliver(0..1).await?;
    world.announce(&objects).await?;
    let collector = world.start("collector", &[])?;
    world.until_empty().await?;
    collector.drained().await?;
    world.cloud.trailkeep(["ledger", "create", "--ledger", "dynamodb://other"])?;
    let rebuild = "trailkeep ledger rebuild --archive s3://audit";
    refused(&world, &["--ledger", "dynamodb://other"], &["s3://audit", "belongs to", "dynamodb://other", rebuild])?;
    world.moto.create_bucket("empty").await?;
    refused(&world, &["--archive", "s3://empty"], &["s3://empty", "is the address right?"])?;
    make_ready(&world, false).await?;
    refused(&world, &[], &["dynamodb://trailkeep", rebuild])?;
    make_ready(&world, true).await?;
    world.start("again", &[])?.until_ready().await?;
    world.has_landed(named(&objects)).await
}

/// Marks the ledger as ready, or as one that a rebuild has begun and not finished.
async fn make_ready(world: &World, ready: bool) -> Result<()> {
    let update = world.moto.dynamodb().update_item().table_name("trailkeep").key("pk", AttributeValue::S("L".to_owned()));
    let update = update.update_expression("SET #r = :r").expression_attribute_names("#r", "ready");
    update.expression_attribute_values(":r", AttributeValue::Bool(ready)).send().await?;
    Ok(())
}
