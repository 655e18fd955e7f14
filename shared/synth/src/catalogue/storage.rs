//! S3 and KMS, and the services that deliver logs into buckets: in most trails the greater part of all records.

use super::{
    Caller::{Identity, Service, Through},
    Denial::{Exception, Plain},
    Event, read, write,
};

const S3_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":%n6,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"%b76","bytesTransferredOut":0}"#;
const S3_READ_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%b76","bytesTransferredOut":%n7}"#;
const S3_SERVICE_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0.0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%b76","bytesTransferredOut":%n3.0}"#;
const BUCKET: &str = r#"[{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%B"}]"#;
const TRAIL_BUCKET: &str = r#"[{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%l"}]"#;
const OBJECT: &str =
    r#"[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::%B/"},{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%B"}]"#;
const KEY: &str = r#"[{"accountId":"%a","type":"AWS::KMS::Key","ARN":"arn:aws:kms:%r:%a:key/%K"}]"#;
const S3_HOST: &str = "%B.s3.%r.amazonaws.com";
const ON_BUCKET: &str = " on resource: \\\"arn:aws:s3:::%B\\\"";
const ON_KEY: &str = " on resource: arn:aws:kms:%r:%a:key/%K";
const SOMEONE_ELSE: &str = r#"{"type":"AWSAccount","principalId":"AROA%k17:%s","accountId":"%C"}"#;

