//! Which `AWSLogs` segment of a key is CloudTrail's, and where the key begins in the path of a copied tree.

use crate::{AccountId, LogClass, OrganizationId, key::read_path};

/// The folder that AWS services write their logs below.
pub(crate) const AWS_LOGS: &str = "AWSLogs";

/// What follows an `AWSLogs` segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Below<'a> {
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) account: Option<AccountId>,
    /// After the account; after `AWSLogs/` where no account follows.
    pub(crate) rest: &'a str,
}

/// Splits a key at the *last* `AWSLogs` segment that a CloudTrail path follows (Control Tower and custom prefixes put
/// others before it), else at the last that an account follows, else at the last. The prefix comes without the slash
/// between it and `AWSLogs`, unless it is nothing but slashes.
pub(crate) fn anchor(key: &str) -> Option<(&str, Below<'_>)> {
    let candidates = aws_logs_segments(key).map(|(start, rest)| (start, read_owner(rest)));
    let (start, below) = candidates.max_by_key(|(_, below)| rank(below))?; // of equals, the last
    let before = key.get(..start)?;
    let prefix = if before.bytes().all(|byte| byte == b'/') { before } else { before.strip_suffix('/')? };
    Some((prefix, below))
}

/// Byte offset of each `AWSLogs` segment that something follows, with what follows its slash.
fn aws_logs_segments(key: &str) -> impl Iterator<Item = (usize, &str)> {
    key.match_indices(AWS_LOGS).filter_map(|(start, _)| {
        let begins = start == 0 || key.as_bytes().get(start - 1) == Some(&b'/');
        let rest = key.get(start + AWS_LOGS.len()..)?.strip_prefix('/')?;
        (begins && !rest.is_empty()).then_some((start, rest))
    })
}

/// Reads `[organization/]account/`.
fn read_owner(rest: &str) -> Below<'_> {
    let none = Below { organization: None, account: None, rest };
    let Some((first, after_first)) = rest.split_once('/') else {
        return none;
    };
    if let Ok(account) = first.parse() {
        return Below { organization: None, account: Some(account), rest: after_first };
    }
    let (Ok(organization), Some((second, after_second))) = (first.parse(), after_first.split_once('/')) else {
        return none;
    };
    match second.parse() {
        Ok(account) => Below { organization: Some(organization), account: Some(account), rest: after_second },
        Err(_) => none,
    }
}

/// 2: a CloudTrail path follows; 1: an account follows; 0: neither.
fn rank(below: &Below<'_>) -> u8 {
    let Some(account) = below.account else { return 0 };
    let fits = below.rest.split_once('/').and_then(|(folder, rest)| {
        let class = LogClass::from_folder(folder)?;
        read_path(rest, account, class).ok()
    });
    if fits.is_some() { 2 } else { 1 }
}

/// The service of a Hive-style path, `aws-account-id=…/aws-service=…/…`, that VPC flow logs may have.
/// Source: VPC User Guide, "Flow log files".
pub(crate) fn hive_service(rest: &str) -> Option<&str> {
    rest.strip_prefix("aws-account-id=")?.split('/').find_map(|segment| segment.strip_prefix("aws-service="))
}

/// The canonical key of a file found in a copied tree, given its path below the tree's root with `/` between segments.
///
/// With `prefix` (the trail's own, with or without slashes at its ends) the key starts there; none if that prefix does
/// not stand right before the `AWSLogs` segment: a tree copied from below its prefix wants the prefix put before it by the
/// caller. Without it the key starts at `AWSLogs`, or one segment earlier where that is the organization's id
/// (Control Tower's `o-x/AWSLogs/o-x/…`). `Some("")` says that there is no prefix.
pub fn canonical_key<'a>(path_below_root: &'a str, prefix: Option<&str>) -> Option<&'a str> {
    let (before, below) = anchor(path_below_root)?;
    let slash = usize::from(before.bytes().any(|byte| byte != b'/'));
    let start = match prefix.map(|prefix| prefix.trim_matches('/')) {
        Some("") => before.len() + slash,
        Some(prefix) => {
            let head = before.strip_suffix(prefix)?;
            (head.is_empty() || head.ends_with('/')).then_some(head.len())?
        }
        None => {
            let last = before.rsplit('/').next().unwrap_or_default();
            let control_tower = below.organization.is_some_and(|organization| organization.as_str() == last);
            if control_tower { before.len() - last.len() } else { before.len() + slash }
        }
    };
    path_below_root.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str =
        "111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0905Z_abcdEFGH01234567.json.gz";

    #[test]
    fn the_canonical_key_of_a_copied_file_is_its_key_in_the_bucket() {
        let cases = [
            ("AWSLogs/", None, Some(0)),
            ("backup/2026/AWSLogs/", None, Some(12)),
            ("backup/o-exampleorgid/AWSLogs/o-exampleorgid/", None, Some(7)),
            ("o-exampleorgid/AWSLogs/o-exampleorgid/", Some(""), Some(15)),
            ("backup/o-otherorgid0/AWSLogs/o-exampleorgid/", None, Some(21)),
            ("copy/logs/trail/AWSLogs/", Some("logs/trail"), Some(5)),
            ("logs/trail/AWSLogs/", Some("/logs/trail/"), Some(0)),
            ("copy/AWSLogs/AWSLogs/o-exampleorgid/", Some("AWSLogs"), Some(5)),
            ("copy/AWSLogs/AWSLogs/o-exampleorgid/", None, Some(13)),
            ("copy/mylogs/AWSLogs/", Some("logs"), None),
            ("AWSLogs/", Some("logs"), None),
            ("copy/", None, None),
        ];
        for (head, prefix, start) in cases {
            let path = format!("{head}{TAIL}");
            let expected = start.and_then(|start: usize| path.get(start..));
            assert_eq!(canonical_key(&path, prefix), expected, "{path} with {prefix:?}");
        }
    }

    #[test]
    fn hive_style_flow_logs_name_their_service() {
        assert_eq!(hive_service("aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/x"), Some("vpcflowlogs"));
        assert_eq!(hive_service("111122223333/vpcflowlogs"), None);
    }
}
