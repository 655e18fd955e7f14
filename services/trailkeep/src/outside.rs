//! The outside of a run: clocks, randomness, the archive with its ledger, and the lease of an S3 archive.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use tokio::task::JoinHandle;
use trailkeep_archive::layout;
use trailkeep_aws::{AwsSettings, DynamoLedger};
use trailkeep_local::{SqliteLedger, SqliteOptions};
use trailkeep_pipeline::{
    archive_guard,
    archive_lease::{ArchiveLease, Taking},
    ingest::{Shutdown, Surroundings},
    ports::{
        bucket::AuditBucket,
        ledger::{Ledger, LedgerError, WorkerId},
    },
    protocol::{LEASE, Moment, Protocol, Stillness},
};

use crate::{
    cli::Globals,
    exit::Usage,
    ledger_address::LedgerAddress,
    location::{Location, Writing},
};

/// How often the lease of an S3 archive is moved, or asked for again.
const LEASE_BEAT: Duration = Duration::from_secs(10);

/// What is said where an archive on S3 has no ledger named.
const NO_LEDGER: &str = "an archive on S3 needs a ledger: on this machine, with --ledger FILE (keep it for every later run), or shared, with --ledger dynamodb://TABLE";

/// What is said where a directory is to have its ledger in DynamoDB.
const DIRECTORY_AND_TABLE: Usage =
    Usage("a ledger in DynamoDB is for archives on S3, which a fleet shares; an archive in a directory keeps its ledger in a file");

/// The machine's clocks and random numbers.
#[derive(Debug)]
pub(crate) struct Machine {
    began: Instant,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// The id of a new ledger.
    pub(crate) fn new_id(&self) -> String {
        format!("{:016x}{:016x}", self.random(), self.random())
    }
}

impl Surroundings for Machine {
    fn now(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { unix_ms: since_epoch.as_millis() as i64, monotonic_ms: self.began.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        // The standard library's hasher is keyed by the system's random numbers, anew for each.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u128(self.began.elapsed().as_nanos());
        hasher.finish()
    }
}

/// This process's name in the ledger: what it does, and a random number.
pub(crate) fn process_name(command: &str, machine: &Machine) -> String {
    format!("{command}-{:016x}", machine.random())
}

/// An archive's store and its ledger, before anybody was let in.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) bucket: Arc<dyn AuditBucket>,
    pub(crate) ledger: OpenedLedger,
}

/// A ledger of either kind.
#[derive(Debug, Clone)]
pub(crate) enum OpenedLedger {
    Sqlite(Arc<SqliteLedger>),
    DynamoDb(Arc<DynamoLedger>),
}

impl OpenedLedger {
    /// As what the pipeline wants.
    pub(crate) fn port(&self) -> Arc<dyn Ledger> {
        match self {
            Self::Sqlite(ledger) => Arc::clone(ledger) as _,
            Self::DynamoDb(ledger) => Arc::clone(ledger) as _,
        }
    }

    /// The other processes that use it, where that can be known.
    ///
    /// # Errors
    /// As [`SqliteLedger::other_processes`].
    pub(crate) fn other_processes(&self) -> Result<Vec<String>, LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.other_processes(),
            Self::DynamoDb(_) => Ok(Vec::new()),
        }
    }

    /// Whether an archive on S3 may have one writing machine only: copies of one SQLite file would not know of one another.
    fn is_one_machines(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// The lease of an S3 archive, if it is one, for as long as this process writes there.
#[derive(Debug)]
pub(crate) struct Tenancy {
    lease: Option<JoinHandle<()>>,
    release: Arc<tokio::sync::Notify>,
}

impl Tenancy {
    /// Takes the lease of an S3 archive whose ledger is one machine's; others have none. When it is lost `shutdown` is requested.
    pub(crate) async fn take(opened: &Opened, process: &str, machine: &Machine, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let bucket = &opened.bucket;
        let release = Arc::new(tokio::sync::Notify::new());
        let lease = match bucket.local_path() {
            Some(_) => None,
            None if !opened.ledger.is_one_machines() => None,
            None => Some(keep_lease(Arc::clone(bucket), process, machine, shutdown, Arc::clone(&release)).await?),
        };
        Ok(Self { lease, release })
    }

    /// Gives it back.
    pub(crate) async fn leave(self) {
        self.release.notify_one();
        if let Some(lease) = self.lease {
            // A lease that could not be given back runs out by itself.
            let _ = lease.await;
        }
    }
}

/// An archive that this process may write to.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) tenancy: Tenancy,
}

