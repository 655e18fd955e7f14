//! What an archive is called in its attestations: the same by `attest make` and by the auditor, whoever came first and however the archive is spelled.

use std::{fs, os::unix::fs::OpenOptionsExt as _, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use trailkeep_audit::attestation::Envelope;
use trailkeep_tests::{
    command::{self, Ended},
    tree,
};

use super::{NINE_MS, auditor_command, newcomer::synthesised, offset_to};

const DAY_MS: i64 = 86_400_000;

/// A key to sign with, that nobody else may read.
fn key(directory: &Path) -> Result<()> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).ok().context("a key")?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join("signing.der"))?;
    Ok(std::io::Write::write_all(&mut file, pkcs8.as_ref())?)
}

/// `trailkeep attest make` of a day, in the directory.
fn make(directory: &Path, archive: &str, day: &str) -> Result<()> {
    let mut command = Command::new(command::binary()?);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TRAILKEEP_")) {
        command.env_remove(name);
    }
    command.args(["attest", "make", "--archive", archive, "--day", day, "--kind", "provisional", "--signing-key", "signing.der"]);
    command.args(["--public-keys", "trail/public-keys.json", "--assume-regions", "us-east-1"]).current_dir(directory);
    Ended::from(command.output()?).ok().map(drop)
}

/// A round that attests, in the directory; gives what it said.
fn audit(directory: &Path, archive: &str, at_ms: i64) -> Result<String> {
    let mut command = auditor_command()?;
    command.args(["--archive", archive, "--public-keys", "trail/public-keys.json", "--signing-key", "signing.der"]);
    command.args(["--without-organization", "--assume-regions", "us-east-1", "--once", "--clock-offset-ms", &offset_to(at_ms)?]);
    let ended = Ended::from(command.current_dir(directory).output()?).ended(1)?;
    Ok(ended.said())
}

/// What each attestation calls the archive, in their order.
fn names(archive: &Path) -> Result<Vec<String>> {
    let all = tree::read(archive)?;
    let numbers = all.iter().filter(|(key, _)| key.starts_with("attest/numbers/"));
    numbers.map(|(_, bytes)| Ok(Envelope::parse(bytes)?.statement.archive)).collect()
}

#[test]
fn attest_make_and_the_auditor_go_on_with_one_another_s_chain_however_the_archive_is_spelled() -> Result<()> {
    for make_first in [true, false] {
        let directory = synthesised(|_| Ok(()))?;
        let at = directory.path();
        key(at)?;
        let whole = at.join("audit").canonicalize()?.display().to_string();
        // 2026-01-17T09:00Z: the day of the trail is due, provisionally.
        let due_ms = NINE_MS + 2 * DAY_MS;
        if make_first {
            make(at, "audit", "2026-01-15")?;
        } else {
            let said = audit(at, "./audit", due_ms)?;
            ensure!(names(&at.join("audit"))?.len() == 1, "{said}");
            make(at, "audit/", "2026-01-15")?;
        }
        // Two days later two more are due.
        let said = audit(at, "audit", due_ms + DAY_MS)?;
        ensure!(!said.contains("is of the archive"), "{said}");
        make(at, &whole, "2026-01-16")?;
        let called = names(&at.join("audit"))?;
        ensure!(called.len() >= 3 && called.iter().all(|name| *name == whole), "{called:?} is not {whole}: {said}");
    }
    Ok(())
}
