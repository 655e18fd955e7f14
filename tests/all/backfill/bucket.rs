//! A log bucket on moto with three days of two accounts and two Regions, a queue, and the commands on them.

use anyhow::{Context, Result};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use trailkeep_notifications::{Entry, Message, ObjectNotice, parse};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
    gzip,
};

pub(crate) const BUCKET: &str = "example-org-trail";
/// The filter of all keys.
pub(crate) const ALL: fn(&str) -> bool = |_| true;

const DAYS: [&str; 3] = ["2026/01/30", "2026/01/31", "2026/02/01"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

pub(crate) struct World {
    pub(crate) moto: Moto,
    pub(crate) directory: tempfile::TempDir,
}

/// A number in an answer; the largest where there is none.
pub(crate) fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::MAX)
}

/// Keys of all LogObjects and Digests, with their sizes in bytes.
pub(crate) fn objects() -> Vec<(String, usize)> {
    let mut objects = Vec::new();
    for (account, region) in ACCOUNTS.iter().flat_map(|account| REGIONS.map(|region| (account, region))) {
        for day in DAYS {
            let (folder, stamp) = (format!("AWSLogs/o-exampleorgid/{account}"), day.replace('/', ""));
            for number in 0..4 {
                let name = format!("{account}_CloudTrail_{region}_{stamp}T0905Z_{number:016}.json.gz");
                objects.push((format!("{folder}/CloudTrail/{region}/{day}/{name}"), 1_000));
            }
            let name = format!("{account}_CloudTrail-Digest_{region}_all_us-east-1_{stamp}T100000Z.json.gz");
            objects.push((format!("{folder}/CloudTrail-Digest/{region}/{day}/{name}"), 500));
        }
    }
    objects.sort_unstable();
    objects
}

/// A gzip member of no Records with just so many bytes.
fn body(size: usize) -> Vec<u8> {
    let mut stored = gzip::member(b"{\"Records\":[]}");
    stored.resize(size, 0);
    stored
}

impl World {
    /// `None` where there is no emulator.
    pub(crate) async fn start(what: &str) -> Result<Option<Self>> {
        let Some(moto) = Moto::start(what)? else { return Ok(None) };
        moto.create_bucket(BUCKET).await?;
        let client = moto.client();
        let others = [
            ("AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/02/01/notes.txt".to_owned(), 10),
            ("AWSLogs/o-exampleorgid/111122223333/Config/us-east-1/2026/1/5/ConfigHistory/x.json.gz".to_owned(), 10),
            ("elsewhere/file".to_owned(), 10),
        ];
        for (key, size) in objects().into_iter().chain(others) {
            client.put_object().bucket(BUCKET).key(&key).body(ByteStream::from(body(size))).send().await.with_context(|| key.clone())?;
        }
        Ok(Some(Self { moto, directory: tempfile::tempdir()? }))
    }

    #[expect(clippy::unused_self, reason = "asked of a world, though all worlds have the same objects")]
    pub(crate) fn keys(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        objects().into_iter().map(|(key, _)| key).filter(|key| wanted(key)).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ended> {
        Ok(command::command(arguments)?.envs(self.moto.environment()).output()?.into())
    }

    pub(crate) fn estimate(&self, more: &[&str]) -> Result<Value> {
        let from = format!("s3://{BUCKET}");
        let arguments = [&["estimate", "--from", &from, "--output", "json"], more].concat();
        self.run(&arguments)?.ok()?.json()
    }

    pub(crate) fn backfill(&self, queue: &str, archive: &str, more: &[&str]) -> Result<Ended> {
        let from = format!("s3://{BUCKET}");
        self.run(&[&["backfill", "--from", &from, "--queue", queue, "--archive", archive], more].concat())
    }

    pub(crate) fn empty_archive(&self) -> Result<String> {
        let path = self.directory.path().join("empty");
        std::fs::create_dir_all(&path)?;
        Ok(path.display().to_string())
    }

    /// Makes a queue; its URL.
    pub(crate) async fn queue(&self, name: &str) -> Result<String> {
        self.moto.sqs().create_queue().queue_name(name).send().await?.queue_url.context("a queue without a URL")
    }

    /// Takes what is in the queue: the objects that its messages name, in the order in which they were sent.
    pub(crate) async fn announced(&self, queue: &str) -> Result<Vec<ObjectNotice>> {
        let (client, mut announced) = (self.moto.sqs(), Vec::new());
        loop {
            let messages = client.receive_message().queue_url(queue).max_number_of_messages(10).send().await?.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(announced);
            }
            for message in messages {
                if let Message::Objects { entries, .. } = parse(&message.body.unwrap_or_default()).message {
                    announced.extend(entries.iter().filter_map(Entry::object).cloned());
                }
                let receipt = message.receipt_handle.context("a message without a receipt")?;
                client.delete_message().queue_url(queue).receipt_handle(receipt).send().await?;
            }
        }
    }
}