/// Where an archive and its ledger are, and how the archive is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) archive: &'a Location,
    /// As given; none = inside a directory archive.
    pub(crate) ledger: Option<&'a LedgerAddress>,
    pub(crate) writing: Writing<'a>,
}

impl Place<'_> {
    /// Refuses what can be told wrong before anything is asked of S3.
    ///
    /// # Errors
    /// Where an archive on S3 has no ledger named, or one in a directory has it in DynamoDB.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        match (self.archive, self.ledger) {
            (Location::S3 { .. }, None) => bail!(NO_LEDGER),
            (Location::Directory(_), Some(LedgerAddress::DynamoDb(_))) => Err(DIRECTORY_AND_TABLE.into()),
            _ => Ok(()),
        }
    }
}

/// Opens an archive to write to it, making it where there is none.
pub(crate) async fn join(
    place: Place<'_>,
    process: &str,
    machine: &Machine,
    globals: &Globals,
    shutdown: &Shutdown,
) -> anyhow::Result<Joined> {
    let bucket = place.archive.create_archive(globals, place.writing).await?;
    // Looked at before the ledger is made: an archive that cannot be used is left as it is.
    archive_guard::read(&*bucket).await?;
    let ledger = open_ledger(&*bucket, place.ledger, process, machine, globals).await?;
    let opened = Opened { bucket, ledger };
    let tenancy = Tenancy::take(&opened, process, machine, shutdown).await?;
    let (bucket, ledger) = (opened.bucket, opened.ledger.port());
    match archive_guard::join(&*bucket, &*ledger, machine.now().unix_ms).await {
        Ok(descriptor) => Ok(Joined { protocol: Arc::new(Protocol::new(ledger, bucket, descriptor.epoch, LEASE)), tenancy }),
        Err(refused) => {
            // Whoever puts it right need not wait for the lease to run out.
            tenancy.leave().await;
            Err(refused.into())
        }
    }
}

/// Opens an archive that is there, and its ledger, which is made where it was lost. Neither is joined.
pub(crate) async fn open(place: Place<'_>, process: &str, machine: &Machine, globals: &Globals) -> anyhow::Result<Opened> {
    let bucket = place.archive.open_to_write(globals, place.writing).await?;
    if archive_guard::read(&*bucket).await?.is_none() && bucket.list(layout::SOURCES, None).await?.objects.is_empty() {
        bail!("{} is no archive: it has neither {} nor anything below {}", place.archive, layout::ARCHIVE_JSON, layout::SOURCES);
    }
    let ledger = open_ledger(&*bucket, place.ledger, process, machine, globals).await?;
    Ok(Opened { bucket, ledger })
}

async fn open_ledger(
    bucket: &dyn AuditBucket,
    given: Option<&LedgerAddress>,
    process: &str,
    machine: &Machine,
    globals: &Globals,
) -> anyhow::Result<OpenedLedger> {
    if let Some(LedgerAddress::DynamoDb(table)) = given {
        let ledger = open_table(table, globals).await?;
        ledger.create_if_missing(&machine.new_id()).await?;
        return Ok(OpenedLedger::DynamoDb(Arc::new(ledger)));
    }
    let path = ledger_path(bucket, given)?;
    open_file(bucket, &path, process, machine).map(OpenedLedger::Sqlite)
}

/// The ledger in a DynamoDB table, which is asked nothing yet.
///
/// # Errors
/// Where no AWS Region is known.
pub(crate) async fn open_table(table: &str, globals: &Globals) -> anyhow::Result<DynamoLedger> {
    let settings = AwsSettings { region: globals.aws_region.clone(), endpoint: globals.aws_endpoint.clone(), ..AwsSettings::default() };
    Ok(DynamoLedger::open(&settings, table).await?)
}

