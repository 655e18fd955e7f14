//! `trailkeep attest make`: the code that the auditor runs, on demand.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use trailkeep_attest::{
    Head, HeadStore, Listing, Made, Making, Parts, Signer, Successor, called, due, first_day, kind_now, make, unknown_coverage,
};
use trailkeep_audit::{
    Day,
    attestation::{CoverageStatement, Kind, TrailConfiguration},
};
use trailkeep_aws::{AwsSettings, S3Bucket};
use trailkeep_coverage::{Asked, Seen, kept};
use trailkeep_keys::Region;
use trailkeep_pipeline::{
    ingest::Surroundings as _,
    ports::bucket::{AuditBucket, PutPolicy},
};
use trailkeep_query::recorded;
use trailkeep_restore::Archive;

use super::{Output, day, keys, signer::SigningKey, text};
use crate::{
    cli::Globals,
    commands::{
        coverage,
        protection::{Encryption, ObjectLock},
        verify::{alias, percent, progress},
    },
    exit::{Exit, Usage},
    location::Location,
    output::print,
    outside::Machine,
};

const DAY_MS: i64 = 86_400_000;

/// Make attestations: of one day, or of the days that are due.
///
/// Verifies the day as trailkeep verify does, reads a sample of its sources again, signs what came of it, and writes outcomes/ and attest/. The same code as the
/// auditor's; both may run, and one number is given once.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Make {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The key that signs: kms:ARN, kms:alias/NAME, or a file (PKCS #8, PEM or DER; RSA from 2,048 bits, or P-256).
    #[arg(long, value_name = "kms:KEY|FILE", env = "TRAILKEEP_SIGNING_KEY")]
    signing_key: SigningKey,
    /// The public half of a key that signed before this one, where it was changed: kms:ARN, kms:alias/NAME, or a file (PEM or DER). May be repeated. Nothing is put
    /// on top of what neither it nor the signing key signed.
    #[arg(long, value_name = "kms:KEY|FILE")]
    former_public_key: Vec<SigningKey>,
    /// The delivery day: 2026-01-31.
    #[arg(long, value_name = "DAY", value_parser = day, required_unless_present = "due")]
    day: Option<Day>,
    /// Every day that is due and has none: provisional a day after its end, final after 31 days; oldest first.
    #[arg(long, conflicts_with = "day")]
    due: bool,
    /// With --due: from this day on [default: the day of the archive's first source].
    #[arg(long, value_name = "DAY", value_parser = day, requires = "due")]
    since_day: Option<Day>,
    /// With --due: at most so many.
    #[arg(long, value_name = "N", requires = "due", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..))]
    at_most: u32,
    /// With --day: provisional or final [default: what its age allows].
    #[arg(long, value_enum, requires = "day")]
    kind: Option<KindChoice>,
    /// What the archive is called in its attestations, for good [default: as in its newest one; in the first its address].
    #[arg(long, value_name = "NAME")]
    archive_name: Option<String>,
    /// The part of the day's sources that is read again from their segments; of a small day ten log files at least; 0% for none.
    #[arg(long, value_name = "N%", default_value = "0.1%", value_parser = percent)]
    sample: f64,
    /// CloudTrail's public keys: a file of ListPublicKeys [default: those that the archive keeps below keys/, as trailkeep verify takes them].
    #[arg(long, value_name = "FILE")]
    public_keys: Option<PathBuf>,
    /// The Region that keys without one were asked for in.
    #[arg(long, value_name = "REGION", requires = "public_keys")]
    keys_region: Option<Region>,
    /// A bucket that holds copies, and the one that CloudTrail delivers to and signs. May be repeated.
    #[arg(long, value_name = "REPLICA=ORIGIN", value_parser = alias)]
    bucket_alias: Vec<(String, String)>,
    /// Regions that are expected of every account, with commas between them [default: those that are on by default in the partition].
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    assume_regions: Vec<Region>,
    /// Where the hash of each attestation is also put, best in another account.
    #[arg(long, value_name = "DIR|S3-URL")]
    heads: Option<Location>,
    /// ARN of a role to put them there with.
    #[arg(long, value_name = "ARN", requires = "heads")]
    heads_role_arn: Option<String>,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    lock: ObjectLock,
    /// How it is told; json is a list.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
With KMS, allow kms:GetPublicKey and kms:Sign on an asymmetric key of RSA_2048 to RSA_4096 or ECC_NIST_P256 with usage SIGN_VERIFY. A key for a trial:
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out attest.pem && chmod 600 attest.pem
  openssl pkey -in attest.pem -pubout -out attest.pub.pem

Examples:
  trailkeep attest make --archive s3://audit --signing-key kms:alias/trailkeep-attest --due
  trailkeep attest make --archive audit --signing-key attest.pem --day 2026-01-15 --public-keys trail/public-keys.json

Exit codes: 0 made, or nothing was due; 1 failed: what was made before is there.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindChoice {
    /// CloudTrail may still deliver what the day lacks.
    Provisional,
    /// 31 days after the day's end, or later.
    Final,
}

