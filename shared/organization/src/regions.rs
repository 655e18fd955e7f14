//! Regions that an account has without asking for them.

use trailkeep_keys::Region;

/// Source: AWS Account Management Reference, "Enable or disable AWS Regions in your account": Regions that are enabled by default.
const STANDARD: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
/// Source: Getting Started with AWS services in China.
const CHINA: [&str; 2] = ["cn-north-1", "cn-northwest-1"];
/// Source: AWS GovCloud (US) User Guide.
const GOVERNMENT: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];

/// The Regions that are on by default in the partition that a Region is of. None for partitions that this list does not know.
pub fn default_regions(of: Region) -> Vec<Region> {
    let names: &[&str] = match of.as_str().split('-').next().unwrap_or_default() {
        "cn" => &CHINA,
        "us" if of.as_str().starts_with("us-gov-") => &GOVERNMENT,
        "us" if of.as_str().starts_with("us-iso") => &[],
        // Two letters are a country or a part of the world; of more, `eusc` for one, are other partitions.
        area if area.len() == 2 && !of.as_str().contains("-iso") => &STANDARD,
        _ => &[],
    };
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn each_partition_has_its_own() {
        let count = |region: &str| default_regions(region.parse().unwrap()).len();
        assert_eq!((count("eu-south-2"), count("us-east-1")), (17, 17));
        assert_eq!((count("cn-north-1"), count("us-gov-west-1")), (2, 2));
        assert_eq!((count("us-isob-east-1"), count("eu-isoe-west-1"), count("eusc-de-east-1")), (0, 0, 0));
    }
}