fn open_file(bucket: &dyn AuditBucket, path: &Path, process: &str, machine: &Machine) -> anyhow::Result<Arc<SqliteLedger>> {
    let options = SqliteOptions { process: process.to_owned(), new_id: machine.new_id() };
    let opened = SqliteLedger::open(path, &options).map_err(|error| match error {
        LedgerError::Damaged { .. } => {
            let file = path.display().to_string();
            // An archive's address is what `--archive` takes.
            let command = archive_guard::rebuild_command(&bucket.address(), &file);
            anyhow::Error::new(error).context(format!("the ledger cannot be used: put {file} aside, then run: {command}"))
        }
        error => error.into(),
    });
    opened.map(Arc::new)
}

/// Opens an archive to look at it; `None` where there is none yet.
pub(crate) async fn look(
    location: &Location,
    ledger: Option<&LedgerAddress>,
    process: &str,
    machine: &Machine,
    globals: &Globals,
) -> anyhow::Result<Option<Protocol>> {
    if let Location::Directory(path) = location
        && !path.exists()
    {
        return Ok(None);
    }
    let bucket = location.open_archive(globals).await?;
    let Some(descriptor) = archive_guard::read(&*bucket).await? else { return Ok(None) };
    let ledger: Arc<dyn Ledger> = match ledger {
        Some(LedgerAddress::DynamoDb(table)) => {
            let ledger = open_table(table, globals).await?;
            // Asked now, so that a table that is not there, or is no ledger, is named before anything is listed.
            ledger.identity().await?;
            Arc::new(ledger)
        }
        given => {
            let path = ledger_path(&*bucket, given)?;
            if !path.exists() {
                let command = archive_guard::rebuild_command(&location.to_string(), &path.display().to_string());
                bail!("the archive {location} has no ledger at {}: stop every writer, then run: {command}", path.display());
            }
            open_file(&*bucket, &path, process, machine)?
        }
    };
    Ok(Some(Protocol::new(ledger, bucket, descriptor.epoch, LEASE)))
}

fn ledger_path(bucket: &dyn AuditBucket, given: Option<&LedgerAddress>) -> anyhow::Result<PathBuf> {
    match (given, bucket.local_path()) {
        (Some(LedgerAddress::File(path)), _) => Ok(path.to_owned()),
        (Some(LedgerAddress::DynamoDb(_)), _) => Err(DIRECTORY_AND_TABLE.into()),
        (None, Some(root)) => Ok(root.join(trailkeep_local::LEDGER_IN_ARCHIVE)),
        (None, None) => bail!(NO_LEDGER),
    }
}

/// Takes the lease of an S3 archive, waiting for a dead holder's to run out, and keeps it until told to release it.
async fn keep_lease(
    bucket: Arc<dyn AuditBucket>,
    process: &str,
    machine: &Machine,
    shutdown: &Shutdown,
    release: Arc<tokio::sync::Notify>,
) -> anyhow::Result<JoinHandle<()>> {
    let address = bucket.address();
    let mut lease = take_lease(bucket, process, machine).await.with_context(|| format!("failed to take the lease of {address}"))?;
    let shutdown = shutdown.clone();
    Ok(tokio::spawn(async move {
        loop {
            tokio::select! {
                () = release.notified() => break,
                () = tokio::time::sleep(LEASE_BEAT) => {}
            }
            match lease.beat().await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::error!(archive = address, "another process took the lease over; this run stops");
                    return shutdown.request();
                }
                Err(error) => tracing::warn!(archive = address, %error, "the lease could not be moved; it goes on"),
            }
        }
        if let Err(error) = lease.release().await {
            tracing::warn!(archive = address, %error, "the lease could not be given back; it runs out by itself");
        }
    }))
}

async fn take_lease(bucket: Arc<dyn AuditBucket>, process: &str, machine: &Machine) -> anyhow::Result<ArchiveLease> {
    let mut watch = Stillness::new(LEASE);
    let began = Instant::now();
    loop {
        match ArchiveLease::take(Arc::clone(&bucket), &WorkerId::new(process, 0), &mut watch, machine.now()).await? {
            Taking::Taken(lease) => return Ok(lease),
            Taking::HeldBy { holder } if began.elapsed() > LEASE + LEASE_BEAT * 2 => {
                bail!("{holder} is writing to it; run this again when that has ended")
            }
            Taking::HeldBy { holder } => tracing::warn!(holder, "another process holds the lease; waiting to see whether it lives"),
        }
        tokio::time::sleep(LEASE_BEAT).await;
    }
}
