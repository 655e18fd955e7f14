//! `trailkeep attest` and `trailkeep prove` on an invented organization: what is signed is what a third party can check, with a key in a file and in KMS.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use aws_sdk_kms::{
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::{KeySpec, KeyUsageType},
};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_attest::{SignError, Signer as _, sign};
use trailkeep_aws::KmsSigner;
use trailkeep_tests::{
    command::{self, Ended, workspace_root},
    emulator::{Emulator, Moto, REGION},
    not_run::not_run,
    python, tree,
};

const DAY: &str = "2026-01-15";

/// Makes a key as whoever has no KMS makes it: PKCS #8 in PEM, and its public half.
const KEYS: &str = r#"
import os, sys
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
folder, what = sys.argv[1:]
key = ec.generate_private_key(ec.SECP256R1()) if what == "ec" else rsa.generate_private_key(65537, 2048)
private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
with os.fdopen(os.open(folder + "/signing.pem", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
    out.write(private)
open(folder + "/public.pem", "wb").write(key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
"#;

/// An invented archive, and a key to sign with.
struct Estate {
    folder: TempDir,
    archive: PathBuf,
}

impl Estate {
    /// The key of a day's only file of outcomes.
    fn outcomes(&self, day: &str) -> Result<String> {
        let folder = format!("outcomes/day={day}");
        let files = fs::read_dir(self.archive.join(&folder))?.map(|file| Ok(file?.file_name())).collect::<Result<Vec<_>>>()?;
        ensure!(files.len() == 1, "{folder}: {files:?}");
        let name = files.first().and_then(|name| name.to_str()).context("a name that is no text")?;
        Ok(format!("{folder}/{name}"))
    }

    /// None where there is no Python to make keys with: that is said as not run.
    fn with(key: &str) -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("keys.py");
        fs::write(&script, KEYS)?;
        if let Err(why) = python::run(&script, [folder.path().as_os_str(), key.as_ref()]).and_then(Ended::ok) {
            not_run("attestations with a key in a file", &format!("no Python with cryptography: {why:#}"))?;
            return Ok(None);
        }
        let (trail, archive) = (folder.path().join("trail"), folder.path().join("audit"));
        let options = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "120", "--start", "2026-01-15T00:00:00Z"];
        let synth: Vec<OsString> = ["synth".into(), "--out".into(), trail.clone().into_os_string()]
            .into_iter()
            .chain(options.into_iter().chain(["--seed", "5"]).map(OsString::from))
            .collect();
        command::run(synth)?.ok()?;
        command::run(["ingest".as_ref(), "--from".as_ref(), trail.as_os_str(), "--archive".as_ref(), archive.as_os_str()])?.ok()?;
        Ok(Some(Self { folder, archive }))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments(&self, action: &[&str], more: &[&str]) -> Vec<OsString> {
        let words = action.iter().map(OsString::from);
        words.chain(["--archive".into(), self.archive.clone().into()]).chain(more.iter().map(OsString::from)).collect()
    }

    fn making(&self, key: &Path, more: &[&str]) -> Vec<OsString> {
        let mut arguments = self.arguments(&["attest", "make"], more);
        arguments.extend(["--signing-key".into(), key.into(), "--public-keys".into(), self.path("trail/public-keys.json").into()]);
        arguments
    }

    fn make(&self, more: &[&str]) -> Result<Ended> {
        command::run(self.making(&self.path("signing.pem"), more))
    }

    fn verify(&self, more: &[&str]) -> Result<Ended> {
        let mut arguments = self.arguments(&["attest", "verify"], more);
        arguments.extend(["--public-key".into(), self.path("public.pem").into()]);
        command::run(arguments)
    }

    fn show(&self, more: &[&str]) -> Result<Ended> {
        command::run(self.arguments(&["attest", "show"], more))
    }

    /// A log file of the day.
    fn log(&self) -> Result<String> {
        let sql = "SELECT key FROM sources WHERE kind = 'log' ORDER BY key LIMIT 1";
        let rows = command::query(&self.archive, sql)?;
        Ok(rows.first().and_then(|row| row["key"].as_str()).context("a log file")?.to_owned())
    }

    fn prove(&self, key: &str, out: &str) -> Result<Ended> {
        let mut arguments = self.arguments(&["prove"], &["--source", key]);
        arguments.extend(["--public-key".into(), self.path("public.pem").into(), "--out".into(), self.path(out).into()]);
        command::run(arguments)
    }
}

fn names(verdict: &Value) -> Vec<String> {
    verdict["finding_counts"].as_object().map(|counts| counts.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn a_day_is_attested_twice_shown_verified_and_proved_to_a_third_party() -> Result<()> {
    for key in ["ec", "rsa"] {
        let Some(estate) = Estate::with(key)? else { return Ok(()) };
        let source = estate.log()?;
        estate.prove(&source, "early.json")?.failed(1, &["20260115", "not attested"])?;
        estate.make(&["--day", DAY, "--kind", "provisional"])?.ok()?;
        let before = tree::read(&estate.archive)?;
        estate.make(&["--day", DAY, "--sample", "100%"])?.ok()?;
        let after = tree::read(&estate.archive)?;
        ensure!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "something was edited");
        estate.make(&["--day", DAY, "--kind", "provisional"])?.failed(1, &["final attestation already"])?;

        let statement = estate.show(&["--day", DAY, "--output", "json"])?.ok()?.json()?["statement"].clone();
        let count = command::number(&estate.archive, "SELECT count(*) FROM sources WHERE key LIKE '%20260115T%'")? as u64;
        ensure!(statement["sources"]["count"].as_u64() == Some(count) && count > 15, "{count}: {statement:#}");
        let logs = command::number(&estate.archive, "SELECT count(*) FROM sources WHERE kind <> 'digest'")? as u64;
        let reread = &statement["sources"]["reread"];
        ensure!(reread["sources"].as_u64() == Some(logs) && reread["intact"].as_u64() == Some(logs), "{logs}: {reread:#}");
        ensure!(reread["millionths"].as_u64() == Some(1_000_000) && reread["seed"].is_u64(), "{reread:#}");
        ensure!(statement["digests"]["heads"].as_array().is_some_and(|heads| heads.len() == 2), "{statement:#}");
        ensure!(statement["kind"] == *"final" && statement["sequence"] == 2 && statement["supersedes"] == statement["previous"]);
        ensure!(statement["coverage"]["unknown"].as_u64() > Some(0), "there is no roster: {statement:#}");

        let verdict = estate.verify(&["--leaves", "--output", "json"])?.ended(0)?.json()?;
        ensure!(verdict["verified"] == true && verdict["leaves_checked"] == 2 && verdict["last"] == 2, "{verdict:#}");
        ensure!(verdict["trust_root"]["signers"][0]["trusted"] == true, "{verdict:#}");
        let told = estate.verify(&[])?.ended(0)?;
        let head = verdict["head"].as_str().context("a head")?;
        ensure!(
            told.text().starts_with("VERIFIED") && told.text().contains(head) && told.text().contains("CloudTrail keys"),
            "{}",
            told.text()
        );
        let untrusted = command::run(estate.arguments(&["attest", "verify"], &[]))?.ended(1)?;
        ensure!(untrusted.text().contains("chain consistent, signer NOT trusted"), "{}", untrusted.text());

        let proved = estate.prove(&source, "proof.json")?.ok()?;
        let script = workspace_root().join("docs/verify_proof.py");
        let files = ["proof.json", "proof.json.attestation.json", "public.pem"].map(|name| estate.path(name));
        let said = python::run(&script, &files)?.ok()?;
        ensure!(said.text().contains("proof verified: ") && said.text().contains(&source), "{}", said.text());
        let trust_root = &statement["trust_root"];
        for part in ["signer_fingerprint", "cloudtrail_keys_sha256"] {
            let part = trust_root[part].as_str().context("a part of the trust root")?;
            ensure!(proved.text().contains(part) && said.text().contains(part), "{part} is not told: {}\n{}", proved.text(), said.text());
        }
        for name in ["proof.json", "proof.json.attestation.json"] {
            let (path, text) = (estate.path(name), fs::read_to_string(estate.path(name))?);
            fs::write(&path, text.replace("verified", "altered "))?;
            ensure!(python::run(&script, &files)?.ok().is_err(), "a changed {name} was verified");
            fs::write(&path, text)?;
        }
        estate.prove(&source.replace("us-east-1_20260115T", "us-east-1_20260115T9"), "none.json")?.failed(1, &["nothing is proved"])?;
        estate.prove(&source.replace(".json.gz", "x.json.gz"), "none.json")?.failed(1, &["nothing is proved"])?;
    }
    Ok(())
}

#[test]
fn attestations_that_were_tampered_with_are_never_verified() -> Result<()> {
    let Some(estate) = Estate::with("ec")? else { return Ok(()) };
    estate.make(&["--due", "--at-most", "2"])?.ok()?;
    estate.verify(&["--leaves", "--since-day", DAY, "--until-day", "2026-01-16"])?.ended(0)?;
    let first = "attest/day=20260115/000000000001-final.json";
    let (leaves, second) = (&estate.outcomes("20260115")?, &estate.outcomes("20260116")?);
    let finding = |file: &str, bytes: Option<Vec<u8>>, name: &str| -> Result<()> {
        let path = estate.archive.join(file);
        let kept = fs::read(&path).unwrap_or_default();
        match bytes {
            Some(bytes) => fs::write(&path, bytes)?,
            None => fs::remove_file(&path)?,
        }
        let verdict = estate.verify(&["--leaves", "--output", "json"])?.ended(1)?.json()?;
        ensure!(verdict["verified"] == false && names(&verdict).contains(&name.to_owned()), "{file}: {verdict:#}");
        if kept.is_empty() {
            fs::remove_file(&path)?;
        } else {
            fs::write(&path, kept)?;
        }
        Ok(())
    };
    let envelope = fs::read_to_string(estate.archive.join(first))?;
    finding(first, Some(envelope.replace("\"refused\":0", "\"refused\":1").into_bytes()), "not_signed")?;
    finding(first, Some(vec![b'{'; 70 << 20]), "unreadable")?;
    finding(first, None, "missing")?;
    finding("attest/day=20260115/000000000002-final.json", Some(envelope.into_bytes()), "misplaced")?;
    finding("attest/day=20260115/newest.json", Some(b"{}".to_vec()), "strange_object")?;
    finding(leaves, Some(fs::read(estate.archive.join(second))?), "outcomes_differ")?;
    finding(leaves, Some(b"PAR1".to_vec()), "outcomes_unreadable")?;
    finding(leaves, None, "outcomes_missing")?;

    let source = estate.log()?;
    fs::write(estate.archive.join(leaves), fs::read(estate.archive.join(second))?)?;
    estate.prove(&source, "proof.json")?.failed(1, &["nothing is proved", leaves])?;
    ensure!(!estate.path("proof.json").exists());
    Ok(())
}

#[test]
fn a_chain_goes_on_with_another_key_only_if_the_former_one_is_named() -> Result<()> {
    let Some(estate) = Estate::with("ec")? else { return Ok(()) };
    estate.make(&["--day", DAY, "--kind", "provisional"])?.ok()?;
    let newer = estate.path("newer");
    fs::create_dir(&newer)?;
    python::run(&estate.path("keys.py"), [newer.as_os_str(), "rsa".as_ref()])?.ok()?;
    let make = |more: &[&str]| command::run(estate.making(&newer.join("signing.pem"), &[&["--day", DAY], more].concat()));
    let before = tree::read(&estate.archive.join("attest"))?;
    make(&[])?.failed(1, &["000000000001-provisional.json", "--former-public-key"])?;
    let (former, other) = (estate.path("public.pem"), newer.join("public.pem"));
    let text = |path: &Path| path.to_str().context("a name that is no text").map(str::to_owned);
    make(&["--former-public-key", &text(&other)?])?.failed(1, &["000000000001-provisional.json", "--former-public-key"])?;
    ensure!(tree::read(&estate.archive.join("attest"))? == before, "something was put on top of what is not known");
    make(&["--former-public-key", &text(&former)?])?.ok()?;
    estate.verify(&[])?.ended(1)?;
    estate.verify(&["--leaves", "--public-key", &text(&other)?])?.ended(0)?;
    Ok(())
}

#[test]
fn two_makers_at_once_leave_one_chain() -> Result<()> {
    let Some(estate) = Estate::with("ec")? else { return Ok(()) };
    let days = [DAY, "2026-01-16", "2026-01-17", DAY];
    let started: Result<Vec<_>> =
        days.iter().map(|day| command::start(estate.making(&estate.path("signing.pem"), &["--day", day]))).collect();
    for child in started? {
        let ended: Ended = child.wait_with_output()?.into();
        ended.ok()?;
    }
    let verdict = estate.verify(&["--leaves", "--output", "json"])?.ended(0)?.json()?;
    ensure!(verdict["days"].as_array().is_some_and(|days| days.len() == 3), "{verdict:#}");
    Ok(())
}

#[test]
fn keys_that_cannot_sign_or_verify_are_refused_with_what_to_do() -> Result<()> {
    let Some(estate) = Estate::with("ec")? else { return Ok(()) };
    let (public, private) = (estate.path("public.pem"), estate.path("signing.pem"));
    command::run(estate.making(&public, &["--day", DAY]))?.failed(1, &["public key"])?;
    fs::write(estate.path("none.pem"), "none")?;
    command::run(estate.making(&estate.path("none.pem"), &["--day", DAY]))?.failed(1, &["PKCS #8"])?;
    let mut verify = estate.arguments(&["attest", "verify"], &["--public-key"]);
    verify.push(private.clone().into());
    command::run(verify)?.failed(2, &["private key"])?;
    estate.verify(&[])?.ended(1)?;
    estate.make(&["--day", "2099-01-01"])?.failed(2, &["24 hours"])?;
    estate.make(&["--day", "2099-01-01", "--kind", "final"])?.failed(1, &["31 days"])?;
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&private, open)?;
    let warned = estate.make(&["--day", DAY])?.ok()?;
    ensure!(warned.stderr.contains("chmod 600"), "{}", warned.stderr);
    Ok(())
}

fn kms(emulator: &Emulator) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    aws_sdk_kms::Client::from_conf(config.build())
}

async fn kms_key(client: &aws_sdk_kms::Client, spec: KeySpec, usage: KeyUsageType) -> Result<String> {
    let made = client.create_key().key_spec(spec).key_usage(usage).send().await?;
    Ok(made.key_metadata.context("a key")?.key_id)
}

#[tokio::test]
async fn keys_in_kms_of_both_kinds_sign_and_others_are_refused() -> Result<()> {
    let Some(moto) = Moto::start("attestations with KMS")? else { return Ok(()) };
    let client = kms(&moto);
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256] {
        let key = kms_key(&client, spec, KeyUsageType::SignVerify).await?;
        let signer = KmsSigner::with_client(client.clone(), &key).await?;
        // AWS answers with the key's ARN, moto with whatever was asked.
        ensure!(signer.name().ends_with(&key), "{}", signer.name());
        let message = vec![b'x'; 4_096];
        let signature = sign(&signer, &message).await?;
        ensure!(signer.public_key().verifies(&message, &signature) && !signer.public_key().verifies(b"other", &signature));
        ensure!(matches!(sign(&signer, &[0; 4_097]).await, Err(SignError::TooLong(4_097))));
        client.disable_key().key_id(&key).send().await?;
        let refused = sign(&signer, b"x").await;
        ensure!(matches!(&refused, Ok(_) | Err(SignError::Unfit { .. })), "{refused:?}");
    }
    let symmetric = kms_key(&client, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await?;
    // moto gives a public key of a symmetric one, too: then it does not sign.
    let refused = match KmsSigner::with_client(client.clone(), &symmetric).await {
        Ok(signer) => sign(&signer, b"x").await.map(drop),
        Err(error) => Err(error),
    };
    ensure!(matches!(&refused, Err(SignError::Unfit { .. } | SignError::Failed { .. })), "{refused:?}");
    for key in ["alias/none", "11111111-2222-3333-4444-555555555555"] {
        let refused = KmsSigner::with_client(client.clone(), key).await;
        ensure!(matches!(&refused, Err(SignError::Unfit { .. })), "{key}: {refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_archive_is_attested_with_kms_and_its_heads_are_kept_in_a_second_bucket() -> Result<()> {
    let Some(moto) = Moto::start("attestations with KMS and heads on S3")? else { return Ok(()) };
    let Some(estate) = Estate::with("ec")? else { return Ok(()) };
    moto.client().create_bucket().bucket("heads").send().await?;
    let client = kms(&moto);
    let key = kms_key(&client, KeySpec::EccNistP256, KeyUsageType::SignVerify).await?;
    client.create_alias().alias_name("alias/attest").target_key_id(&key).send().await?;
    let public = client.get_public_key().key_id(&key).send().await?.public_key.context("a public key")?;
    fs::write(estate.path("kms.der"), public.as_ref())?;
    let run = |arguments: Vec<OsString>| -> Result<Ended> { Ok(command::command(arguments)?.envs(moto.environment()).output()?.into()) };
    let making = estate.making(Path::new("kms:alias/attest"), &["--due", "--at-most", "3", "--heads", "s3://heads/second"]);
    run(making)?.ok()?;
    let verify = |more: &[&str]| {
        let mut arguments = estate.arguments(&["attest", "verify"], &["--heads", "s3://heads/second", "--output", "json"]);
        arguments.extend(["--public-key".into(), estate.path("kms.der").into()]);
        arguments.extend(more.iter().map(OsString::from));
        run(arguments)
    };
    let verdict = verify(&["--leaves"])?.ended(0)?.json()?;
    ensure!(verdict["heads_compared"] == 3, "{verdict:#}");
    let signer = verdict["trust_root"]["signers"][0]["signer"].as_str().unwrap_or_default();
    ensure!(signer.ends_with("alias/attest") || signer.ends_with(&key), "{verdict:#}");

    // The newest is taken back, whole and clean: the archive alone shows nothing.
    for name in ["attest/day=20260117/000000000003-final.json", "attest/numbers/000000000003.json"] {
        fs::remove_file(estate.archive.join(name))?;
    }
    let rolled_back = verify(&[])?.ended(1)?.json()?;
    ensure!(names(&rolled_back) == ["rolled_back"], "{rolled_back:#}");
    // It is made anew with the same key: its head differs, and the maker is told, too.
    let again = estate.making(Path::new("kms:alias/attest"), &["--day", "2026-01-17", "--heads", "s3://heads/second"]);
    run(again)?.failed(1, &["is the head of another attestation"])?;
    let replaced = verify(&[])?.ended(1)?.json()?;
    ensure!(names(&replaced) == ["head_differs"], "{replaced:#}");
    Ok(())
}
