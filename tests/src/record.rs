//! Records with invented ids, in CloudTrail's form.

use crate::tree::Trail;

/// One Record as JSON text: a successful `DescribeInstances` of an IAM user at 09:00 UTC on 14 March 2026.
/// `number` makes its event id; `extra` is JSON text of further fields, each with a comma in front, or empty.
pub fn record(number: u32, extra: &str) -> String {
    let account = Trail::ACCOUNT;
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE001","arn":"arn:aws:iam::{account}:user/alice","accountId":"{account}","accessKeyId":"AKIAEXAMPLEEXAMPLE01","userName":"alice"}},"eventTime":"2026-03-14T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.0","requestParameters":{{"maxResults":100}},"responseElements":null,"requestID":"{id}","eventID":"{id}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management"{extra}}}"#,
        id = event_id(number)
    )
}

/// The event id of a Record made by [`record`].
pub fn event_id(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

/// A LogObject's body, not compressed, with the given Records.
pub fn log_object<R: AsRef<str>>(records: impl IntoIterator<Item = R>) -> Vec<u8> {
    let records: Vec<R> = records.into_iter().collect();
    let joined = records.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(",");
    format!(r#"{{"Records":[{joined}]}}"#).into_bytes()
}
