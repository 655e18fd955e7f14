//! What a third party does with a proof: the script below `docs/`, on proofs that the crate makes and on tampered ones.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use trailkeep_audit::{
    Day, Sha256,
    attestation::{
        CoverageStatement, DigestsStatement, Envelope, FindingsStatement, GapStatement, InclusionProof, Kind, Leaf, PublicKey, ReReading,
        SourcesStatement, Statement, Tree, TrustRoot, VERSION, WORDS, canonical_json, sign_with_pkcs8,
    },
};
use trailkeep_tests::{
    command::{Ended, workspace_root},
    not_run::not_run,
    python,
};

/// A day's leaves, a signed statement of them, and the public key, as files for the script.
struct Place {
    directory: TempDir,
    key: PublicKey,
    tree: Tree,
    day: Day,
}

/// Makes keys as whoever has no KMS makes them: a local one on P-256, or one of RSA, which signs as KMS does.
const KEYS: &str = r#"
import sys
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
folder, what = sys.argv[1:]
if what == "sign":
    key = form.load_der_private_key(open(folder + "/private", "rb").read(), None)
    signature = key.sign(open(folder + "/input", "rb").read(), padding.PKCS1v15(), hashes.SHA256())
    open(folder + "/signature", "wb").write(signature)
else:
    key = ec.generate_private_key(ec.SECP256R1()) if what == "ec" else rsa.generate_private_key(65537, 2048)
    open(folder + "/private", "wb").write(key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()))
    public = key.public_key()
    for name, encoding in ("key.der", form.Encoding.DER), ("key.pem", form.Encoding.PEM):
        open(folder + "/" + name, "wb").write(public.public_bytes(encoding, form.PublicFormat.SubjectPublicKeyInfo))
"#;

fn leaf(number: u64) -> Leaf {
    Leaf {
        bucket: "logs".to_owned(),
        key: format!("prêfix \"1\"/AWSLogs/{number:04}\u{1f600}\u{7f}\t"),
        revision: 1,
        version: Some("null".to_owned()),
        inflated_sha256: Some(Sha256::of(&number.to_be_bytes())),
        outcome: "verified".to_owned(),
    }
}

impl Place {
    fn with(keys: &str, leaves: u64) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        script(directory.path(), keys)?;
        let key = PublicKey::from_spki(&fs::read(directory.path().join("key.der"))?)?;
        let place = Self { directory, key, tree: Tree::of((0..leaves).map(leaf).collect())?, day: "20260115".parse()? };
        let statement = place.statement();
        let input = statement.signing_input()?;
        let signature = if keys == "ec" {
            sign_with_pkcs8(&fs::read(place.path().join("private"))?, &input)?.signature
        } else {
            fs::write(place.path().join("input"), &input)?;
            script(place.path(), "sign")?;
            fs::read(place.path().join("signature"))?
        };
        fs::write(place.path().join("attestation"), Envelope::new(statement, &signature, &place.key)?.to_json()?)?;
        Ok(place)
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn statement(&self) -> Statement {
        let gap = GapStatement {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            since_ms: -1,
            until_ms: 3_600_000,
            lacks: "digests".to_owned(),
            cause: "unknown".to_owned(),
            event_id: None,
        };
        Statement {
            version: VERSION,
            claim: WORDS.to_owned(),
            archive: "archive-1".to_owned(),
            day: self.day,
            kind: Kind::Final,
            sequence: 2,
            issued_at_ms: 1_768_608_000_000,
            sources: SourcesStatement {
                count: self.tree.len(),
                merkle_root: self.tree.root(),
                outcomes: [("verified".to_owned(), self.tree.len())].into(),
                reread: ReReading::default(),
            },
            digests: DigestsStatement { verified: 24, refused: 0, heads: vec![] },
            coverage: CoverageStatement { expected_hours: 24, covered_hours: 23, gaps: vec![gap], ..CoverageStatement::default() },
            findings: FindingsStatement::default(),
            trails: vec![],
            trust_root: TrustRoot {
                cloudtrail_keys_sha256: Sha256::of(b"keys"),
                cloudtrail_keys_origin: "ListPublicKeys".to_owned(),
                signer: "a key made for this test".to_owned(),
                signer_fingerprint: self.key.fingerprint(),
            },
            previous: Some(Sha256::of(b"before")),
            supersedes: None,
        }
    }

    fn proof(&self, index: u64) -> Result<Vec<u8>> {
        Ok(InclusionProof::make(self.day, &self.tree, index, leaf(index))?.to_json()?)
    }

    /// What the script says of a proof and an attestation.
    fn verify(&self, proof: &[u8], attestation: &[u8], key: &str) -> Result<Ended> {
        let [proof_path, attestation_path] = ["proof.json", "attestation.json"].map(|name| self.path().join(name));
        fs::write(&proof_path, proof)?;
        fs::write(&attestation_path, attestation)?;
        python::run(&workspace_root().join("docs/verify_proof.py"), [proof_path, attestation_path, self.path().join(key)])
    }
}

