//! `trailkeep prove`: a proof that a source is among those that an attestation counted, for someone who has neither Trailkeep nor the archive.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use trailkeep_attest::{AttestError, ProveError, Proved, Wanted, prove, read_public_key};
use trailkeep_restore::{Archive, SourceFilter};

use super::attest::clean;
use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit},
    location::Location,
    output::print,
    stack,
    target::Target,
};

/// Prove that a source is among those that an attestation counted.
///
/// Takes the newest attestation of the source's delivery day, the final one once there is one, and writes an inclusion proof that a third party checks with
/// docs/verify_proof.py, the attestation and the signer's public key: without Trailkeep, the archive or AWS.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Prove {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The source's key in the log bucket, whole.
    #[arg(long, value_name = "KEY")]
    source: String,
    /// The bucket it landed from [default: whichever has it].
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Which revision, where other content landed under its key; 0 is a file that is listed and did not land [default: the highest].
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    /// The signer's public key (PEM or DER), to check the attestation before it is relied on. May be repeated.
    #[arg(long, value_name = "FILE")]
    public_key: Vec<PathBuf>,
    /// Where the proof is written; the attestation goes beside it, as FILE.attestation.json [default: the proof to standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
The proof says that the source was counted with the outcome that stands in it, which need not be verified.

Example:
  trailkeep prove --archive s3://audit --source AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15/111122223333_CloudTrail_… --out proof.json
  python3 docs/verify_proof.py proof.json proof.json.attestation.json attest.pub.pem

Exit codes, other than for most commands: 0 the proof is written; 1 there is none: the day is not attested, the source not counted, or what is kept is not what was \
attested; 2 could not run, or wrong usage.";

impl Prove {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        stack::block_on(threads, self.prove(globals))
    }

    async fn prove(&self, globals: &Globals) -> anyhow::Result<Exit> {
        let beside = self.out.as_deref().map(attestation_path);
        for path in self.out.iter().chain(&beside) {
            Target::check(path, &self.archive.to_string()).context(CouldNotRun("the proof could not be written"))?;
        }
        let keys: Result<Vec<_>, _> = self.public_key.iter().map(|file| read_public_key(file)).collect();
        let keys = keys.context(CouldNotRun("the public key could not be read"))?;
        let open = CouldNotRun("the archive could not be read");
        let archive =
            Archive::open(self.archive.open_archive(globals).await.context(open)?).await.context(CouldNotRun("not an archive"))?;
        let wanted = Wanted { key: self.source.clone(), bucket: self.bucket.clone(), revision: self.revision };
        let proved = match prove(archive.bucket().as_ref(), &wanted, &keys).await {
            Ok(proved) => proved,
            Err(error @ (ProveError::Attest(AttestError::Bucket(_)) | ProveError::Leaves(trailkeep_attest::LeavesError::Bucket(_)))) => {
                return Err(anyhow::Error::new(error).context(CouldNotRun("the archive could not be read")));
            }
            Err(error) => {
                let landed = self.whether_it_landed(&archive, &error).await;
                return Err(anyhow::Error::new(error).context(format!("nothing is proved{landed}")));
            }
        };
        self.write(&proved, beside.as_deref())
    }

    /// Where a source is not among those that were attested: whether the archive knows it at all.
    async fn whether_it_landed(&self, archive: &Archive, error: &ProveError) -> &'static str {
        if !matches!(error, ProveError::NotThere { .. }) {
            return "";
        }
        let filter = SourceFilter { key: self.source.clone(), bucket: self.bucket.clone(), revision: self.revision };
        match archive.find_source(&filter).await {
            Ok(_) => ": the source landed after the attestation was made, and the next one of its day will count it",
            Err(_) => ": the archive does not know this source",
        }
    }

    fn write(&self, proved: &Proved, beside: Option<&Path>) -> anyhow::Result<Exit> {
        let proof = proved.proof.to_json()?;
        let (Some(out), Some(beside)) = (&self.out, beside) else {
            print(&String::from_utf8(proof)?)?;
            // Standard error may be closed; there is nobody to tell then.
            let _ = std::io::stderr().write_all(told(proved).as_bytes());
            return Ok(Exit::Done);
        };
        for (path, bytes) in [(out.as_path(), proof.as_slice()), (beside, &proved.attestation)] {
            let mut target = Target::open(Some(path.to_owned()))?;
            target.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
            target.finish()?;
        }
        print(&format!(
            "{}Check it with:\n  python3 docs/verify_proof.py {} {} PUBLIC_KEY\n",
            told(proved),
            out.display(),
            beside.display()
        ))?;
        Ok(Exit::Done)
    }
}

/// What is proved, of which attestation, and on whose word.
fn told(proved: &Proved) -> String {
    let (leaf, kept, statement) = (&proved.proof.leaf, proved.kept, &proved.envelope.statement);
    let root = &statement.trust_root;
    let trusted = if proved.trusted { "trusted: it was given" } else { "NOT checked here: no --public-key was given" };
    format!(
        "{} counts revision {} of this source as {}, number {} of {}.\n  attestation     {} of the archive, {} of {}\n  signed by       {}, key {}, {trusted}\n  \
         CloudTrail keys {} ({})\n",
        clean(&statement.archive),
        leaf.revision,
        clean(&leaf.outcome),
        proved.proof.index + 1,
        proved.proof.size,
        kept.key(),
        kept.kind.as_str(),
        kept.day,
        clean(&root.signer),
        proved.envelope.fingerprint,
        root.cloudtrail_keys_sha256,
        clean(&root.cloudtrail_keys_origin),
    )
}

fn attestation_path(out: &Path) -> PathBuf {
    let mut path = out.as_os_str().to_owned();
    path.push(".attestation.json");
    PathBuf::from(path)
}
