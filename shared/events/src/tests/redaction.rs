//! A value below a redacted path stands in no cell. Every text of these Records that may be hidden is its own path.

use super::*;

const IDENTITY: &str = r#""userIdentity":{"type":"~userIdentity.type~","principalId":"~userIdentity.principalId~","arn":"~userIdentity.arn~","accountId":"~userIdentity.accountId~","accessKeyId":"~userIdentity.accessKeyId~","userName":"~userIdentity.userName~","invokedBy":"~userIdentity.invokedBy~","identityProvider":"~userIdentity.identityProvider~","credentialId":"~userIdentity.credentialId~","sessionContext":{"sessionIssuer":{"userName":"~userIdentity.sessionContext.sessionIssuer.userName~","arn":"~userIdentity.sessionContext.sessionIssuer.arn~"},"webIdFederationData":{"federatedProvider":"~userIdentity.sessionContext.webIdFederationData.federatedProvider~"},"attributes":{"creationDate":"~userIdentity.sessionContext.attributes.creationDate~"}},"onBehalfOf":{"userId":"~userIdentity.onBehalfOf.userId~","identityStoreArn":"~userIdentity.onBehalfOf.identityStoreArn~"}}"#;

const CALL: &str = r#""eventVersion":"~eventVersion~","sourceIPAddress":"~sourceIPAddress~","userAgent":"~userAgent~","errorCode":"~errorCode~","errorMessage":"~errorMessage~","requestID":"~requestID~","apiVersion":"~apiVersion~","vpcEndpointId":"~vpcEndpointId~","vpcEndpointAccountId":"~vpcEndpointAccountId~","sharedEventID":"~sharedEventID~","eventType":"~eventType~","tlsDetails":{"cipherSuite":"~tlsDetails.cipherSuite~"},"x-new":[{"deep":"~x-new.deep~"}]"#;

/// What makes a Record one of its class.
const KINDS: [&str; 8] = [
    r#""eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestParameters":{"userName":"~requestParameters.userName~"},"responseElements":{"user":{"arn":"~responseElements.user.arn~","userId":"~responseElements.user.userId~"}}"#,
    r#""eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","requestParameters":{"userName":"~requestParameters.userName~","policyArn":"~requestParameters.policyArn~","policyName":"~requestParameters.policyName~"}"#,
    r#""eventSource":"iam.amazonaws.com","eventName":"AddUserToGroup","requestParameters":{"userName":"~requestParameters.userName~","groupName":"~requestParameters.groupName~"}"#,
    r#""eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"~requestParameters.roleArn~","roleSessionName":"~requestParameters.roleSessionName~"},"responseElements":{"credentials":{"accessKeyId":"~responseElements.credentials.accessKeyId~","expiration":"~responseElements.credentials.expiration~"},"assumedRoleUser":{"arn":"~responseElements.assumedRoleUser.arn~"}}"#,
    r#""eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","additionalEventData":{"LoginTo":"~additionalEventData.LoginTo~","UserName":"~additionalEventData.UserName~"}"#,
    r#""eventSource":"s3.amazonaws.com","eventName":"PutObject","eventCategory":"Data","requestParameters":{"bucketName":"~requestParameters.bucketName~"},"resources":[{"type":"AWS::S3::Bucket","ARN":"~resources.ARN~","accountId":"~resources.accountId~"},{"type":"~resources.type~","ARN":"arn:aws:s3:::example"}]"#,
    r#""eventSource":"organizations.amazonaws.com","eventName":"CreateAccount","requestParameters":{"accountName":"~requestParameters.accountName~","accountId":"~requestParameters.accountId~"}"#,
    r#""eventCategory":"Insight","eventSource":"~eventSource~","eventName":"~eventName~","insightDetails":{"state":"Start","eventSource":"~insightDetails.eventSource~","eventName":"~insightDetails.eventName~","insightType":"~insightDetails.insightType~"}"#,
];

/// JSON that holds a marker, and how the marker may show.
const VALUES: [(&str, &[&str]); 5] = [
    (r#""marker7531""#, &["marker7531"]),
    (r#""203.0.113.77""#, &["203.0.113.77"]),
    (r#""2001-02-03T04:05:06Z""#, &["2001-02-03", "981173106000"]),
    ("97531", &["97531"]),
    (r#"[{"a.b":["marker7531",{"c":"marker7531"}]}]"#, &["marker7531"]),
];

/// The redactable paths of a Record, as they stand in it.
fn paths(text: &str) -> Vec<&str> {
    text.split('~').skip(1).step_by(2).collect()
}

fn row(text: String, path: &str, classes: Classes) -> String {
    let config = EncoderConfig {
        batch: "b".to_owned(),
        classes,
        redaction: Redaction::default().with_path(path).expect("a path"),
        raw_data_inline: true,
        zstd_level: 1,
        budget_bytes: 1 << 20,
        limits: InflateLimits::default(),
    };
    let mut encoder = Encoder::new(config, Sink);
    let inflated = encoder.inflate(&log(&[text]));
    encoder.add(inflated, context(0)).expect("encodes");
    let encoded = encoder.finish().expect("finishes");
    assert_eq!(encoded.reports[0].landed, 1);
    format!("{:?}", read(&encoded))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_redacted_value_stands_in_no_cell(
        kind in 0..KINDS.len(),
        at in any::<prop::sample::Index>(),
        value in 0..VALUES.len(),
        fine in any::<bool>(),
        // Names of the path that stay, and one that becomes `*`.
        cut in any::<prop::sample::Index>(),
        any_name in any::<prop::sample::Index>(),
    ) {
        let text = format!(
            r#"{{"eventTime":"2026-01-15T00:00:00Z","eventID":"e","awsRegion":"eu-west-1","recipientAccountId":"111122223333",{IDENTITY},{CALL},{}}}"#,
            KINDS[kind]
        );
        let all = paths(&text);
        let hidden = *at.get(&all);
        let mut names: Vec<&str> = hidden.split('.').collect();
        names.truncate(cut.index(names.len()) + 1);
        // The first name as it is: any top-level field would take in what a row is found by.
        let star = any_name.index(names.len());
        if star > 0 {
            names[star] = "*";
        }
        let (json, shown) = VALUES[value];
        let row = row(text.replace(&format!("\"~{hidden}~\""), json), &names.join("."), if fine { Classes::Fine } else { Classes::Lake });
        for marker in shown {
            prop_assert!(!row.contains(marker), "{} as {} in {}", hidden, names.join("."), row);
        }
        prop_assert!(row.contains("REDACTED"));
    }
}
