//! A key in KMS as the signer of attestations: its private half never leaves KMS, its public half is asked for once.
//!
//! Sources: KMS API Reference, "Sign" (`MessageType` RAW: at most 4,096 bytes, hashed by KMS) and "GetPublicKey" (`SubjectPublicKeyInfo` in DER).

mod error;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_sdk_kms::{
    Client,
    operation::get_public_key::GetPublicKeyOutput,
    primitives::Blob,
    types::{KeyUsageType, MessageType, SigningAlgorithmSpec},
};
use trailkeep_attest::{SignError, Signer};
use trailkeep_audit::attestation::{Algorithm, PublicKey};

use self::error::{Action, explain};
use crate::config::{AwsSettings, AwsTimeouts};

/// A key in KMS that signs, of RSA from 2,048 bits or on P-256. Clones share the client.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: Client,
    arn: String,
    public: PublicKey,
}

impl KmsSigner {
    /// Asks KMS for the public key, once. `key` is an ARN, a key id or `alias/NAME`; where it is an ARN, the Region is the one that it names, whatever the
    /// settings say.
    ///
    /// # Errors
    /// [`SignError`]: `Denied` without `kms:GetPublicKey`, `Unfit` where the key does not sign, or not as attestations are signed.
    pub async fn open(settings: &AwsSettings, key: &str) -> Result<Self, SignError> {
        let settings = AwsSettings { region: region_of(key).map(str::to_owned).or_else(|| settings.region.clone()), ..settings.clone() };
        let failed = |source| SignError::Failed { operation: "open", signer: key.to_owned(), source };
        let config = settings.load(AwsTimeouts::default()).await.map_err(|error| failed(error.into()))?;
        Self::with_client(Client::new(&config), key).await
    }

    /// The key behind a client that was made elsewhere.
    ///
    /// # Errors
    /// As [`KmsSigner::open`].
    pub async fn with_client(client: Client, key: &str) -> Result<Self, SignError> {
        let answer = client.get_public_key().key_id(key).send().await.map_err(|error| explain(&error, Action::GetPublicKey, key))?;
        let (arn, public) = usable(&answer, key)?;
        Ok(Self { client, arn, public })
    }
}

/// The key's ARN and public half, if it is one that attestations are signed with.
fn usable(answer: &GetPublicKeyOutput, key: &str) -> Result<(String, PublicKey), SignError> {
    let unfit = |reason: String| SignError::Unfit { signer: key.to_owned(), reason };
    if answer.key_usage().is_some_and(|usage| *usage != KeyUsageType::SignVerify) {
        return Err(unfit(
            "its usage is not SIGN_VERIFY: make one of RSA_2048, RSA_3072, RSA_4096 or ECC_NIST_P256 for signing".to_owned(),
        ));
    }
    let spki = answer.public_key().map(AsRef::as_ref).unwrap_or_default();
    let public = PublicKey::from_spki(spki).map_err(|error| {
        let spec = answer.key_spec().map_or("unknown", |spec| spec.as_str());
        unfit(format!("its key spec is {spec}, {error}: make one of RSA_2048, RSA_3072, RSA_4096 or ECC_NIST_P256"))
    })?;
    let algorithm = algorithm_of(&public);
    if !answer.signing_algorithms().is_empty() && !answer.signing_algorithms().contains(&algorithm) {
        return Err(unfit(format!("it does not sign with {}", algorithm.as_str())));
    }
    // The answer names the key by its ARN, also where it was asked for by an alias, which could point to another key tomorrow.
    let arn = answer.key_id().filter(|arn| arn.starts_with("arn:") && arn.len() <= 2_048 && !arn.chars().any(char::is_control));
    Ok((arn.unwrap_or(key).to_owned(), public))
}

#[async_trait]
impl Signer for KmsSigner {
    fn name(&self) -> &str {
        &self.arn
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let request = self.client.sign().key_id(&self.arn).message(Blob::new(message)).message_type(MessageType::Raw);
        let request = request.signing_algorithm(algorithm_of(&self.public));
        let answer = request.send().await.map_err(|error| explain(&error, Action::Sign, &self.arn))?;
        // KMS answers with either form of ECDSA's: one is written.
        let signature = self.public.normal_form(answer.signature.map(Blob::into_inner).unwrap_or_default());
        // KMS's word is not taken for it: what the public key does not verify is no signature.
        if self.public.verifies(message, &signature) { Ok(signature) } else { Err(SignError::Invalid { signer: self.arn.clone() }) }
    }
}

fn algorithm_of(key: &PublicKey) -> SigningAlgorithmSpec {
    match key.algorithm() {
        Algorithm::RsaPkcs1Sha256 => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
        Algorithm::EcdsaSha256 => SigningAlgorithmSpec::EcdsaSha256,
    }
}

/// The Region in a key's or alias's ARN.
fn region_of(key: &str) -> Option<&str> {
    let mut parts = key.splitn(6, ':');
    let (Some("arn"), Some(_), Some("kms"), Some(region)) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return None };
    Some(region).filter(|region| !region.is_empty())
}
