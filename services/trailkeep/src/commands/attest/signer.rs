//! Who signs, as it is named on the command line: `kms:…`, or a file.

use std::{path::PathBuf, str::FromStr};

use trailkeep_attest::{KeyFile, SignError, Signer, read_public_key};
use trailkeep_audit::attestation::PublicKey;
use trailkeep_aws::{AwsSettings, KmsSigner, kms_key};

use crate::cli::Globals;

/// A key to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SigningKey {
    /// In KMS: an ARN, a key id or `alias/NAME`.
    Kms(String),
    /// A file: PKCS #8, in PEM or DER.
    File(PathBuf),
}

impl FromStr for SigningKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("kms:") {
            Some(key) => kms_key(key).map(Self::Kms),
            None if text.is_empty() => Err("give kms:ARN, kms:alias/NAME or a file".to_owned()),
            None if text.starts_with("arn:") || text.starts_with("alias/") => Err(format!("for a key in KMS give kms:{text}")),
            None => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl SigningKey {
    pub(super) async fn open(&self, globals: &Globals) -> anyhow::Result<Box<dyn Signer>> {
        match self {
            Self::File(path) => Ok(Box::new(KeyFile::open(path)?)),
            Self::Kms(key) => Ok(Box::new(kms(key, globals).await?)),
        }
    }

    /// Its public half alone: of a key that does not sign any more. A file holds no more than that.
    pub(super) async fn open_public(&self, globals: &Globals) -> anyhow::Result<PublicKey> {
        match self {
            Self::File(path) => Ok(read_public_key(path)?),
            Self::Kms(key) => Ok(kms(key, globals).await?.public_key().clone()),
        }
    }
}

async fn kms(key: &str, globals: &Globals) -> Result<KmsSigner, SignError> {
    let settings = AwsSettings { region: globals.aws_region.clone(), endpoint: globals.aws_endpoint.clone(), ..AwsSettings::default() };
    KmsSigner::open(&settings, key).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_kms_or_files_and_never_guessed() {
        assert_eq!("kms:alias/attest".parse(), Ok(SigningKey::Kms("alias/attest".to_owned())));
        assert_eq!("keys/attest.pem".parse(), Ok(SigningKey::File("keys/attest.pem".into())));
        for text in ["", "alias/attest", "arn:aws:kms:eu-west-1:111122223333:key/x", "kms:", "kms:attest"] {
            assert!(text.parse::<SigningKey>().is_err(), "{text}");
        }
    }
}
