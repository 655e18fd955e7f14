//! Adapters for AWS: S3, SQS, SNS, Organizations, and the ledger on DynamoDB.

mod config;
mod dynamodb;
mod organizations;
mod s3;
mod sns;
mod sqs;

pub use config::{AwsSettings, AwsTimeouts, NoRegion};
pub use dynamodb::{DynamoLedger, Made, REMEMBERED_DAYS};
pub use organizations::{Observation, Organizations, OrganizationsError};
pub use s3::{S3Bucket, S3Config, kms_key, kms_key_of_prefix};
pub use sns::SnsAnnouncer;
pub use sqs::{Encrypted, MoveTask, MoveTaskError, QueueDescription, Redrive, Relayed, SqsQueue};
