//! Opens what the auditor works with.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use trailkeep_attest::{HeadStore, KeyFile, Signer, Successor, read_public_key};
use trailkeep_auditor::{KeySource, LogBuckets, OrganizationSource, Ports, Settings, Teller};
use trailkeep_aws::{AccountRegions, AwsSettings, CloudTrailKeys, DynamoLedger, KmsSigner, Organizations, S3Bucket, SnsTopic, SqsQueue};
use trailkeep_local::{DirectoryBucket, SqliteLedger, SqliteOptions};
use trailkeep_pipeline::{
    archive_guard,
    ingest::Surroundings as _,
    ports::{
        bucket::{AuditBucket, PutPolicy},
        ledger::Ledger,
        queue::NotificationQueue,
    },
};
use trailkeep_telemetry::process::Machine;

use super::{
    adapters::{FileKeys, NamedBuckets, Organization, PublishedKeys, Topic},
    args::Arguments,
    settings::{LedgerPlace, Place, place},
};

/// Opens everything, and makes sure that the ledger is the archive's.
///
/// # Errors
/// Where something is not there, not permitted, or not the archive's.
pub(crate) async fn open(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Ports> {
    let machine = Machine::new(arguments.rounds.clock_offset_ms);
    let process = format!("auditor-{:016x}", machine.random());
    let own = AwsSettings {
        region: arguments.places.aws_region.clone(),
        endpoint: arguments.places.aws_endpoint.clone(),
        max_attempts: arguments.places.aws_max_attempts,
        ..AwsSettings::default()
    };
    let theirs =
        AwsSettings { role_arn: arguments.places.role_arn.clone(), external_id: arguments.places.external_id.clone(), ..own.clone() };
    let archive = archive(arguments, &theirs).await?;
    if archive_guard::read(archive.as_ref()).await?.is_none() {
        bail!("{} is no archive: it has no archive.json", arguments.places.archive);
    }
    let ledger = ledger(arguments, &theirs, &process, &machine).await?;
    archive_guard::join(archive.as_ref(), ledger.as_ref(), machine.now().unix_ms).await.context("the archive's ledger cannot be used")?;
    let region = |arn: &str| own_region(arn).map_or_else(|| own.clone(), |region| AwsSettings { region: Some(region), ..own.clone() });
    Ok(Ports {
        archive,
        ledger,
        heal_queue: queue(&theirs, arguments.healing.heal_queue.as_deref()).await?,
        digest_queue: queue(&own, arguments.places.digest_queue.as_deref()).await?,
        teller: match &arguments.places.findings_topic_arn {
            Some(topic) => Some(Arc::new(Topic(SnsTopic::open(&region(topic), topic).await?)) as Arc<dyn Teller>),
            None => None,
        },
        keys: keys(arguments, &own, machine.now().unix_ms).await?,
        organization: organization(arguments, &own).await?,
        log_buckets: log_buckets(arguments, &own),
        signer: signer(arguments, &own).await?,
        heads: heads(arguments, &own, settings).await?,
        surroundings: Arc::new(machine),
        process,
    })
}

async fn archive(arguments: &Arguments, aws: &AwsSettings) -> anyhow::Result<Arc<dyn AuditBucket>> {
    Ok(match place(&arguments.places.archive)? {
        Place::Directory(path) => {
            Arc::new(DirectoryBucket::open(&path).with_context(|| format!("failed to open the archive {}", path.display()))?)
        }
        Place::S3 { bucket, prefix } => {
            let (key, keys) = (arguments.protection.kms_key_id.as_deref(), &arguments.protection.kms_keys);
            Arc::new(S3Bucket::open_to_write_with(aws, &bucket, &prefix, key, keys).await?)
        }
    })
}

async fn ledger(arguments: &Arguments, aws: &AwsSettings, process: &str, machine: &Machine) -> anyhow::Result<Arc<dyn Ledger>> {
    Ok(match arguments.ledger_place()? {
        LedgerPlace::File(path) => {
            if !path.exists() {
                bail!("there is no ledger at {}: name the one that the archive was ingested with, or rebuild it", path.display());
            }
            let options =
                SqliteOptions { process: process.to_owned(), new_id: format!("{:016x}{:016x}", machine.random(), machine.random()) };
            Arc::new(SqliteLedger::open(&path, &options)?)
        }
        LedgerPlace::Table(table) => Arc::new(DynamoLedger::open(aws, &table).await?),
    })
}

async fn queue(aws: &AwsSettings, url: Option<&str>) -> anyhow::Result<Option<Arc<dyn NotificationQueue>>> {
    let Some(url) = url else { return Ok(None) };
    Ok(Some(Arc::new(SqsQueue::open(aws, url).await?)))
}

async fn keys(arguments: &Arguments, aws: &AwsSettings, now_ms: i64) -> anyhow::Result<Option<Arc<dyn KeySource>>> {
    if let Some(file) = &arguments.knowing.public_keys {
        return Ok(Some(Arc::new(FileKeys::read(file, now_ms)?)));
    }
    if matches!(place(&arguments.places.archive)?, Place::Directory(_)) && aws.region.is_none() && aws.endpoint.is_none() {
        tracing::info!("CloudTrail is not asked for public keys: an archive in a directory, and no AWS Region is given");
        return Ok(None);
    }
    Ok(Some(Arc::new(PublishedKeys(CloudTrailKeys::open(aws).await?))))
}

async fn organization(arguments: &Arguments, aws: &AwsSettings) -> anyhow::Result<Option<Arc<dyn OrganizationSource>>> {
    if arguments.knowing.without_organization {
        return Ok(None);
    }
    let settings = AwsSettings {
        role_arn: arguments.knowing.organizations_role_arn.clone(),
        external_id: arguments.knowing.organizations_external_id.clone(),
        ..aws.clone()
    };
    let organizations = Organizations::open(&settings).await.context("give --without-organization where there is none to ask")?;
    let regions = AccountRegions::open(&settings).await?;
    Ok(Some(Arc::new(Organization { organizations, regions })))
}

fn log_buckets(arguments: &Arguments, aws: &AwsSettings) -> Option<Arc<dyn LogBuckets>> {
    let healing = &arguments.healing;
    healing.look_into_log_buckets.then(|| {
        let settings = AwsSettings {
            region: healing.source_region.clone().or_else(|| aws.region.clone()),
            role_arn: healing.source_role_arn.clone(),
            external_id: healing.source_external_id.clone(),
            ..aws.clone()
        };
        Arc::new(NamedBuckets::new(settings)) as Arc<dyn LogBuckets>
    })
}

async fn signer(arguments: &Arguments, aws: &AwsSettings) -> anyhow::Result<Option<Arc<dyn Signer>>> {
    let Some(key) = &arguments.attesting.signing_key else { return Ok(None) };
    let signer: Arc<dyn Signer> = match key.strip_prefix("kms:") {
        Some(key) => Arc::new(KmsSigner::open(aws, key).await.context("the key of attestations cannot be used")?),
        None => Arc::new(KeyFile::open(key.as_ref())?),
    };
    let mut former = Vec::new();
    for key in &arguments.attesting.former_public_keys {
        former.push(match key.strip_prefix("kms:") {
            Some(key) => KmsSigner::open(aws, key).await.context("a former key of attestations cannot be asked for")?.public_key().clone(),
            None => read_public_key(key.as_ref())?,
        });
    }
    Ok(Some(Arc::new(Successor::new(signer, former))))
}

async fn heads(arguments: &Arguments, aws: &AwsSettings, settings: &Settings) -> anyhow::Result<Option<HeadStore>> {
    let Some(address) = &arguments.attesting.heads else { return Ok(None) };
    let bucket: Arc<dyn AuditBucket> = match place(address)? {
        Place::Directory(path) => Arc::new(DirectoryBucket::open(&path)?),
        Place::S3 { bucket, prefix } => {
            let settings = AwsSettings {
                role_arn: arguments.attesting.heads_role_arn.clone(),
                external_id: arguments.attesting.heads_external_id.clone(),
                ..aws.clone()
            };
            Arc::new(S3Bucket::open_with(&settings, &bucket, &prefix).await?)
        }
    };
    // Locked for as long as the archive's attestations; where nothing is given the second account's own rule decides.
    Ok(Some(HeadStore::new(bucket, PutPolicy::default()).locked_for(settings.retention)))
}

/// The Region that a topic's ARN names.
fn own_region(arn: &str) -> Option<String> {
    arn.split(':').nth(3).filter(|region| !region.is_empty()).map(str::to_owned)
}
