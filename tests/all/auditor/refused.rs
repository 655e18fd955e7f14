//! AWS Organizations refuses: who should deliver is unknown and said to be so, by the command and by the auditor, and everything lands all the same.

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use trailkeep_tests::{
    chaos::{ARCHIVE, Cloud, Delivered, Fleet, LEDGER, LOGS, Shape, brisk, notification, until_quiet},
    command::{self, Ended},
    emulator::Moto,
    proxy::{Door, Fault, Proxy, Rule},
    tree,
};

use super::{
    NINE_MS, auditor_command,
    newcomer::{once_at, synthesised},
    offset_to,
};

/// Two hours after the end of the trail: all of it is due, and nothing after it is.
const SEVEN_MS: i64 = NINE_MS - 2 * 3_600_000;
const WITHIN: Duration = Duration::from_secs(90);
const WINDOW: [&str; 6] = ["--since", "2026-01-15T01:00:00Z", "--until", "2026-01-15T05:00:00Z", "--assume-regions", "us-east-1"];

async fn deliver(moto: &Moto, trail: &Path, key: &str) -> Result<Delivered> {
    let bytes = std::fs::read(trail.join(key))?;
    let beside = std::fs::read(trail.join(format!("{key}.metadata.json"))).unwrap_or_else(|_| b"{}".to_vec());
    let metadata: BTreeMap<String, String> = serde_json::from_slice(&beside)?;
    let size = bytes.len();
    let put = moto.client().put_object().bucket(LOGS).key(key).body(bytes.into());
    let put = put.set_metadata(Some(metadata.into_iter().collect())).send().await?;
    Ok(Delivered { key: key.to_owned(), etag: put.e_tag().context("an entity tag")?.trim_matches('"').to_owned(), bytes: size })
}

/// Delivers objects, announces them, and waits until they are landed.
async fn land(moto: &Moto, cloud: &Cloud, fleet: &mut Fleet, trail: &Path, keys: &[String]) -> Result<()> {
    let mut delivered = Vec::new();
    for key in keys {
        delivered.push(deliver(moto, trail, key).await?);
    }
    let messages: Vec<String> = delivered.chunks(20).map(|some| notification(Shape::S3, &some.iter().collect::<Vec<_>>())).collect();
    cloud.announce(&messages).await?;
    until_quiet(cloud, fleet, WITHIN).await
}

/// A command whose calls go through a door.
fn through(mut command: Command, moto: &Moto, door: &Door) -> Result<Ended> {
    command.envs(moto.environment()).env("TRAILKEEP_AWS_ENDPOINT", door.endpoint());
    Ok(command.output()?.into())
}

fn landed(cloud: &Cloud) -> Result<usize> {
    Ok(cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", "SELECT DISTINCT key FROM sources"])?.rows()?.len())
}

#[tokio::test]
async fn an_organization_that_refuses_leaves_coverage_unknown_and_landing_goes_on() -> Result<()> {
    let Some(moto) = Moto::start("an organization that refuses")? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let trail = directory.path().join("trail");
    let out = trail.display().to_string();
    let options = ["--accounts", "1", "--regions", "1", "--hours", "5", "--events-per-hour", "60", "--start", "2026-01-15T00:00:00Z"];
    command::run(["synth", "--out", &out, "--bucket", LOGS].into_iter().chain(options).chain(["--seed", "5"]))?.ok()?;
    let keys: Vec<String> = tree::read(&trail)?.into_keys().filter(|key| key.ends_with(".json.gz")).collect();
    let (first, last) = keys.split_at(keys.len() - 1);

    let cloud = Cloud::set_up(&moto).await?;
    let proxy = Proxy::before(moto.endpoint(), 1)?;
    proxy.add(Rule::before("organizations:", Fault::Denied));
    let door = proxy.door("people")?;
    let mut fleet = Fleet::start(1, &proxy, &cloud, brisk(), directory.path())?;
    land(&moto, &cloud, &mut fleet, &trail, first).await?;

    through(command::command(["accounts", "--archive", ARCHIVE, "--refresh"])?, &moto, &door)?.failed(1, &["organizations:"])?;
    let coverage = command::command(["coverage", "--archive", ARCHIVE].iter().chain(&WINDOW))?;
    let told = through(coverage, &moto, &door)?.ended(1)?;
    ensure!(told.text().starts_with("UNKNOWN"), "{}", told.text());
    let mut round = auditor_command()?;
    round.args(["--archive", ARCHIVE, "--ledger", LEDGER, "--assume-regions", "us-east-1", "--once", "--public-keys"]);
    round.arg(trail.join("public-keys.json")).args(["--clock-offset-ms", &offset_to(SEVEN_MS)?]);
    let said = through(round, &moto, &door)?.ended(1)?.said();
    ensure!(said.contains("organizations:") && said.contains("roster"), "{said}");
    let unknown = "SELECT count(*) AS n FROM open_findings WHERE name = 'coverage_unknown'";
    let rows = cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", unknown])?.rows()?;
    ensure!(rows.first().is_some_and(|row| row["n"] == 1), "{rows:?}");
    ensure!(proxy.struck().contains_key("Denied"), "{:?}", proxy.struck());

    ensure!(landed(&cloud)? == first.len());
    land(&moto, &cloud, &mut fleet, &trail, last).await?;
    ensure!(landed(&cloud)? == keys.len(), "nothing that was announced waits for Organizations");
    let ended = fleet.drain(WITHIN).await?;
    ensure!(ended.iter().all(std::process::ExitStatus::success), "{ended:?}");
    Ok(())
}

#[test]
fn a_round_with_nothing_open_ends_with_0_where_coverage_is_unknown() -> Result<()> {
    let directory = synthesised(|_| Ok(()))?;
    once_at(directory.path(), SEVEN_MS)?.ended(0)?;
    let archive = directory.path().join("audit").display().to_string();
    let told = command::run(["coverage", "--archive", &archive].into_iter().chain(WINDOW))?.ended(1)?;
    ensure!(told.text().starts_with("UNKNOWN"), "{}", told.text());
    Ok(())
}
