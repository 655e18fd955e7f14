//! Adapters for AWS: S3, SQS, SNS, Organizations, Account Management, CloudTrail, and the ledger on DynamoDB.

mod account;
mod cloudtrail;
mod config;
mod dynamodb;
mod kms;
mod organizations;
mod s3;
mod sns;
mod sqs;

pub use account::AccountRegions;
pub use cloudtrail::{CloudTrailError, CloudTrailKeys, ListedKeys};
pub use config::{AwsSettings, AwsTimeouts, NoRegion};
pub use dynamodb::{DynamoLedger, Made, REMEMBERED_DAYS};
pub use kms::KmsSigner;
pub use organizations::{Observation, Organizations, OrganizationsError};
pub use s3::{S3Bucket, S3Config, kms_key, kms_key_of_prefix};
pub use sns::{Published, SnsAnnouncer, SnsTopic, TopicMessage};
pub use sqs::{Encrypted, MoveTask, MoveTaskError, QueueDescription, Redrive, Relayed, SqsQueue};
