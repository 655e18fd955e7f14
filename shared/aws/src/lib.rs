//! Adapters for AWS: S3.

mod s3;

pub use s3::{S3Bucket, S3Config};
