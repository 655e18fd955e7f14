//! Keys as files: a private one to sign with where there is no KMS, public ones to verify with.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use async_trait::async_trait;
use trailkeep_audit::attestation::{LocalKey, PublicKey};

use crate::{
    pem::{Armoured, unarmoured},
    signer::{SignError, Signer},
};

/// Largest file of a key that is read: 64 KiB.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Why a file is no key that can be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("failed to read the key in {file}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It is larger than any key.
    #[error("{file} holds more than {MAX_FILE_BYTES} bytes: that is no key")]
    TooLarge {
        /// The file.
        file: String,
    },
    /// It holds something else.
    #[error("{file} is not usable as a key: {reason}")]
    Unfit {
        /// The file.
        file: String,
        /// What it is, and what to do.
        reason: String,
    },
}

/// A private key in a file: PKCS #8, not encrypted, in PEM or DER; RSA from 2,048 bits or P-256.
#[derive(Debug)]
pub struct KeyFile {
    name: String,
    key: LocalKey,
}

impl KeyFile {
    /// Reads the key. A file that others may read is taken, with a warning.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let file = path.display().to_string();
        let unfit = |reason: String| KeyFileError::Unfit { file: file.clone(), reason };
        let bytes = read(path)?;
        let Armoured { label, der } = unarmoured(&bytes).map_err(|error| unfit(error.to_string()))?;
        if let Some(reason) = label.as_deref().and_then(why_not_private) {
            return Err(unfit(reason.to_owned()));
        }
        let key = LocalKey::from_pkcs8(&der).map_err(|error| unfit(error.to_string()))?;
        warn_if_others_may_read(path);
        let name = path.file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name: format!("key file {}", one_line(&name)), key })
    }
}

#[async_trait]
impl Signer for KeyFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // Half a millisecond with RSA of 2,048 bits: shorter than a way to another thread is worth.
        let failed = |source| SignError::Failed { operation: "sign", signer: self.name.clone(), source };
        self.key.sign(message).map_err(|error| failed(error.into()))
    }
}

/// Reads a public key: `SubjectPublicKeyInfo` in PEM or DER.
///
/// # Errors
/// [`KeyFileError`].
pub fn read_public_key(path: &Path) -> Result<PublicKey, KeyFileError> {
    let unfit = |reason: String| KeyFileError::Unfit { file: path.display().to_string(), reason };
    let Armoured { label, der } = unarmoured(&read(path)?).map_err(|error| unfit(error.to_string()))?;
    match label.as_deref() {
        None | Some("PUBLIC KEY") => PublicKey::from_spki(&der).map_err(|error| unfit(error.to_string())),
        Some("CERTIFICATE") => Err(unfit("it is a certificate; take its key out with `openssl x509 -in FILE -noout -pubkey`".to_owned())),
        Some(label) if label.ends_with("PRIVATE KEY") => {
            Err(unfit("it is a private key, which verifiers must not have; give `openssl pkey -in FILE -pubout`".to_owned()))
        }
        Some(label) => Err(unfit(format!("it is PEM of {}, not of PUBLIC KEY", one_line(label)))),
    }
}

/// The public key as PEM, for who keeps it.
pub fn public_key_pem(key: &PublicKey) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(key.spki());
    let lines: Vec<String> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

fn read(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let file = path.display().to_string();
    let failed = |source| KeyFileError::Read { file: file.clone(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(KeyFileError::TooLarge { file }) } else { Ok(bytes) }
}

/// Why PEM of this label is no key to sign with; none: it is one.
fn why_not_private(label: &str) -> Option<&'static str> {
    match label {
        "PRIVATE KEY" => None,
        "ENCRYPTED PRIVATE KEY" => {
            Some("it is encrypted; decrypt it with `openssl pkcs8 -in FILE -out KEY`, and keep KEY where only the signer may read it")
        }
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            Some("it is in an old form; turn it into PKCS #8 with `openssl pkcs8 -topk8 -nocrypt -in FILE -out KEY`")
        }
        "PUBLIC KEY" => Some("it is a public key; nothing can be signed with it"),
        "CERTIFICATE" => Some("it is a certificate; nothing can be signed with it"),
        _ => Some("it is no PEM of PRIVATE KEY (PKCS #8)"),
    }
}

fn warn_if_others_may_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let others = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if others {
        tracing::warn!(file = %path.display(), "others than its owner may use the signing key: chmod 600");
    }
}

fn one_line(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
