//! Keys that attestations are signed with: public ones to verify, and a local one to sign where there is no KMS.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use serde::{Deserialize, Serialize};

use super::ecdsa;
use crate::Sha256;

/// Largest key that is read, in bytes of DER: 8 KiB.
pub const MAX_KEY_BYTES: usize = 8 << 10;

/// A `SubjectPublicKeyInfo` of a key on P-256 up to its point (RFC 5480): uncompressed, 65 bytes follow.
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00,
];
/// Length of such a key.
const P256_SPKI_BYTES: usize = P256_SPKI.len() + 65;
/// `AlgorithmIdentifier` of `rsaEncryption` (RFC 3279, 2.3.1).
const RSA_IDENTIFIER: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// How an attestation is signed, by KMS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA, PKCS#1 v1.5, of 2,048 to 8,192 bits.
    #[serde(rename = "RSASSA_PKCS1_V1_5_SHA_256")]
    RsaPkcs1Sha256,
    /// ECDSA on P-256 (`ECC_NIST_P256`); the signature is an `Ecdsa-Sig-Value` in DER whose s is at most half of the curve's order.
    #[serde(rename = "ECDSA_SHA_256")]
    EcdsaSha256,
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a `SubjectPublicKeyInfo` in DER of a key that attestations are signed with.
    #[error("not a public key in DER (SubjectPublicKeyInfo) of RSA with 2048 to 8192 bits or of ECDSA on P-256")]
    Public,
    /// Not a PKCS#8 key that attestations are signed with.
    #[error("not a private key in DER (PKCS #8, unencrypted) of RSA with 2048 to 8192 bits or of ECDSA on P-256")]
    Private,
    /// The library of cryptography could not sign.
    #[error("failed to sign with the local key")]
    Sign,
}

/// The public half of a key that attestations are signed with.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    fingerprint: Sha256,
    der: Vec<u8>,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in DER, as KMS's GetPublicKey and `openssl pkey -pubout -outform DER` give it.
    ///
    /// # Errors
    /// [`KeyError::Public`]; other encodings, curves and sizes are refused.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let algorithm = algorithm(der).ok_or(KeyError::Public)?;
        let parsed = match algorithm {
            Algorithm::RsaPkcs1Sha256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der),
            Algorithm::EcdsaSha256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der),
        };
        Ok(Self { algorithm, fingerprint: Sha256::of(der), der: der.to_vec(), parsed: parsed.map_err(|_| KeyError::Public)? })
    }

    /// What it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// SHA-256 of its DER.
    pub fn fingerprint(&self) -> Sha256 {
        self.fingerprint
    }

    /// Its `SubjectPublicKeyInfo` in DER.
    pub fn spki(&self) -> &[u8] {
        &self.der
    }

    /// Whether it made this signature of this text. Of the two that ECDSA makes of one, only that in [`PublicKey::normal_form`] is taken.
    pub fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        let one_form = match self.algorithm {
            Algorithm::RsaPkcs1Sha256 => true,
            Algorithm::EcdsaSha256 => ecdsa::is_low(signature),
        };
        one_form && self.parsed.verify_sig(input, signature).is_ok()
    }

    /// The signature in the one form that is written: of ECDSA with the lower s, which it verifies as well as the other one. What is no signature stays as
    /// it is.
    #[must_use]
    pub fn normal_form(&self, signature: Vec<u8>) -> Vec<u8> {
        match self.algorithm {
            Algorithm::RsaPkcs1Sha256 => signature,
            Algorithm::EcdsaSha256 => ecdsa::lowered(&signature).unwrap_or(signature),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("algorithm", &self.algorithm).field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// The one algorithm of a key by the outermost structure of its DER: the library alone would take other encodings too.
fn algorithm(der: &[u8]) -> Option<Algorithm> {
    if der.len() == P256_SPKI_BYTES && der.starts_with(&P256_SPKI) {
        return Some(Algorithm::EcdsaSha256);
    }
    if der.len() > MAX_KEY_BYTES {
        return None;
    }
    let (&[tag, form, high, low], rest) = der.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    ((tag, form) == (0x30, 0x82) && length == rest.len() && rest.starts_with(&RSA_IDENTIFIER)).then_some(Algorithm::RsaPkcs1Sha256)
}

/// A private key that lies in a file, for where there is no KMS.
pub struct LocalKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl LocalKey {
    /// Reads a key: PKCS #8 in DER, not encrypted, of RSA with 2,048 to 8,192 bits or of ECDSA on P-256.
    ///
    /// # Errors
    /// [`KeyError::Private`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > MAX_KEY_BYTES {
            return Err(KeyError::Private);
        }
        let (pair, spki) = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der) {
            let spki = [&P256_SPKI, pair.public_key().as_ref()].concat();
            (Pair::Ecdsa(pair), spki)
        } else {
            let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Private)?;
            let spki = pair.public_key().as_der().map_err(|_| KeyError::Private)?.as_ref().to_vec();
            (Pair::Rsa(pair), spki)
        };
        Ok(Self { pair, public: PublicKey::from_spki(&spki).map_err(|_| KeyError::Private)? })
    }

    /// Its public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs. Two signatures of ECDSA of one text differ; both verify. The chance in them is the library's own.
    ///
    /// # Errors
    /// [`KeyError::Sign`].
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), input).map_err(|_| KeyError::Sign)?;
                Ok(self.public.normal_form(signature.as_ref().to_vec()))
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature).map_err(|_| KeyError::Sign)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for LocalKey {
    /// The private half is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A signature with a local key.
#[derive(Debug, Clone)]
pub struct LocalSignature {
    /// The signature.
    pub signature: Vec<u8>,
    /// The key's public half, as `SubjectPublicKeyInfo` in DER.
    pub public_key_der: Vec<u8>,
}

/// Signs with a local key as [`LocalKey`] does, which reads it anew for each signature.
///
/// # Errors
/// [`KeyError::Private`] or [`KeyError::Sign`].
pub fn sign_with_pkcs8(pkcs8_der: &[u8], input: &[u8]) -> Result<LocalSignature, KeyError> {
    let key = LocalKey::from_pkcs8(pkcs8_der)?;
    Ok(LocalSignature { signature: key.sign(input)?, public_key_der: key.public_key().spki().to_vec() })
}