/// AWS services writing logs and encrypting them.
pub(super) const DELIVERY: &[Event] = &[
    write("s3", "PutObject", 300)
        .version("1.10")
        .data()
        .by(Service("cloudtrail"))
        .asks(r#"{"bucketName":"%l","Host":"%l.s3.%r.amazonaws.com","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"AES256","key":"AWSLogs/o-exampleorg/%C/CloudTrail/%r/%C_CloudTrail_%r_%w16.json.gz"}"#)
        .gives(r#"{"x-amz-server-side-encryption":"AES256","x-amz-version-id":"%w32"}"#)
        .extra(S3_EXTRA)
        .about(r#"[{"accountId":"%a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%l"},{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::%l/AWSLogs/o-exampleorg/%C/CloudTrail/%r/%w16.json.gz"}]"#)
        .shared(),
    read("s3", "GetBucketAcl", 200)
        .version("1.09")
        .by(Service("cloudtrail"))
        .asks(r#"{"bucketName":"%l","Host":"%l.s3.%r.amazonaws.com","acl":""}"#)
        .extra(S3_SERVICE_EXTRA)
        .about(TRAIL_BUCKET)
        .shared(),
    read("s3", "GetBucketAcl", 70)
        .version("1.08")
        .by(Service("delivery.logs"))
        .asks(r#"{"bucketName":"%B","Host":"s3.%r.amazonaws.com","acl":""}"#)
        .extra(S3_SERVICE_EXTRA)
        .about(BUCKET)
        .shared(),
    read("kms", "GenerateDataKey", 210)
        .by(Service("cloudtrail"))
        .asks(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K","keySpec":"AES_256","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:%C:trail/organization-trail","aws:s3:arn":"arn:aws:s3:::%l/AWSLogs/o-exampleorg/%C/CloudTrail/%r/%C_CloudTrail_%r_%w16.json.gz"}}"#)
        .about(KEY)
        .shared(),
    read("kms", "Decrypt", 50)
        .by(Service("secretsmanager"))
        .asks(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"SecretARN":"arn:aws:secretsmanager:%r:%a:secret:%S","SecretVersionId":"%u"}}"#)
        .about(KEY)
        .shared(),
    write("sts", "AssumeRole", 110)
        .version("1.08")
        .by(Service("lambda"))
        .asks(r#"{"roleArn":"arn:aws:iam::%a:role/%R","roleSessionName":"%F"}"#)
        .gives(r#"{"credentials":{"accessKeyId":"ASIA%k16","sessionToken":"IQoJb3JpZ2luX2Vj%b360=","expiration":"%e"},"assumedRoleUser":{"assumedRoleId":"%E:%F","arn":"arn:aws:sts::%a:assumed-role/%R/%F"}}"#)
        .about(r#"[{"accountId":"%a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::%a:role/%R"}]"#)
        .shared(),
    write("logs", "CreateLogStream", 60)
        .version("1.10")
        .by(Through("lambda"))
        .asks(r#"{"logGroupName":"%L","logStreamName":"2026/01/15/[$LATEST]%h32"}"#),
];

/// S3 buckets: reading and changing their settings.
pub(super) const BUCKETS: &[Event] = &[
    read("s3", "ListBuckets", 60).asks(r#"{"Host":"s3.%r.amazonaws.com"}"#).extra(S3_READ_EXTRA).host("s3.%r.amazonaws.com"),
    read("s3", "GetBucketLocation", 80).asks(r#"{"location":"","bucketName":"%B","Host":"%B.s3.%r.amazonaws.com"}"#).extra(S3_READ_EXTRA).about(BUCKET).host(S3_HOST).denied(Plain, ON_BUCKET),
    read("s3", "GetBucketPolicy", 60)
        .asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","policy":""}"#)
        .extra(S3_READ_EXTRA)
        .about(BUCKET)
        .host(S3_HOST)
        .denied(Plain, ON_BUCKET)
        .fails("NoSuchBucketPolicy", "The bucket policy does not exist", 120),
    read("s3", "GetBucketPublicAccessBlock", 60)
        .asks(r#"{"publicAccessBlock":"","bucketName":"%B","Host":"%B.s3.%r.amazonaws.com"}"#)
        .extra(S3_READ_EXTRA)
        .about(BUCKET)
        .host(S3_HOST)
        .denied(Plain, ON_BUCKET)
        .fails("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", 80),
    read("s3", "GetBucketEncryption", 60).asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","encryption":""}"#).extra(S3_READ_EXTRA).about(BUCKET).host(S3_HOST).denied(Plain, ON_BUCKET),
    read("s3", "GetBucketVersioning", 50).asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","versioning":""}"#).extra(S3_READ_EXTRA).about(BUCKET).host(S3_HOST).denied(Plain, ON_BUCKET),
    write("s3", "PutBucketPolicy", 4)
        .asks(r#"{"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"Deny%w6","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::%B","arn:aws:s3:::%B/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]},"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","policy":""}"#)
        .extra(S3_EXTRA)
        .about(BUCKET)
        .host(S3_HOST)
        .denied(Plain, ON_BUCKET),
    write("s3", "CreateBucket", 2)
        .asks(r#"{"CreateBucketConfiguration":{"LocationConstraint":"%r","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"%B-%h6","Host":"s3.%r.amazonaws.com"}"#)
        .extra(S3_EXTRA)
        .host("s3.%r.amazonaws.com"),
    write("s3", "DeleteBucketPolicy", 1).asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","policy":""}"#).extra(S3_EXTRA).about(BUCKET).host(S3_HOST).denied(Plain, ON_BUCKET),
];

/// Objects in S3: data events.
pub(super) const OBJECTS: &[Event] = &[
    read("s3", "GetObject", 260).data().asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","key":"%o"}"#).extra(S3_READ_EXTRA).about(OBJECT).host(S3_HOST).denied(Plain, ON_BUCKET),
    write("s3", "PutObject", 160).data().asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","key":"%o"}"#).gives(r#"{"x-amz-server-side-encryption":"AES256"}"#).extra(S3_EXTRA).about(OBJECT).host(S3_HOST).denied(Plain, ON_BUCKET),
    read("s3", "HeadObject", 120)
        .data()
        .asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","key":"%o"}"#)
        .extra(S3_READ_EXTRA)
        .about(OBJECT)
        .host(S3_HOST)
        .denied(Plain, ON_BUCKET)
        .fails("NoSuchKey", "The specified key does not exist.", 60),
    read("s3", "ListObjects", 60).data().asks(r#"{"list-type":"2","bucketName":"%B","encoding-type":"url","max-keys":"1000","prefix":"exports/%h8","Host":"%B.s3.%r.amazonaws.com"}"#).extra(S3_READ_EXTRA).about(OBJECT).host(S3_HOST).denied(Plain, ON_BUCKET),
    write("s3", "DeleteObject", 20).data().asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","key":"%o"}"#).extra(S3_EXTRA).about(OBJECT).host(S3_HOST).denied(Plain, ON_BUCKET),
    read("s3", "GetObject", 40)
        .version("1.09")
        .data()
        .by(Identity(SOMEONE_ELSE))
        .asks(r#"{"bucketName":"%B","Host":"%B.s3.%r.amazonaws.com","key":"%o"}"#)
        .extra(S3_READ_EXTRA)
        .about(OBJECT)
        .shared(),
];

/// Calls of KMS.
pub(super) const KEYS: &[Event] = &[
    read("kms", "Decrypt", 300)
        .asks(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"purpose":"envelope","tenant":"%h8"}}"#)
        .about(KEY)
        .extra(r#"{"keyMaterialId":"%h64"}"#)
        .denied(Exception, ON_KEY),
    read("kms", "Decrypt", 160)
        .by(Through("s3"))
        .asks(r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::%B/%o"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#)
        .extra(r#"{"keyMaterialId":"%h64"}"#)
        .about(KEY),
    read("kms", "GenerateDataKey", 200)
        .by(Through("s3"))
        .asks(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K","keySpec":"AES_256","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::%B"}}"#)
        .extra(r#"{"keyMaterialId":"%h64"}"#)
        .about(KEY),
    read("kms", "DescribeKey", 60).asks(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K"}"#).about(KEY).denied(Exception, ON_KEY),
    read("kms", "GetKeyRotationStatus", 20).asks(r#"{"keyId":"%K"}"#).about(KEY).denied(Exception, ON_KEY),
    read("kms", "ListAliases", 20).asks(r#"{"limit":100}"#).denied(Exception, ""),
    write("kms", "CreateGrant", 12)
        .by(Through("ec2"))
        .asks(r#"{"granteePrincipal":"arn:aws:sts::%a:assumed-role/aws:ec2-infrastructure/%I","keyId":"arn:aws:kms:%r:%a:key/%K","operations":["Decrypt"],"constraints":{"encryptionContextSubset":{"aws:ebs:id":"%O"}}}"#)
        .gives(r#"{"grantId":"%h64","keyId":"arn:aws:kms:%r:%a:key/%K"}"#)
        .about(KEY),
    write("kms", "ScheduleKeyDeletion", 1)
        .asks(r#"{"keyId":"%K","pendingWindowInDays":30}"#)
        .gives(r#"{"keyId":"arn:aws:kms:%r:%a:key/%K","keyState":"PendingDeletion","pendingWindowInDays":30,"deletionDate":"%e"}"#)
        .about(KEY)
        .denied(Exception, ON_KEY),
    write("kms", "RotateKey", 1)
        .kind("AwsServiceEvent")
        .by(Identity(r#"{"accountId":"%a","invokedBy":"AWS Internal"}"#))
        .about(KEY)
        .details(r#"{"keyId":"%K","rotationType":"AUTOMATIC","keyOrigin":"AWS_KMS","previousKeyMaterialId":"%h64","currentKeyMaterialId":"%h64"}"#),
];
