//! How AWS is reached: Region, endpoint, tries, timeouts, and the role that is taken on. One place for every service; credentials are the SDK's own
//! default chain, or the role's.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Region that emulators and compatible services are told, where none is configured.
const ANY_REGION: &str = "us-east-1";
/// Session name where none is given; it stands in CloudTrail beside what the role did.
const SESSION_NAME: &str = "trailkeep";

/// How AWS is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// AWS Region; `None` = as the AWS SDK finds it.
    pub region: Option<String>,
    /// Endpoint instead of AWS's own, for STS as well.
    pub endpoint: Option<String>,
    /// Tries of each call; `None` = as the AWS SDK finds it (`AWS_MAX_ATTEMPTS`, else 3).
    pub max_attempts: Option<u32>,
    /// ARN of a role to take on with the credentials that the SDK finds; `None` = act with those.
    pub role_arn: Option<String>,
    /// Session name for that role, 2 to 64 of `A-Z a-z 0-9 = , . @ - _`; `None` = `trailkeep`.
    pub role_session_name: Option<String>,
    /// External id that the role's trust policy asks for.
    pub external_id: Option<String>,
}

/// How long a call may take. The SDK tries again within what the service's own client allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsTimeouts {
    /// Longest wait for the first byte of an answer.
    pub read: Duration,
    /// Longest time for one try of a call.
    pub attempt: Duration,
}

impl Default for AwsTimeouts {
    /// For short calls with small answers.
    fn default() -> Self {
        Self { read: Duration::from_secs(10), attempt: Duration::from_secs(15) }
    }
}

/// Neither the settings nor the environment name a Region, and there is no endpoint that would do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no AWS Region is configured: set AWS_REGION or give --aws-region")]
pub struct NoRegion;

impl AwsSettings {
    /// Reads the environment and the SDK's files, and takes on the role where one is given (at the first call, not here). Asks AWS nothing yet.
    ///
    /// # Errors
    /// [`NoRegion`].
    pub async fn load(&self, timeouts: AwsTimeouts) -> Result<SdkConfig, NoRegion> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(timeouts.read)
            .operation_attempt_timeout(timeouts.attempt)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(attempts) = self.max_attempts {
            loader = loader.retry_config(RetryConfig::standard().with_max_attempts(attempts));
        }
        let loaded = loader.load().await;
        let config = match (loaded.region(), &self.endpoint) {
            (Some(_), _) => loaded,
            (None, Some(_)) => loaded.into_builder().region(Region::new(ANY_REGION)).build(),
            (None, None) => return Err(NoRegion),
        };
        Ok(self.with_role(config).await)
    }

    /// The same configuration with the role's credentials.
    async fn with_role(&self, config: SdkConfig) -> SdkConfig {
        let Some(role) = &self.role_arn else { return config };
        let session = self.role_session_name.as_deref().unwrap_or(SESSION_NAME);
        let mut provider = AssumeRoleProvider::builder(role).session_name(session).configure(&config);
        if let Some(external_id) = &self.external_id {
            provider = provider.external_id(external_id);
        }
        let provider = provider.build().await;
        config.into_builder().credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(provider)).build()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[tokio::test]
    async fn an_endpoint_does_without_a_region() {
        let settings = AwsSettings { endpoint: Some("http://127.0.0.1:1".to_owned()), ..AwsSettings::default() };
        let config = settings.load(AwsTimeouts::default()).await.unwrap();
        assert!(config.region().is_some());
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
    }

    #[tokio::test]
    async fn what_is_given_goes_before_the_environment() {
        let settings = AwsSettings { region: Some("eu-central-1".to_owned()), max_attempts: Some(7), ..AwsSettings::default() };
        let timeouts = AwsTimeouts { read: Duration::from_secs(30), attempt: Duration::from_secs(40) };
        let config = settings.load(timeouts).await.unwrap();
        assert_eq!(config.region().map(Region::as_ref), Some("eu-central-1"));
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(7));
        let loaded = config.timeout_config().unwrap();
        assert_eq!((loaded.read_timeout(), loaded.operation_attempt_timeout()), (Some(timeouts.read), Some(timeouts.attempt)));
    }
}
