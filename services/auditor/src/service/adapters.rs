//! The auditor's ports on AWS and on files.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path, sync::Arc};

use anyhow::Context as _;
use async_trait::async_trait;
use tokio::sync::Mutex;
use trailkeep_auditor::{KeySource, LogBuckets, Message, OrganizationSource, OutsideError, Teller, Told};
use trailkeep_aws::{
    AccountRegions, AwsSettings, CloudTrailError, CloudTrailKeys, Observation, Organizations, S3Bucket, SnsTopic, TopicMessage,
};
use trailkeep_digests::{MAX_KEYS_BYTES, Origin, PublicKeys};
use trailkeep_keys::Region;
use trailkeep_organization::Roster;
use trailkeep_pipeline::ports::{announcer::AnnounceError, bucket::LogBucket};

/// An SNS topic.
#[derive(Debug)]
pub(super) struct Topic(pub(super) SnsTopic);

#[async_trait]
impl Teller for Topic {
    fn address(&self) -> String {
        self.0.address().to_owned()
    }

    async fn tell(&self, messages: &[Message]) -> Told {
        let messages: Vec<TopicMessage> = messages.iter().map(sent).collect();
        let published = self.0.publish(&messages).await;
        let error = published.error.map(|error| match error {
            AnnounceError::Denied { topic, hint } => OutsideError::Denied { operation: format!("tell findings to {topic}"), hint },
            AnnounceError::Failed { topic, source } => OutsideError::Failed { operation: format!("tell findings to {topic}"), source },
        });
        Told { refused: published.refused, left: published.left, error }
    }
}

fn sent(message: &Message) -> TopicMessage {
    TopicMessage {
        body: message.body.clone(),
        attributes: message.attributes.clone(),
        group: message.group.clone(),
        deduplication: message.deduplication.clone(),
    }
}

/// Keys of a file.
#[derive(Debug)]
pub(super) struct FileKeys {
    keys: PublicKeys,
}

impl FileKeys {
    /// Reads a file of ListPublicKeys' form with a Region beside each key, or as an archive keeps them.
    ///
    /// # Errors
    /// Where it cannot be read, or has no key that can be used.
    pub(super) fn read(path: &Path, now_ms: i64) -> anyhow::Result<Self> {
        let shown = path.display();
        let mut json = Vec::new();
        let file = File::open(path).with_context(|| format!("failed to read the public keys in {shown}"))?;
        file.take(MAX_KEYS_BYTES as u64 + 1)
            .read_to_end(&mut json)
            .with_context(|| format!("failed to read the public keys in {shown}"))?;
        let mut keys = PublicKeys::new();
        let origin = Origin { source: format!("the file {shown}"), at_ms: now_ms };
        let refused = match keys.add_kept(&json) {
            Ok(refused) => refused,
            Err(_) => keys.add_list(&json, None, &origin).with_context(|| format!("{shown} is no list of public keys"))?,
        };
        for key in &refused {
            let fingerprint = key.fingerprint.as_deref().unwrap_or("without a fingerprint");
            tracing::warn!(%shown, index = key.index, fingerprint, reason = key.reason.name(), "a public key was not taken");
        }
        anyhow::ensure!(
            !keys.is_empty(),
            "{shown} has no public key that can be used: each needs its Region, as trailkeep synth writes it"
        );
        Ok(Self { keys })
    }
}

#[async_trait]
impl KeySource for FileKeys {
    /// All of them, whatever is asked: what is in the file is to be kept.
    async fn keys(&self, _region: Region, _from_ms: i64, _to_ms: i64, _now_ms: i64) -> Result<PublicKeys, OutsideError> {
        Ok(self.keys.clone())
    }

    fn all(&self) -> Option<&PublicKeys> {
        Some(&self.keys)
    }
}

/// CloudTrail itself.
#[derive(Debug)]
pub(super) struct PublishedKeys(pub(super) CloudTrailKeys);

#[async_trait]
impl KeySource for PublishedKeys {
    async fn keys(&self, region: Region, from_ms: i64, to_ms: i64, now_ms: i64) -> Result<PublicKeys, OutsideError> {
        let listed = self.0.list(region, from_ms, to_ms, now_ms).await.map_err(|error| match error {
            CloudTrailError::Denied { operation, region, hint } => {
                OutsideError::Denied { operation: format!("{operation} in {region}"), hint }
            }
            error => OutsideError::Failed { operation: "ask CloudTrail for its public keys".to_owned(), source: error.into() },
        })?;
        for (fingerprint, reason) in &listed.refused {
            let fingerprint = fingerprint.as_deref().unwrap_or("without a fingerprint");
            tracing::warn!(%region, fingerprint, reason = reason.name(), "a public key that CloudTrail gave out was not taken");
        }
        Ok(listed.keys)
    }
}

/// AWS Organizations, and the Regions that accounts have enabled.
#[derive(Debug)]
pub(super) struct Organization {
    pub(super) organizations: Organizations,
    pub(super) regions: AccountRegions,
}

#[async_trait]
impl OrganizationSource for Organization {
    async fn observe(&self, now_ms: i64) -> Result<(Option<Roster>, Vec<String>), OutsideError> {
        // What asks in parallel stays on this thread.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.ask(now_ms)))
    }
}

impl Organization {
    async fn ask(&self, now_ms: i64) -> Result<(Option<Roster>, Vec<String>), OutsideError> {
        let observed = self.organizations.observe(now_ms).await;
        let failed = |source| OutsideError::Failed { operation: "ask AWS Organizations for its accounts".to_owned(), source };
        match observed.map_err(|error| failed(error.into()))? {
            Observation::Unknown { hint } => Ok((None, vec![hint])),
            Observation::Roster { roster, mut denied } => {
                let (roster, more) = self.regions.complete(roster).await;
                denied.extend(more);
                Ok((Some(roster), denied))
            }
        }
    }
}

/// S3 buckets by name, opened when they are asked for.
#[derive(Debug)]
pub(super) struct NamedBuckets {
    settings: AwsSettings,
    opened: Mutex<BTreeMap<String, Arc<dyn LogBucket>>>,
}

/// Most buckets that are held open: Digests of one archive name a few.
const MAX_BUCKETS: usize = 64;

impl NamedBuckets {
    pub(super) fn new(settings: AwsSettings) -> Self {
        Self { settings, opened: Mutex::default() }
    }
}

#[async_trait]
impl LogBuckets for NamedBuckets {
    async fn bucket(&self, name: &str) -> Result<Option<Arc<dyn LogBucket>>, OutsideError> {
        let mut opened = self.opened.lock().await;
        if let Some(bucket) = opened.get(name) {
            return Ok(Some(Arc::clone(bucket)));
        }
        if opened.len() >= MAX_BUCKETS {
            return Ok(None);
        }
        let failed = |source: trailkeep_aws::NoRegion| OutsideError::Failed {
            operation: format!("open the log bucket {name}"),
            source: source.into(),
        };
        let bucket: Arc<dyn LogBucket> = Arc::new(S3Bucket::open_with(&self.settings, name, "").await.map_err(failed)?);
        opened.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(Some(bucket))
    }
}
