//! The RSA key that signs: a file with PKCS#8 in PEM.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use trailkeep_digests::{Fingerprint, Origin, PublicKey};
use trailkeep_keys::Region;

/// Largest key file that is read: 64 KiB. A key of 8,192 bits takes 7.
const MAX_FILE_BYTES: u64 = 64 << 10;
/// What CloudTrail's own keys have, and the least that is taken.
const MIN_BITS: usize = 2048;
/// Beyond this a signature does not fit into the 2 KB of metadata that S3 keeps with an object.
const MAX_BITS: usize = 4096;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// From when to when our keys are said to be valid, milliseconds since 1970: 2000 to 2100. Nobody changes them by a calendar, as CloudTrail does.
pub(super) const VALIDITY_MS: (i64, i64) = (946_684_800_000, 4_102_444_800_000);

/// A key pair.
#[derive(Debug)]
pub(super) struct SigningKey {
    pair: KeyPair,
    random: SystemRandom,
}

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no RSA key of 2,048 to 4,096 bits.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let mut text = String::new();
        let file = File::open(path).with_context(|| format!("failed to read the signing key in {shown}"))?;
        warn_if_open(&file, path);
        file.take(MAX_FILE_BYTES).read_to_string(&mut text).with_context(|| format!("failed to read the signing key in {shown}"))?;
        Self::parse(&text).with_context(|| format!("{shown} cannot be used as a signing key"))
    }

    fn parse(pem: &str) -> anyhow::Result<Self> {
        let body = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(body, _)| body);
        let Some(body) = body else { bail!("it is no unencrypted PKCS#8 key in PEM ({BEGIN}): `trailkeep digest new-key` makes one") };
        let base64: String = body.split_whitespace().collect();
        let der = STANDARD.decode(base64).ok().context("what stands in its PEM is not base64")?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| anyhow::anyhow!("it is no RSA key of 2,048 bits or more"))?;
        let bits = pair.public_modulus_len() * 8;
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            bail!("it has {bits} bits; {MIN_BITS} to {MAX_BITS} can be used");
        }
        Ok(Self { pair, random: SystemRandom::new() })
    }

    /// RSA PKCS#1 v1.5 with SHA-256: the same text always gives the same signature.
    pub(super) fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &self.random, text, &mut signature).ok().map(|()| signature)
    }

    /// MD5 of the public key, as CloudTrail names keys.
    pub(super) fn fingerprint(&self) -> anyhow::Result<Fingerprint> {
        let region = "us-east-1".parse().context("a Region")?;
        let origin = Origin { source: "the signing key".to_owned(), at_ms: VALIDITY_MS.0 };
        let key = PublicKey::new(region, &self.public_base64(), None, VALIDITY_MS, origin);
        key.map(|key| key.fingerprint()).map_err(|reason| anyhow::anyhow!("the key's public half cannot be used: {}", reason.name()))
    }

    /// The public half, PKCS#1 `RSAPublicKey` in DER and base64.
    fn public_base64(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    /// The public half as ListPublicKeys gives it, with an entry for each Region.
    /// Source: CloudTrail API Reference, "ListPublicKeys"; `Region` is ours, as CloudTrail keeps a list in each.
    pub(super) fn public_list<'r>(&self, regions: impl IntoIterator<Item = &'r Region>) -> anyhow::Result<String> {
        let (value, fingerprint) = (self.public_base64(), self.fingerprint()?.to_string());
        let [from, to] = [VALIDITY_MS.0, VALIDITY_MS.1].map(crate::figures::moment);
        let entry = |region: &Region| {
            serde_json::json!({
                "Value": value, "ValidityStartTime": from, "ValidityEndTime": to, "Fingerprint": fingerprint, "Region": region.to_string(),
            })
        };
        let list: Vec<_> = regions.into_iter().map(entry).collect();
        Ok(format!("{}\n", serde_json::to_string_pretty(&serde_json::json!({ "PublicKeyList": list }))?))
    }
}

/// Others may read the key: said, since who has it signs as we do.
fn warn_if_open(file: &File, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others may read the signing key: chmod 600 it");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_with_a_reason() {
        let reason = |text: &str| SigningKey::parse(text).unwrap_err().to_string();
        assert!(reason("").contains("PKCS#8"));
        assert!(reason("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----").contains("PKCS#8"));
        assert!(reason(&format!("{BEGIN}\n*\n{END}")).contains("base64"));
        assert!(reason(&format!("{BEGIN}\nAAAA\n{END}")).contains("RSA"));
    }
}
