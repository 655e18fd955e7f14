//! Who signs: a port with two adapters, a key in a file ([`crate::KeyFile`]) and one in KMS (`trailkeep-aws`).

use std::{error::Error, fmt::Debug};

use async_trait::async_trait;
use trailkeep_audit::attestation::{MAX_SIGNING_INPUT_BYTES, PublicKey};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The caller may not use the key.
    #[error("not permitted to {operation} with {signer}: {hint}")]
    Denied {
        /// The IAM action.
        operation: &'static str,
        /// The key.
        signer: String,
        /// What to do.
        hint: String,
    },
    /// The key is none that attestations are signed with.
    #[error("{signer} cannot sign attestations: {reason}")]
    Unfit {
        /// The key.
        signer: String,
        /// What is wrong with it, and what to take instead.
        reason: String,
    },
    /// More than is ever signed.
    #[error("{0} bytes are more than the {MAX_SIGNING_INPUT_BYTES} that are signed as they are")]
    TooLong(usize),
    /// What came back was not made by the key: nothing is done with it.
    #[error("{signer} answered with a signature that its public key does not verify")]
    Invalid {
        /// The key.
        signer: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to {operation} with {signer}")]
    Failed {
        /// The IAM action, or what was done with the file.
        operation: &'static str,
        /// The key.
        signer: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A key that signs attestations. Its public half is known before anything is signed, and does not change.
#[async_trait]
pub trait Signer: Debug + Send + Sync {
    /// Whose key it is, as the trust root says it: the ARN of a KMS key, or what a local key file is called.
    fn name(&self) -> &str;

    /// Its public half, with the algorithm.
    fn public_key(&self) -> &PublicKey;

    /// Keys that signed the chain before this one, as whoever changed them says. What neither they nor this one signed is not gone on with.
    fn former_keys(&self) -> &[PublicKey] {
        &[]
    }

    /// Signs these bytes, at most [`MAX_SIGNING_INPUT_BYTES`], as they are: the key's algorithm hashes them. Callers use [`sign`], which looks
    /// at what comes back.
    ///
    /// # Errors
    /// [`SignError`].
    async fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A key that took another one's place: the chain that those before it signed is gone on with.
#[derive(Debug)]
pub struct Successor<S> {
    signer: S,
    former: Vec<PublicKey>,
}

impl<S> Successor<S> {
    /// `former` are the public halves of the keys before this one: of all that signed what is not 31 days old.
    pub fn new(signer: S, former: Vec<PublicKey>) -> Self {
        Self { signer, former }
    }
}

#[async_trait]
impl<S: AsRef<dyn Signer> + Debug + Send + Sync> Signer for Successor<S> {
    fn name(&self) -> &str {
        self.signer.as_ref().name()
    }

    fn public_key(&self) -> &PublicKey {
        self.signer.as_ref().public_key()
    }

    fn former_keys(&self) -> &[PublicKey] {
        &self.former
    }

    async fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer.as_ref().sign_raw(message).await
    }
}

/// Signs, and verifies the signature before anybody uses it. Of ECDSA's two forms of it, the one is given that is taken.
///
/// # Errors
/// [`SignError`].
pub async fn sign(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, SignError> {
    if message.len() > MAX_SIGNING_INPUT_BYTES {
        return Err(SignError::TooLong(message.len()));
    }
    let signature = signer.public_key().normal_form(signer.sign_raw(message).await?);
    if signer.public_key().verifies(message, &signature) {
        Ok(signature)
    } else {
        Err(SignError::Invalid { signer: signer.name().to_owned() })
    }
}
