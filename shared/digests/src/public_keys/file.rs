//! Public keys as JSON: the answers of ListPublicKeys coming in, and the file in which the archive keeps them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use trailkeep_keys::Region;
use trailkeep_records::time::{parse_iso, to_rfc3339};

use super::{KeyReason, Origin, PublicKey, PublicKeys, PublicKeysError, RefusedKey};

/// Largest list or file of public keys, in bytes: 16 MiB, some ten thousand keys.
pub const MAX_KEYS_BYTES: usize = 16 << 20;

/// Format of the file that [`PublicKeys::to_json`] writes.
const FORMAT: u64 = 1;

/// The answer of ListPublicKeys, from the API or from the AWS command line.
/// Source: CloudTrail API Reference, "ListPublicKeys"; its spelling in an example of the User Guide is `publicKeyList`.
#[derive(Debug, Deserialize)]
struct List {
    #[serde(rename = "PublicKeyList", alias = "publicKeyList")]
    keys: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: Option<String>,
    validity_start_time: Option<Moment>,
    validity_end_time: Option<Moment>,
    fingerprint: Option<String>,
    /// Not AWS's: lists of several Regions in one file have it.
    region: Option<String>,
}

/// Seconds since 1970 as a number or as text, or an ISO time: API, old and new command lines differ.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(f64),
    Text(String),
}

impl Moment {
    fn unix_ms(&self) -> Option<i64> {
        let seconds = match self {
            Self::Seconds(seconds) => *seconds,
            Self::Text(text) => match parse_iso(text) {
                Some(unix_ms) => return Some(unix_ms),
                None => text.parse().ok()?,
            },
        };
        // The year 9999; what is larger is no time that anyone meant.
        (seconds.is_finite() && (0.0..=253_402_300_799.0).contains(&seconds)).then_some((seconds * 1000.0) as i64)
    }
}

/// The file in which keys are kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format: u64,
    keys: Vec<KeptKey>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptKey {
    region: String,
    fingerprint: String,
    /// Base64 of the PKCS#1 DER, as CloudTrail gave it.
    value: String,
    valid_from: String,
    valid_to: String,
    obtained_from: String,
    obtained_at: String,
}

#[derive(Debug, Deserialize)]
struct Versioned {
    format: u64,
}

impl PublicKeys {
    /// Takes the keys of an answer of ListPublicKeys, asked in `region`. A `Region` beside a key, which AWS does not write, wins: files of
    /// several Regions have it. Keys that are there stay as they are.
    ///
    /// The keys that were not taken are told; the others are.
    ///
    /// # Errors
    /// [`PublicKeysError`] where the answer cannot be read at all; no key was taken.
    pub fn add_list(&mut self, json: &[u8], region: Option<Region>, origin: &Origin) -> Result<Vec<RefusedKey>, PublicKeysError> {
        within_cap(json)?;
        let list: List = serde_json::from_slice(json).map_err(PublicKeysError::Unreadable)?;
        let read = list.keys.into_iter().map(|listed| (listed.fingerprint.clone(), listed.read(region, origin)));
        Ok(self.take(read))
    }

    /// Takes the keys of a file that [`Self::to_json`] wrote. Keys that are there stay as they are.
    ///
    /// The keys that were not taken are told; the others are.
    ///
    /// # Errors
    /// [`PublicKeysError`] where the file cannot be read at all; no key was taken.
    pub fn add_kept(&mut self, json: &[u8]) -> Result<Vec<RefusedKey>, PublicKeysError> {
        within_cap(json)?;
        let Versioned { format } = serde_json::from_slice(json).map_err(PublicKeysError::Unreadable)?;
        if format > FORMAT {
            return Err(PublicKeysError::NewerFormat { found: format });
        }
        let kept: Kept = serde_json::from_slice(json).map_err(PublicKeysError::Unreadable)?;
        let read = kept.keys.into_iter().map(|kept| (Some(kept.fingerprint.clone()), kept.read()));
        Ok(self.take(read))
    }

    /// The file in which the archive keeps them: format, and for each key its Region, fingerprint, value, validity, and where and when
    /// it was got. The same keys give the same bytes.
    pub fn to_json(&self) -> String {
        let mut keys: Vec<&PublicKey> = self.iter().collect();
        keys.sort_by_key(|key| (key.region, key.valid_from_ms, key.valid_to_ms, key.fingerprint));
        let keys = keys.into_iter().map(KeptKey::of).collect();
        let mut json = serde_json::to_string_pretty(&Kept { format: FORMAT, keys }).unwrap_or_default();
        json.push('\n');
        json
    }

    fn take(&mut self, read: impl Iterator<Item = (Option<String>, Result<PublicKey, KeyReason>)>) -> Vec<RefusedKey> {
        let mut refused = Vec::new();
        for (index, (fingerprint, key)) in read.enumerate() {
            match key {
                Ok(key) => self.add(key),
                Err(reason) => {
                    let fingerprint = fingerprint.map(|text| text.chars().take(64).collect());
                    refused.push(RefusedKey { index, fingerprint, reason });
                }
            }
        }
        refused
    }
}

fn within_cap(json: &[u8]) -> Result<(), PublicKeysError> {
    if json.len() > MAX_KEYS_BYTES { Err(PublicKeysError::TooLarge { bytes: json.len() }) } else { Ok(()) }
}

impl Listed {
    fn read(self, region: Option<Region>, origin: &Origin) -> Result<PublicKey, KeyReason> {
        let region = match self.region {
            Some(text) => text.parse().map_err(|_| KeyReason::NoRegion)?,
            None => region.ok_or(KeyReason::NoRegion)?,
        };
        let value = self.value.ok_or(KeyReason::NoValue)?;
        let moment = |moment: Option<Moment>| moment.and_then(|moment| moment.unix_ms()).ok_or(KeyReason::NoValidity);
        let validity = (moment(self.validity_start_time)?, moment(self.validity_end_time)?);
        PublicKey::new(region, &value, self.fingerprint.as_deref(), validity, origin.clone())
    }
}

impl KeptKey {
    fn of(key: &PublicKey) -> Self {
        let time = |unix_ms| to_rfc3339(unix_ms).unwrap_or_default();
        Self {
            region: key.region.to_string(),
            fingerprint: key.fingerprint.to_string(),
            value: STANDARD.encode(&key.der),
            valid_from: time(key.valid_from_ms),
            valid_to: time(key.valid_to_ms),
            obtained_from: key.origin.source.clone(),
            obtained_at: time(key.origin.at_ms),
        }
    }

    fn read(self) -> Result<PublicKey, KeyReason> {
        let region = self.region.parse().map_err(|_| KeyReason::NoRegion)?;
        let time = |text: &str| parse_iso(text).ok_or(KeyReason::NoValidity);
        let validity = (time(&self.valid_from)?, time(&self.valid_to)?);
        let at_ms = parse_iso(&self.obtained_at).ok_or(KeyReason::NoOrigin)?;
        PublicKey::new(region, &self.value, Some(&self.fingerprint), validity, Origin { source: self.obtained_from, at_ms })
    }
}
