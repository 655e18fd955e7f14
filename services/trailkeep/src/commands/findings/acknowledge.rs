//! `trailkeep findings acknowledge`: says why a finding is left so. The auditor takes it up in its next round.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use trailkeep_archive::{Acknowledgement, acknowledgement_key, is_finding};
use trailkeep_pipeline::{
    ingest::Surroundings as _,
    ports::bucket::{AuditBucket, PutOutcome, PutPolicy},
};
use trailkeep_query::{
    Engine, EngineConfig,
    render::{TextFormat, write_text},
};
use trailkeep_records::time::parse_iso;

use crate::{
    cli::Globals,
    commands::protection::{Encryption, ObjectLock},
    exit::Exit,
    location::Location,
    output::print,
    outside::Machine,
    stack,
};

const DAY_MS: i64 = 86_400_000;

/// Say why a finding stays as it is, so that the auditor's counts and alarms leave it out.
///
/// It stays a finding: trailkeep verify, its exit code and attestations count it as before, and once it changes it is open again.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Acknowledge {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The findings, by the ids that trailkeep findings shows.
    #[arg(value_name = "ID", required = true, value_parser = finding)]
    ids: Vec<String>,
    /// Why: one line of at most 1,024 bytes. It is kept, and told to whoever hears of findings.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so; on S3 CloudTrail records whose credentials wrote it, whatever stands here.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    lock: ObjectLock,
}

const AFTER_HELP: &str = "\
It needs to read the archive's findings/ and to write below acknowledged/ (s3:PutObject), and nothing else.

Example:
  trailkeep findings acknowledge --archive s3://audit 5f1d0000000000000000000000000000 --reason \"account closed, ticket 1234\" --by ops

Exit codes: 0 acknowledged; 1 failed, or one of them is not open: then none is.";

/// How a finding stands, as a query tells it.
#[derive(Debug, Deserialize)]
struct Stands {
    id: String,
    at: String,
    change: String,
    name: String,
}

impl Acknowledge {
    pub(crate) fn run(&self, globals: &Globals) -> anyhow::Result<Exit> {
        stack::block_on(EngineConfig::default().threads, self.acknowledge(globals))
    }

    async fn acknowledge(&self, globals: &Globals) -> anyhow::Result<Exit> {
        let (writing, retention) = (self.encryption.of(&self.archive)?, self.lock.of(&self.archive)?);
        let bucket = self.archive.open_to_write(globals, writing).await?;
        let stands = self.stands(&bucket).await?;
        let machine = Machine::new();
        let now_ms = machine.now().unix_ms;
        let until = |days: u32| now_ms.saturating_add(i64::from(days).saturating_mul(DAY_MS));
        let policy = PutPolicy {
            content_type: Some("application/json".to_owned()),
            if_absent: true,
            lock: retention.map(|retention| (retention.mode, until(retention.days))),
            ..PutPolicy::default()
        };
        let mut lines = Vec::new();
        for (id, stands) in &stands {
            let as_of_ms = parse_iso(&stands.at).with_context(|| format!("the time {} of finding {id} cannot be read", stands.at))?;
            let said = Acknowledgement::new(id, as_of_ms, &self.reason, self.by.as_deref())?;
            let key = acknowledgement_key(id, now_ms, machine.random());
            if bucket.put(&key, said.to_json()?.into(), &policy).await? == PutOutcome::AlreadyThere {
                bail!("{key} is there already: try again");
            }
            lines.push(format!("{id} {}: acknowledged\n", stands.name));
        }
        print(&format!("{}The auditor takes it up in its next round.\n", lines.concat()))?;
        Ok(Exit::Done)
    }

    /// How each of them stands. All of them are open.
    async fn stands(&self, bucket: &Arc<dyn AuditBucket>) -> anyhow::Result<BTreeMap<String, Stands>> {
        let engine = Engine::open(Arc::clone(bucket), EngineConfig::default()).await?;
        let ids: Vec<String> = self.ids.iter().map(|id| format!("'{id}'")).collect();
        let sql = format!("SELECT id, at, change, name FROM open_findings WHERE id IN ({})", ids.join(", "));
        let (batches, _) = engine.query(&sql).await?.into_parts();
        let mut text = Vec::new();
        write_text(batches, TextFormat::Json, &mut text).await?;
        let mut stands = BTreeMap::new();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let one: Stands = serde_json::from_slice(line).context("the archive's findings cannot be read")?;
            stands.insert(one.id.clone(), one);
        }
        for id in &self.ids {
            match stands.get(id) {
                None => bail!("no finding {id} is open in {}: trailkeep findings --open lists those that are", self.archive),
                Some(one) if one.change == "acknowledged" => bail!("finding {id} is acknowledged already, since {}", one.at),
                Some(_) => {}
            }
        }
        Ok(stands)
    }
}

/// An id as findings have.
fn finding(text: &str) -> Result<String, String> {
    if is_finding(text) { Ok(text.to_owned()) } else { Err("a finding's id is 32 hexadecimal digits in lower case".to_owned()) }
}