fn script(folder: &Path, what: &str) -> Result<()> {
    let path = folder.join("keys.py");
    fs::write(&path, KEYS)?;
    python::run(&path, [folder.display().to_string(), what.to_owned()])?.ok()?;
    Ok(())
}

/// The JSON with one member set to another value, in canonical form.
fn with(json: &[u8], pointer: &str, value: Value) -> Result<Vec<u8>> {
    let mut changed: Value = serde_json::from_slice(json)?;
    let member = changed.pointer_mut(pointer).with_context(|| format!("{pointer} is not there"))?;
    ensure!(*member != value, "{pointer} is {value} already");
    *member = value;
    Ok(canonical_json(&changed)?)
}

#[test]
fn a_third_party_checks_a_proof_with_a_short_script_and_the_public_key() -> Result<()> {
    let folder = tempfile::tempdir()?;
    if let Err(why) = script(folder.path(), "ec") {
        return not_run("proofs by docs/verify_proof.py", &format!("no Python with cryptography: {why:#}"));
    }
    let lines = fs::read_to_string(workspace_root().join("docs/verify_proof.py"))?.lines().count();
    ensure!(lines <= 40, "the script has {lines} lines; whoever relies on it reads it");

    for (keys, key_file, leaves, indices) in
        [("ec", "key.der", 1, vec![0]), ("ec", "key.pem", 6, (0..6).collect()), ("rsa", "key.der", 13, vec![0, 7, 11, 12])]
    {
        let place = Place::with(keys, leaves)?;
        let attestation = fs::read(place.path().join("attestation"))?;
        for index in indices {
            let said = place.verify(&place.proof(index)?, &attestation, key_file)?.ok()?;
            ensure!(said.text().contains("verified: "), "{}", said.text());
        }
    }
    Ok(())
}

#[test]
fn the_script_verifies_nothing_that_was_tampered_with() -> Result<()> {
    let folder = tempfile::tempdir()?;
    if let Err(why) = script(folder.path(), "ec") {
        return not_run("tampered proofs by docs/verify_proof.py", &format!("no Python with cryptography: {why:#}"));
    }
    let place = Place::with("ec", 6)?;
    let (proof, attestation) = (place.proof(3)?, fs::read(place.path().join("attestation"))?);
    place.verify(&proof, &attestation, "key.der")?.ok()?;

    let zeros = "0".repeat(64);
    let text = |json: &[u8], pointer: &str| -> Result<String> {
        let value: Value = serde_json::from_slice(json)?;
        Ok(value.pointer(pointer).and_then(Value::as_str).context("a text")?.to_owned())
    };
    let (first, signature) = (text(&proof, "/path/0")?, text(&attestation, "/signature")?);
    let proofs = [
        ("/leaf/outcome", json!("missing")),
        ("/leaf/inflated_sha256", json!(zeros)),
        ("/leaf/inflated_sha256", json!(null)),
        ("/index", json!(2)),
        ("/index", json!(-1)),
        ("/size", json!(7)),
        ("/day", json!("20260116")),
        ("/path/0", json!(zeros)),
        ("/path", json!([])),
        ("/version", json!(2)),
        ("/version", json!(true)),
        ("/index", json!("3")),
        ("/path/0", json!(first.to_uppercase())),
        ("/path/0", json!(format!(" {first}"))),
    ];
    for (pointer, value) in proofs {
        let ended = place.verify(&with(&proof, pointer, value)?, &attestation, "key.der")?;
        ensure!(ended.ok().is_err(), "a proof with another {pointer} was verified");
    }
    let attestations = [
        ("/statement/kind", json!("provisional")),
        ("/statement/sources/merkle_root", json!(zeros)),
        ("/statement/coverage/gaps", json!([])),
        ("/statement/previous", json!(null)),
        ("/fingerprint", json!(zeros)),
        ("/algorithm", json!("RSASSA_PKCS1_V1_5_SHA_256")),
        ("/signature", json!("3006020101020101")),
        ("/signature", json!(signature.to_uppercase())),
        ("/version", json!(true)),
        ("/version", json!(2)),
    ];
    for (pointer, value) in attestations {
        let ended = place.verify(&proof, &with(&attestation, pointer, value)?, "key.der")?;
        ensure!(ended.ok().is_err(), "an attestation with another {pointer} was verified");
    }
    let more = |json: &[u8]| String::from_utf8_lossy(json).replacen('{', r#"{"a":1,"#, 1).into_bytes();
    ensure!(place.verify(&more(&proof), &attestation, "key.der")?.ok().is_err(), "a proof with another member was verified");
    ensure!(place.verify(&proof, &more(&attestation), "key.der")?.ok().is_err(), "an attestation with another member was verified");
    let spaced = [b" ", proof.as_slice()].concat();
    ensure!(place.verify(&spaced, &attestation, "key.der")?.ok().is_err(), "a proof that is not canonical was verified");
    let other = Place::with("ec", 6)?;
    ensure!(other.verify(&proof, &attestation, "key.der")?.ok().is_err(), "another key's signature was verified");
    Ok(())
}