impl Make {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let now_ms = Machine::new().now().unix_ms;
        let archive = Archive::open(self.archive.open_to_write(globals, self.encryption.of(&self.archive)?).await?).await?;
        let mut former = Vec::new();
        for key in &self.former_public_key {
            former.push(key.open_public(globals).await?);
        }
        let signer = Successor::new(self.signing_key.open(globals).await?, former);
        let keys = keys::stated(archive.bucket().as_ref(), self.public_keys.as_deref(), self.keys_region, now_ms).await?;
        let heads = self.head_store(globals, now_ms).await?;
        let name = called(archive.bucket().as_ref(), self.archive_name.as_deref()).await?;
        let mut made = Vec::new();
        let mut failed = None;
        for (day, kind) in self.days(&archive, now_ms).await? {
            let one = self.one(&archive, &keys, (day, kind), &signer, &name, now_ms);
            match Box::pin(one).await.with_context(|| format!("{day} could not be attested")) {
                Ok(one) => made.push(one),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if failed.is_none() || !made.is_empty() {
            print(&text::made(&made, self.output == Output::Json, &signer)?)?;
        }
        if let Some(heads) = heads {
            for one in &made {
                if let Made::Attested { envelope, .. } = one {
                    heads.put(&Head::of(envelope, now_ms)?).await?;
                }
            }
            // Those that could not be put when they were made.
            heads.catch_up(archive.bucket().as_ref(), &name, now_ms).await?;
        }
        failed.map_or(Ok(Exit::Done), Err)
    }

    /// The days that are wanted.
    async fn days(&self, archive: &Archive, now_ms: i64) -> anyhow::Result<Vec<(Day, Kind)>> {
        let Some(day) = self.day else {
            let first = match self.since_day {
                Some(day) => Some(day),
                None => first_day(archive, now_ms).await?,
            };
            let existing = Listing::of(archive.bucket().as_ref()).await?.days();
            return Ok(due(&existing, first, now_ms, self.at_most as usize));
        };
        let kind = match self.kind {
            Some(KindChoice::Provisional) => Kind::Provisional,
            Some(KindChoice::Final) => Kind::Final,
            None => kind_now(day, now_ms)
                .ok_or(Usage("a day is attested at the earliest 24 hours after its end: its Digests and late files are not there yet"))?,
        };
        Ok(vec![(day, kind)])
    }

    async fn one(
        &self,
        archive: &Archive,
        keys: &keys::Stated,
        day: (Day, Kind),
        signer: &dyn Signer,
        name: &str,
        now_ms: i64,
    ) -> anyhow::Result<Made> {
        let parts = Parts {
            archive: name.to_owned(),
            coverage: self.coverage(archive, day.0).await,
            trails: trails(archive.bucket(), day.0).await?,
            findings_sha256: None,
            further_findings: keys.findings.clone(),
            keys_sha256: keys.sha256,
            keys_origin: keys.origin.clone(),
        };
        let policy = self.policy(now_ms)?;
        let bar = progress::Bar::new();
        let making = Making {
            now_ms,
            sample: self.sample,
            aliases: &self.bucket_alias.iter().cloned().collect(),
            policy: &policy,
            progress: &|done| bar.tell(done),
        };
        let made = Box::pin(make(archive, &keys.keys, day, signer, &parts, &making)).await;
        bar.end();
        Ok(made?)
    }

    /// Who delivered on that day. Where it cannot be told, it is unknown, and says so.
    async fn coverage(&self, archive: &Archive, day: Day) -> CoverageStatement {
        match self.looked(archive, day).await {
            Ok(statement) => statement,
            Err(error) => {
                tracing::warn!("who delivered on {day} is not known: {error:#}");
                unknown_coverage()
            }
        }
    }

    async fn looked(&self, archive: &Archive, day: Day) -> anyhow::Result<CoverageStatement> {
        let (since_ms, until_ms) = (day.start_ms(), day.start_ms() + DAY_MS);
        let asked = Asked { since_ms, until_ms, assumed: self.assume_regions.clone(), ..Asked::default() };
        let history = kept::newest(archive.bucket().as_ref()).await?.map(|kept| kept.history);
        let recorded = coverage::recorded(archive.bucket(), history.as_ref(), &asked).await;
        let (told, _) = trailkeep_coverage::look(archive, history.as_ref(), recorded, &asked, Seen::default()).await?;
        Ok(told.statement())
    }

    fn policy(&self, now_ms: i64) -> anyhow::Result<PutPolicy> {
        let lock = self.lock.of(&self.archive)?;
        let lock = lock.map(|lock| (lock.mode, now_ms.saturating_add(i64::from(lock.days) * DAY_MS)));
        Ok(PutPolicy { lock, ..PutPolicy::default() })
    }

    async fn head_store(&self, globals: &Globals, now_ms: i64) -> anyhow::Result<Option<HeadStore>> {
        let Some(heads) = &self.heads else { return Ok(None) };
        let bucket: Arc<dyn AuditBucket> = match (heads, &self.heads_role_arn) {
            (Location::Directory(path), Some(_)) => bail!("--heads-role-arn is for heads on S3, and {} is a directory", path.display()),
            (Location::S3 { bucket, prefix }, Some(role)) => {
                let settings = AwsSettings {
                    region: globals.aws_region.clone(),
                    endpoint: globals.s3_endpoint.clone().or_else(|| globals.aws_endpoint.clone()),
                    role_arn: Some(role.clone()),
                    ..AwsSettings::default()
                };
                Arc::new(S3Bucket::open_to_write_with(&settings, bucket, prefix, None, &[]).await?)
            }
            (heads, None) => heads.create_archive(globals, crate::location::Writing::default()).await?,
        };
        let lock = match heads {
            Location::S3 { .. } => self.policy(now_ms)?,
            Location::Directory(_) => PutPolicy::default(),
        };
        Ok(Some(HeadStore::new(bucket, lock)))
    }
}

/// How the trails were configured by the end of the day, as the archive's own records tell.
async fn trails(bucket: &Arc<dyn AuditBucket>, day: Day) -> anyhow::Result<Vec<TrailConfiguration>> {
    let told = recorded::trail_configurations(Arc::clone(bucket), day.start_ms() + DAY_MS).await;
    told.context("how the trails were configured could not be read from the archive's records")
}
