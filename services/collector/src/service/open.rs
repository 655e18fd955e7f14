//! Opens what the collector works with, and joins the archive.

use std::sync::Arc;

use anyhow::Context as _;
use trailkeep_aws::{AwsSettings, DynamoLedger, S3Bucket, S3Config, SnsAnnouncer, SqsQueue};
use trailkeep_collector::{CollectorMetrics, CountedLedger, Origin, Ports};
use trailkeep_pipeline::{archive_guard, ingest::Surroundings as _, ports::bucket::AuditBucket, protocol::Protocol};
use trailkeep_telemetry::process::Machine;

use super::{
    args::Arguments,
    settings::{s3_place, table},
};

/// Opens everything, and lets this process in where its ledger is the archive's.
///
/// # Errors
/// Where something is not there, not permitted, or not the archive's.
pub(crate) async fn open(arguments: &Arguments, metrics: &CollectorMetrics) -> anyhow::Result<Ports> {
    let machine = Machine::new(arguments.times.clock_offset_ms);
    let process = format!("collector-{:016x}", machine.random());
    let aws = AwsSettings {
        region: arguments.places.aws_region.clone(),
        endpoint: arguments.places.aws_endpoint.clone(),
        max_attempts: arguments.places.aws_max_attempts,
        ..AwsSettings::default()
    };
    let archive = s3_place(&arguments.places.archive)?;
    let config = S3Config {
        region: aws.region.clone(),
        endpoint: aws.endpoint.clone(),
        max_attempts: aws.max_attempts,
        kms_key_arn: arguments.protection.kms_key_id.clone(),
        kms_keys: arguments.protection.kms_keys.clone(),
    };
    let bucket: Arc<dyn AuditBucket> = Arc::new(S3Bucket::open(&config, &archive.bucket, &archive.prefix).await?);
    let ledger = DynamoLedger::open(&aws, table(&arguments.places.ledger)?).await?;
    ledger.create_if_missing(&format!("{:016x}{:016x}", machine.random(), machine.random())).await?;
    let descriptor = archive_guard::join(&*bucket, &ledger, machine.now().unix_ms).await.context("the archive cannot be joined")?;
    let mut protocol = Protocol::new(
        Arc::new(CountedLedger { ledger: Arc::new(ledger), metrics: metrics.clone() }),
        bucket,
        descriptor.epoch,
        arguments.times.lease,
    );
    if let Some(topic) = &arguments.places.topic_arn {
        protocol = protocol.with_announcer(Arc::new(SnsAnnouncer::open(&aws, topic, &archive.bucket, &archive.prefix).await?));
    }
    if arguments.places.announce_digests {
        protocol = protocol.announcing_digests();
    }
    let queue = SqsQueue::open(&aws, &arguments.places.queue).await?;
    Ok(Ports {
        queue: Arc::new(queue),
        origins: origins(arguments, &aws).await?,
        protocol: Arc::new(protocol),
        surroundings: Arc::new(machine),
        process,
    })
}

/// The log buckets, read with the role for them if there is one.
async fn origins(arguments: &Arguments, aws: &AwsSettings) -> anyhow::Result<Vec<Origin>> {
    let admission = &arguments.admission;
    let reading = AwsSettings {
        region: admission.source_region.clone().or_else(|| aws.region.clone()),
        role_arn: admission.source_role_arn.clone(),
        external_id: admission.source_external_id.clone(),
        ..aws.clone()
    };
    let mut origins = Vec::new();
    for (bucket, canonical) in arguments.log_buckets()? {
        let store = S3Bucket::open_with(&reading, &bucket, "").await?;
        origins.push(Origin { bucket: bucket.into(), canonical: canonical.into(), store: Arc::new(store) });
    }
    Ok(origins)
}
