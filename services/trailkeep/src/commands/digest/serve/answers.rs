//! What is answered to each call.
//!
//! Sources: CloudTrail API Reference, "DescribeTrails", "GetTrail", "ListTrails", "ListPublicKeys"; Organizations API Reference,
//! "DescribeOrganization".

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use trailkeep_digests::PublicKeys;
use trailkeep_keys::Region;
use trailkeep_records::time::parse_iso;

use super::trails::Trails;

/// What is known.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) keys: PublicKeys,
    pub(super) trails: Trails,
    pub(super) organization: Option<String>,
}

/// Why a call has no answer, as AWS tells errors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

fn refused(kind: &'static str, message: impl Into<String>) -> Refused {
    Refused { kind, message: message.into() }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Request {
    start_time: Option<Value>,
    end_time: Option<Value>,
    name: Option<String>,
    #[serde(rename = "trailNameList")]
    trail_name_list: Vec<String>,
}

impl Answers {
    /// Answers a call, named as in `X-Amz-Target`; the Region that is asked stands in the request's signature.
    ///
    /// # Errors
    /// What AWS would say too, and `UnsupportedOperationException` for all other calls.
    pub(super) fn call(&self, target: &str, authorization: &str, body: &[u8]) -> Result<Value, Refused> {
        let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let request: Request = serde_json::from_slice(body).map_err(|error| refused("SerializationException", error.to_string()))?;
        let (service, call) = target.rsplit_once('.').unwrap_or(("", target));
        match (service.rsplit('.').next().unwrap_or_default(), call) {
            ("CloudTrail_20131101", "DescribeTrails") => Ok(json!({ "trailList": self.trails.named(&request.trail_name_list) })),
            ("CloudTrail_20131101", "ListTrails") => Ok(json!({ "Trails": self.trails.short() })),
            ("CloudTrail_20131101", "GetTrail") => self.trail(request.name.as_deref().unwrap_or_default()),
            ("CloudTrail_20131101", "ListPublicKeys") => self.public_keys(&request, region_of(authorization)),
            ("AWSOrganizationsV20161128", "DescribeOrganization") => match &self.organization {
                Some(id) => Ok(json!({ "Organization": { "Id": id } })),
                None => Err(refused("AWSOrganizationsNotInUseException", "no organization was given: start this with --organization")),
            },
            _ => Err(refused(
                "UnsupportedOperationException",
                format!(
                    "{target:?} is not answered here: only DescribeTrails, GetTrail, ListTrails, ListPublicKeys and DescribeOrganization are"
                ),
            )),
        }
    }

    fn trail(&self, name: &str) -> Result<Value, Refused> {
        let named = self.trails.named(&[name.to_owned()]);
        let first = named.into_iter().next();
        first.map(|trail| json!({ "Trail": trail })).ok_or_else(|| refused("TrailNotFoundException", format!("unknown trail: {name}")))
    }

    /// The keys of a Region, all without one, that were valid at some moment of what is asked.
    fn public_keys(&self, request: &Request, region: Option<Region>) -> Result<Value, Refused> {
        let start_ms = moment(request.start_time.as_ref())?.unwrap_or(i64::MIN);
        let end_ms = moment(request.end_time.as_ref())?.unwrap_or(i64::MAX);
        if start_ms > end_ms {
            return Err(refused("InvalidTimeRangeException", "StartTime is later than EndTime"));
        }
        let wanted =
            self.keys.iter().filter(|key| region.is_none_or(|region| key.region() == region) && key.is_valid_within((start_ms, end_ms)));
        let told = wanted.map(|key| {
            let (from_ms, to_ms) = key.validity_ms();
            json!({
                "Value": STANDARD.encode(key.der()), "Fingerprint": key.fingerprint().to_string(),
                "ValidityStartTime": from_ms as f64 / 1e3, "ValidityEndTime": to_ms as f64 / 1e3,
            })
        });
        Ok(json!({ "PublicKeyList": told.collect::<Vec<Value>>() }))
    }
}

/// A time in seconds, as the protocol has it, or as a text.
fn moment(value: Option<&Value>) -> Result<Option<i64>, Refused> {
    let read = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64().filter(|seconds| seconds.abs() < 1e12).map(|seconds| (seconds * 1e3) as i64),
        Some(Value::String(text)) => parse_iso(text),
        Some(_) => None,
    };
    read.map(Some).ok_or_else(|| refused("InvalidTimeRangeException", "StartTime and EndTime are times"))
}

/// The Region in `AWS4-HMAC-SHA256 Credential=<key>/<day>/<region>/cloudtrail/aws4_request, …`.
/// Source: AWS General Reference, "Create a signed AWS API request".
fn region_of(authorization: &str) -> Option<Region> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let scope = credential.split([',', ' ']).next()?;
    scope.rsplit('/').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    const CLOUDTRAIL: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

    fn answers() -> Answers {
        let mut trails = Trails::default();
        trails.add("arn:aws:cloudtrail:us-east-1:111122223333:trail/trailkeep-a", "restored", Some("trailkeep"), false).unwrap();
        Answers { keys: PublicKeys::new(), trails, organization: None }
    }

    #[test]
    fn the_region_that_is_asked_stands_in_the_signature() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/eu-west-1/cloudtrail/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(region_of(header), "eu-west-1".parse().ok());
        for odd in ["", "Bearer x", "Credential=", "Credential=a/b"] {
            assert_eq!(region_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_not_answered_says_so() {
        let kind = |target: &str, body: &[u8]| answers().call(target, "", body).unwrap_err().kind;
        assert_eq!(kind(&format!("{CLOUDTRAIL}.DeleteTrail"), b"{}"), "UnsupportedOperationException");
        assert_eq!(kind("", b""), "UnsupportedOperationException");
        assert_eq!(kind("AWSOrganizationsV20161128.DescribeOrganization", b"{}"), "AWSOrganizationsNotInUseException");
        assert_eq!(kind(&format!("{CLOUDTRAIL}.DescribeTrails"), b"[1"), "SerializationException");
        assert_eq!(kind(&format!("{CLOUDTRAIL}.GetTrail"), br#"{"Name":"other"}"#), "TrailNotFoundException");
        let times = br#"{"StartTime":2,"EndTime":1}"#;
        assert_eq!(kind(&format!("{CLOUDTRAIL}.ListPublicKeys"), times), "InvalidTimeRangeException");
        assert_eq!(kind(&format!("{CLOUDTRAIL}.ListPublicKeys"), br#"{"StartTime":{}}"#), "InvalidTimeRangeException");
    }

    #[test]
    fn a_trail_is_described_by_name_and_arn() {
        let call = |call: &str, body: &[u8]| answers().call(&format!("{CLOUDTRAIL}.{call}"), "", body).unwrap();
        let all = call("DescribeTrails", b"");
        assert_eq!(all["trailList"][0]["S3KeyPrefix"], "trailkeep");
        assert_eq!(call("DescribeTrails", br#"{"trailNameList":["nobody"]}"#)["trailList"], json!([]));
        assert_eq!(call("GetTrail", br#"{"Name":"trailkeep-a"}"#)["Trail"]["S3BucketName"], "restored");
        assert_eq!(call("ListTrails", b"{}")["Trails"][0]["HomeRegion"], "us-east-1");
    }
}
