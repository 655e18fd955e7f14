//! CloudTrail, asked for the public keys that its Digests are signed with. It has keys of its own for each Region, and gives out those of past years too.

mod error;
#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::{Client, config::Region as SdkRegion, primitives::DateTime, types};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use trailkeep_digests::{KeyReason, Origin, PublicKey, PublicKeys};
use trailkeep_keys::Region;

pub use self::error::CloudTrailError;
use self::error::{LIST_PUBLIC_KEYS, explain};
use crate::config::{AwsSettings, AwsTimeouts};

/// Most pages of keys of a Region: a key is valid for weeks, and CloudTrail's own pages are larger than one key.
const MAX_PAGES: usize = 1_000;

/// What CloudTrail answered.
#[derive(Debug, Clone, Default)]
pub struct ListedKeys {
    /// The keys.
    pub keys: PublicKeys,
    /// Keys that cannot be used: fingerprint, where there is one, and why not.
    pub refused: Vec<(Option<String>, KeyReason)>,
}

/// CloudTrail, in any Region. Clones share what was found of the environment.
#[derive(Debug, Clone)]
pub struct CloudTrailKeys {
    config: SdkConfig,
}

impl CloudTrailKeys {
    /// Opens it. Asks nothing yet.
    ///
    /// # Errors
    /// [`CloudTrailError::Failed`] where no Region is known.
    pub async fn open(settings: &AwsSettings) -> Result<Self, CloudTrailError> {
        let config = settings.load(AwsTimeouts::default()).await.map_err(|error| CloudTrailError::Failed {
            operation: "open",
            region: settings.region.clone().unwrap_or_default(),
            source: error.into(),
        })?;
        Ok(Self::with_config(config))
    }

    /// CloudTrail as reached with a configuration that was made elsewhere.
    pub fn with_config(config: SdkConfig) -> Self {
        Self { config }
    }

    /// The keys of a Region that were valid at some time between two moments; all in milliseconds since 1970. `now_ms` is when they were got.
    ///
    /// # Errors
    /// [`CloudTrailError`]; a list that breaks off is not taken.
    pub async fn list(&self, region: Region, from_ms: i64, to_ms: i64, now_ms: i64) -> Result<ListedKeys, CloudTrailError> {
        let name = region.to_string();
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config).region(SdkRegion::new(name.clone())).build();
        let client = Client::from_conf(config);
        let origin = Origin { source: format!("{LIST_PUBLIC_KEYS} in {name}"), at_ms: now_ms };
        let (mut listed, mut token) = (ListedKeys::default(), None::<String>);
        for _ in 0..MAX_PAGES {
            let request = client.list_public_keys().start_time(DateTime::from_millis(from_ms)).end_time(DateTime::from_millis(to_ms));
            let page = request.set_next_token(token.clone()).send().await.map_err(|error| explain(&error, &name))?;
            for key in page.public_key_list() {
                match read(key, region, &origin) {
                    Ok(key) => listed.keys.add(key),
                    Err(reason) => listed.refused.push((key.fingerprint().map(|text| text.chars().take(64).collect()), reason)),
                }
            }
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() {
                return Ok(listed);
            }
            if next == token {
                break;
            }
            token = next;
        }
        Err(CloudTrailError::Endless { operation: LIST_PUBLIC_KEYS, region: name })
    }
}

fn read(key: &types::PublicKey, region: Region, origin: &Origin) -> Result<PublicKey, KeyReason> {
    let value = key.value().ok_or(KeyReason::NoValue)?;
    let moment = |moment: Option<&DateTime>| moment.and_then(|moment| moment.to_millis().ok()).ok_or(KeyReason::NoValidity);
    let validity = (moment(key.validity_start_time())?, moment(key.validity_end_time())?);
    PublicKey::new(region, &STANDARD.encode(value), key.fingerprint(), validity, origin.clone())
}
