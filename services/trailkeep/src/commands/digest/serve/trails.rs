//! Trails as DescribeTrails gives them.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// Largest file of trails that is read: 4 MiB.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What is known of trails, as AWS writes it.
#[derive(Debug, Default)]
pub(super) struct Trails(Vec<Value>);

impl Trails {
    /// Describes a trail.
    ///
    /// # Errors
    /// Where the ARN is none of a trail.
    pub(super) fn add(&mut self, arn: &str, bucket: &str, prefix: Option<&str>, of_an_organization: bool) -> anyhow::Result<()> {
        let Some((region, name)) = parts(arn) else {
            bail!("{arn:?} is no ARN of a trail: arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME");
        };
        let mut trail = json!({
            "Name": name, "S3BucketName": bucket, "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": region,
            "TrailARN": arn, "LogFileValidationEnabled": true, "HasCustomEventSelectors": false, "IsOrganizationTrail": of_an_organization,
        });
        if let (Some(prefix), Some(members)) = (prefix.filter(|prefix| !prefix.is_empty()), trail.as_object_mut()) {
            members.insert("S3KeyPrefix".to_owned(), prefix.into());
        }
        self.0.push(trail);
        Ok(())
    }

    /// Adds those of a file.
    ///
    /// # Errors
    /// Where it cannot be read, or an entry has no ARN of a trail or no bucket.
    pub(super) fn add_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let shown = path.display();
        let mut json = Vec::new();
        let file = File::open(path).with_context(|| format!("failed to read {shown}"))?;
        file.take(MAX_FILE_BYTES).read_to_end(&mut json).with_context(|| format!("failed to read {shown}"))?;
        let mut read: Value = serde_json::from_slice(&json).with_context(|| format!("{shown} is not what DescribeTrails gives"))?;
        let Some(Value::Array(list)) = read.get_mut("trailList").map(Value::take) else {
            bail!("{shown} is not what DescribeTrails gives: it has no trailList");
        };
        for trail in list {
            let text = |name: &str| trail.get(name).and_then(Value::as_str);
            if text("TrailARN").and_then(parts).is_none() || text("S3BucketName").is_none() {
                bail!("{shown} has a trail without TrailARN or S3BucketName");
            }
            self.0.push(trail);
        }
        Ok(())
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of these names or ARNs; all for none.
    pub(super) fn named(&self, names: &[String]) -> Vec<&Value> {
        let is = |trail: &Value, name: &String| trail["TrailARN"] == **name || trail["Name"] == **name;
        self.0.iter().filter(|trail| names.is_empty() || names.iter().any(|name| is(trail, name))).collect()
    }

    /// As ListTrails has them.
    pub(super) fn short(&self) -> Vec<Value> {
        let short = |trail: &Value| json!({ "TrailARN": trail["TrailARN"], "Name": trail["Name"], "HomeRegion": trail["HomeRegion"] });
        self.0.iter().map(short).collect()
    }
}

/// Region and name in `arn:<partition>:cloudtrail:<region>:<account>:trail/<name>`.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let mut fields = arn.splitn(6, ':');
    let (Some("arn"), Some(_), Some("cloudtrail"), Some(region), Some(account)) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return None;
    };
    let name = fields.next()?.strip_prefix("trail/").filter(|name| !name.is_empty())?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && !region.is_empty()).then_some((region, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_trails_have_a_region_and_a_name() {
        assert_eq!(parts("arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/a.b"), Some(("us-gov-west-1", "a.b")));
        for odd in ["", "arn:aws:s3:::b", "arn:aws:cloudtrail:us-east-1:1:trail/a", "arn:aws:cloudtrail:us-east-1:111122223333:trail/"] {
            assert_eq!(parts(odd), None, "{odd}");
        }
    }
}
