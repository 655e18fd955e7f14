//! The keys that sign Digests, one a Region, and the file in which their public halves are told.

use base64::Engine as _;
use md5::{Digest as _, Md5};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, pkcs1::EncodeRsaPublicKey};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{SynthError, chance::mix, config::HOUR_MS, time};

/// What CloudTrail's own keys have.
const KEY_BITS: usize = 2048;

/// A Region's key.
#[derive(Debug)]
pub(crate) struct Signer {
    region: String,
    key: RsaPrivateKey,
    /// PKCS#1 (`RSAPublicKey`), DER.
    public_der: Vec<u8>,
    pub(crate) fingerprint: String,
}

impl Signer {
    /// The key that the seed gives this Region. Takes about a second.
    pub(crate) fn new(seed: u64, region: &str, region_index: u32) -> Result<Self, SynthError> {
        let failed = |source| SynthError::Sign { region: region.to_owned(), source };
        let mut rng = ChaCha20Rng::seed_from_u64(mix(seed ^ mix(0x5157 + u64::from(region_index))));
        let key = RsaPrivateKey::new(&mut rng, KEY_BITS).map_err(failed)?;
        let public = RsaPublicKey::from(&key);
        let public_der = public.to_pkcs1_der().map_err(|source| failed(source.into()))?.into_vec();
        let fingerprint = hex::encode(Md5::digest(&public_der));
        Ok(Self { region: region.to_owned(), key, public_der, fingerprint })
    }

    /// `SHA256withRSA` (PKCS#1 v1.5) of the text, in hexadecimal.
    pub(crate) fn sign(&self, text: &str) -> Result<String, SynthError> {
        let hash = <Sha256 as sha2::Digest>::digest(text.as_bytes());
        let signature = self.key.sign(Pkcs1v15Sign::new::<Sha256>(), &hash);
        signature.map(hex::encode).map_err(|source| SynthError::Sign { region: self.region.clone(), source })
    }
}

/// The answers of `ListPublicKeys` for all Regions in one list; `Region` is ours, as AWS keeps a list in each.
/// Source: CloudTrail API Reference, "ListPublicKeys".
pub(crate) fn public_keys(signers: &[Signer], first_ms: i64, last_ms: i64) -> Value {
    let validity_ms = 30 * 24 * HOUR_MS;
    let list: Vec<Value> = signers
        .iter()
        .map(|signer| {
            json!({
                "Value": base64::engine::general_purpose::STANDARD.encode(&signer.public_der),
                "ValidityStartTime": time::iso(first_ms - validity_ms),
                "ValidityEndTime": time::iso(last_ms + validity_ms),
                "Fingerprint": signer.fingerprint,
                "Region": signer.region,
            })
        })
        .collect();
    json!({ "PublicKeyList": list })
}
