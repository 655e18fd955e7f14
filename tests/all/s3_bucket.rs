//! The contract suites of both object store ports on S3, as moto emulates it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use anyhow::Result;
use aws_sdk_s3::primitives::ByteStream;
use trailkeep_aws::S3Bucket;
use trailkeep_pipeline::{
    contract,
    ports::bucket::{AuditBucket, LogBucket},
};
use trailkeep_tests::emulator::Moto;

/// Numbers the prefixes, so that each scenario has one of its own.
#[derive(Debug, Default)]
struct Prefixes(AtomicU32);

impl Prefixes {
    fn next(&self) -> String {
        format!("scenario-{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn s3_keeps_the_contract_of_log_buckets() -> Result<()> {
    let Some(moto) = Moto::start("the contract of log buckets on S3")? else { return Ok(()) };
    moto.create_bucket("logs").await?;
    let (client, prefixes) = (moto.client(), Prefixes::default());
    contract::bucket::log_bucket(async |seeds| {
        let prefix = prefixes.next();
        for seed in seeds {
            let put = client.put_object().bucket("logs").key(format!("{prefix}/{}", seed.key)).body(ByteStream::from(seed.body));
            put.set_metadata(Some(seed.metadata.into_iter().collect())).send().await.expect("the emulator takes an object");
        }
        Arc::new(S3Bucket::with_client(client.clone(), "logs", &prefix, None)) as Arc<dyn LogBucket>
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn s3_keeps_the_contract_of_audit_buckets() -> Result<()> {
    let Some(moto) = Moto::start("the contract of audit buckets on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let prefixes = Prefixes::default();
    contract::bucket::audit_bucket(async || {
        Arc::new(S3Bucket::with_client(moto.client(), "audit", &prefixes.next(), None)) as Arc<dyn AuditBucket>
    })
    .await;
    Ok(())
}
