//! Public prices, us-east-1, in USD: one table, each with its year and where it is from.

use serde::Serialize;

/// A price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Price {
    pub(crate) service: &'static str,
    pub(crate) what: &'static str,
    pub(crate) usd: f64,
    /// What it is for: a million requests, a GB-month, an hour of a vCPU.
    pub(crate) per: &'static str,
    pub(crate) year: &'static str,
    pub(crate) source: &'static str,
}

/// AWS's price list by way of infracost's golden files.
const LIST: &str = "AWS price list, as in infracost's golden files";
/// As AWS's pricing page had it.
const PAGE: &str = "AWS pricing page, not checked against a price list";

const fn s3(what: &'static str, usd: f64, per: &'static str, year: &'static str, source: &'static str) -> Price {
    Price { service: "S3", what, usd, per, year, source }
}

/// A million requests.
const MILLION: &str = "million requests";
const GB_MONTH: &str = "GB-month";

pub(crate) const LIST_OBJECTS: Price = s3("LIST (priced as PUT), Standard", 5.0, MILLION, "2024", LIST);
pub(crate) const PUT: Price = s3("PUT, multipart and COPY, Standard", 5.0, MILLION, "2024", LIST);
pub(crate) const GET: Price = s3("GET, Standard", 0.4, MILLION, "2024", LIST);
pub(crate) const STANDARD: Price = s3("Standard", 0.023, GB_MONTH, "2024", LIST);
pub(crate) const STANDARD_IA: Price = s3("Standard-IA", 0.0125, GB_MONTH, "2024", LIST);
pub(crate) const GLACIER_IR: Price = s3("Glacier Instant Retrieval", 0.004, GB_MONTH, "2024", PAGE);
pub(crate) const DEEP_ARCHIVE: Price = s3("Glacier Deep Archive", 0.000_99, GB_MONTH, "2024", LIST);
pub(crate) const TO_STANDARD_IA: Price = s3("lifecycle transition to Standard-IA", 10.0, MILLION, "2024", LIST);
pub(crate) const TO_GLACIER_IR: Price = s3("lifecycle transition to Glacier Instant Retrieval", 20.0, MILLION, "2024", PAGE);
pub(crate) const TO_DEEP_ARCHIVE: Price = s3("lifecycle transition to Deep Archive", 50.0, MILLION, "2024", LIST);
pub(crate) const SQS: Price =
    Price { service: "SQS", what: "standard queue, each 64 KB", usd: 0.4, per: MILLION, year: "2024", source: LIST };
pub(crate) const DYNAMODB: Price =
    Price { service: "DynamoDB", what: "on-demand write units", usd: 0.625, per: MILLION, year: "2025", source: PAGE };
pub(crate) const KMS: Price = Price { service: "KMS", what: "symmetric requests", usd: 3.0, per: MILLION, year: "2024", source: LIST };
pub(crate) const FARGATE_CPU: Price =
    Price { service: "Fargate", what: "x86", usd: 0.040_48, per: "vCPU-hour", year: "2025", source: LIST };
pub(crate) const FARGATE_MEMORY: Price =
    Price { service: "Fargate", what: "x86 memory", usd: 0.004_445, per: "GB-hour", year: "2025", source: LIST };

/// All of them.
pub(crate) const ALL: [Price; 15] = [
    LIST_OBJECTS,
    PUT,
    GET,
    STANDARD,
    STANDARD_IA,
    GLACIER_IR,
    DEEP_ARCHIVE,
    TO_STANDARD_IA,
    TO_GLACIER_IR,
    TO_DEEP_ARCHIVE,
    SQS,
    DYNAMODB,
    KMS,
    FARGATE_CPU,
    FARGATE_MEMORY,
];
