//! What is asked of S3, and what its answers become. The contract suite runs on an emulator, in the tests of the whole.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use bytes::Bytes;
use trailkeep_pipeline::ports::bucket::{
    AuditBucket, BucketError, LockMode, LogBucket, ObjectInfo, Published, PutOutcome, PutPolicy, StagedPart, StagedUpload,
};

use super::scripted::{Reply, Request, Scripted};

const KEY_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";
/// 2033-05-18T03:33:20Z.
const UNTIL_MS: i64 = 2_000_000_000_000;

fn locked() -> PutPolicy {
    PutPolicy {
        lock: Some((LockMode::Compliance, UNTIL_MS)),
        kms_key_arn: Some(KEY_ARN.to_owned()),
        content_type: Some("application/gzip".to_owned()),
        content_encoding: None,
        metadata: BTreeMap::from([("signature".to_owned(), "00ff".to_owned())]),
        if_absent: true,
    }
}

fn assert_protected(request: &Request) {
    for (header, expected) in [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", KEY_ARN),
        ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-object-lock-retain-until-date", "2033-05-18T03:33:20Z"),
        ("x-amz-meta-signature", "00ff"),
        ("content-type", "application/gzip"),
    ] {
        assert_eq!(request.header(header), expected, "{header} of {}", request.line);
    }
}

fn upload() -> StagedUpload {
    StagedUpload {
        key: "raw/x.gz".to_owned(),
        upload_id: "u1".to_owned(),
        parts: vec![StagedPart { number: 1, etag: "\"e1\"".to_owned(), size_bytes: 9, checksum: Some("y/Q5Jg==".to_owned()) }],
        size_bytes: 9,
        checksum: "crc32:y/Q5Jg==".to_owned(),
        retain_until_ms: None,
    }
}

/// HEAD of nine bytes with the CRC32 of "123456789".
fn head_of_the_upload() -> Reply {
    Reply::ok("").announcing(9).with("x-amz-checksum-crc32", "y/Q5Jg==").with("x-amz-version-id", "v7")
}

fn completed() -> Reply {
    Reply::ok("<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>").with("x-amz-version-id", "v1")
}

#[tokio::test]
async fn a_put_carries_encryption_checksum_lock_and_condition() {
    let s3 = Scripted::answering(vec![Reply::ok("")]);
    let outcome = s3.bucket(None).put("archive.json", Bytes::from_static(b"123456789"), &locked()).await.unwrap();
    assert_eq!(outcome, PutOutcome::Written);
    let request = s3.requests().remove(0);
    assert!(request.line.starts_with("PUT /audit/org/archive.json"), "{}", request.line);
    assert_protected(&request);
    assert_eq!((request.header("x-amz-checksum-crc32"), request.header("if-none-match")), ("y/Q5Jg==", "*"));
    assert_eq!(request.body, "123456789");
}

#[tokio::test]
async fn an_upload_is_encrypted_and_locked_from_its_creation_and_completed_on_condition() {
    let created = Reply::ok("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
    let s3 = Scripted::answering(vec![created, Reply::ok("").with("etag", "\"e1\""), completed()]);
    let bucket = s3.bucket(None);
    let mut writer = bucket.stage("raw/x.gz", &locked()).await.unwrap();
    writer.write(b"1234").await.unwrap();
    writer.write(b"56789").await.unwrap();
    let staged = writer.finish().await.unwrap();
    assert_eq!(staged, StagedUpload { retain_until_ms: Some(UNTIL_MS), ..upload() });
    assert_eq!(bucket.publish(&staged).await.unwrap(), Published::Now { version: Some("v1".to_owned()) });

    let [create, part, complete] = <[Request; 3]>::try_from(s3.requests()).unwrap();
    assert!(create.line.starts_with("POST /audit/org/raw/x.gz?uploads"), "{}", create.line);
    assert_protected(&create);
    assert_eq!((create.header("x-amz-checksum-algorithm"), create.header("x-amz-checksum-type")), ("CRC32", "FULL_OBJECT"));
    assert!(part.line.contains("partNumber=1") && part.line.contains("uploadId=u1"), "{}", part.line);
    assert_eq!((part.header("x-amz-checksum-crc32"), part.body.as_str()), ("y/Q5Jg==", "123456789"));
    assert_eq!((complete.header("if-none-match"), complete.header("x-amz-checksum-crc32")), ("*", "y/Q5Jg=="));
    assert_eq!((complete.header("x-amz-checksum-type"), complete.header("x-amz-mp-object-size")), ("FULL_OBJECT", "9"));
    assert!(complete.body.contains("<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>"), "{}", complete.body);
}

#[tokio::test]
async fn without_a_configured_key_the_bucket_is_asked_once_for_its_own() {
    let encryption = format!(
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
         <KMSMasterKeyID>{KEY_ARN}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    );
    let s3 = Scripted::answering(vec![Reply::ok(&encryption), Reply::ok(""), Reply::ok("")]);
    let bucket = s3.bucket(None);
    for key in ["one", "two"] {
        bucket.put(key, Bytes::new(), &PutPolicy::default()).await.unwrap();
    }
    for put in s3.requests().split_off(1) {
        assert_eq!(put.header("x-amz-server-side-encryption-aws-kms-key-id"), KEY_ARN);
    }
}

#[tokio::test]
async fn the_longest_prefix_names_the_key_and_else_the_configured_one_is_taken() {
    let key = |name: &str| format!("alias/{name}");
    let keys = [("events/", "events"), ("raw/", "old"), ("events/category=management/", "management"), ("raw/", "raw")];
    let keys: Vec<(String, String)> = keys.iter().map(|(prefix, name)| ((*prefix).to_owned(), key(name))).collect();
    let begun = || Reply::ok("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
    let s3 = Scripted::answering((0..6).map(|_| begun()).collect());
    let bucket = s3.bucket(Some("alias/rest")).with_kms_keys(keys);
    for path in ["events/category=management/x", "events/category=data/x", "raw/class=default/x", "sources/x", "archive.json"] {
        drop(bucket.stage(path, &PutPolicy::default()).await.unwrap());
    }
    drop(bucket.stage("raw/x", &PutPolicy { kms_key_arn: Some(key("policy")), ..PutPolicy::default() }).await.unwrap());
    let requests = s3.requests();
    let used: Vec<&str> = requests.iter().map(|request| request.header("x-amz-server-side-encryption-aws-kms-key-id")).collect();
    assert_eq!(used, ["alias/management", "alias/events", "alias/raw", "alias/rest", "alias/rest", "alias/policy"]);
    assert!(requests.iter().all(|request| request.header("x-amz-server-side-encryption-bucket-key-enabled") == "true"));
}

#[tokio::test]
async fn where_the_bucket_has_no_key_of_its_own_writes_are_encrypted_all_the_same() {
    for answer in [Reply::error(404, "ServerSideEncryptionConfigurationNotFoundError", "none"), Reply::error(403, "AccessDenied", "no")] {
        let s3 = Scripted::answering(vec![answer, Reply::ok("")]);
        s3.bucket(None).put("one", Bytes::new(), &PutPolicy::default()).await.unwrap();
        let put = s3.requests().remove(1);
        assert_eq!(put.header("x-amz-server-side-encryption"), "aws:kms");
        assert_eq!(put.header("x-amz-server-side-encryption-aws-kms-key-id"), "");
    }
}

#[tokio::test]
async fn a_conditional_put_that_meets_another_looks_again() {
    let conflict = || Reply::error(409, "ConditionalRequestConflict", "another write");
    let policy = PutPolicy { if_absent: true, ..PutPolicy::default() };

    let s3 = Scripted::answering(vec![conflict(), Reply::ok("").announcing(3)]);
    assert_eq!(s3.bucket(Some(KEY_ARN)).put("lease", Bytes::new(), &policy).await.unwrap(), PutOutcome::AlreadyThere);

    let s3 = Scripted::answering(vec![conflict(), Reply::new(404, ""), Reply::ok("")]);
    assert_eq!(s3.bucket(Some(KEY_ARN)).put("lease", Bytes::new(), &policy).await.unwrap(), PutOutcome::Written);
}

#[tokio::test]
async fn a_completion_that_somebody_else_did_is_already_published() {
    for refusal in [
        Reply::error(412, "PreconditionFailed", "something is there"),
        Reply::error(404, "NoSuchUpload", "completed or aborted"),
        Reply::error(409, "ConditionalRequestConflict", "another completion"),
    ] {
        let s3 = Scripted::answering(vec![refusal, head_of_the_upload(), Reply::new(204, "")]);
        let published = s3.bucket(None).publish(&upload()).await.unwrap();
        assert_eq!(published, Published::Already { version: Some("v7".to_owned()) });
        assert!(s3.requests().remove(2).line.starts_with("DELETE /audit/org/raw/x.gz?"));
    }
}

#[tokio::test]
async fn a_completion_over_other_bytes_is_changed() {
    let other = [Reply::ok("").announcing(9).with("x-amz-checksum-crc32", "AAAAAA=="), Reply::ok("").announcing(8)];
    for head in other {
        let s3 = Scripted::answering(vec![Reply::error(412, "PreconditionFailed", "something is there"), head]);
        let refused = s3.bucket(None).publish(&upload()).await;
        assert!(matches!(refused, Err(BucketError::Changed { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_completion_during_another_write_is_tried_again() {
    let s3 = Scripted::answering(vec![Reply::error(409, "ConditionalRequestConflict", "busy"), Reply::new(404, ""), completed()]);
    assert_eq!(s3.bucket(None).publish(&upload()).await.unwrap(), Published::Now { version: Some("v1".to_owned()) });
}

#[tokio::test]
async fn a_completion_whose_answer_makes_no_sense_is_looked_at() {
    let nonsense = Reply::ok("<CompleteMultipartUploadResponse/>");
    let s3 = Scripted::answering(vec![nonsense.clone(), head_of_the_upload(), nonsense, Reply::new(404, "")]);
    let bucket = s3.bucket(None);
    assert_eq!(bucket.publish(&upload()).await.unwrap(), Published::Now { version: Some("v7".to_owned()) });
    assert!(matches!(bucket.publish(&upload()).await, Err(BucketError::Failed { .. })));
}

#[tokio::test]
async fn an_upload_that_is_gone_with_nothing_published_is_named() {
    let s3 = Scripted::answering(vec![Reply::error(404, "NoSuchUpload", "gone"), Reply::new(404, "")]);
    let error = s3.bucket(None).publish(&upload()).await.unwrap_err();
    assert!(matches!(&error, BucketError::NotFound { what } if what.contains("s3://audit/org/raw/x.gz") && what.contains("u1")), "{error}");
}

#[tokio::test]
async fn a_refused_read_says_what_to_allow() {
    let s3 = Scripted::answering(vec![Reply::error(403, "AccessDenied", "Access Denied")]);
    let error = LogBucket::get(&s3.bucket(None), "x", None, 10).await.unwrap_err();
    assert!(matches!(&error, BucketError::Denied { operation, .. } if operation == "s3:GetObject"), "{error:?}");
    assert!(error.to_string().contains("without s3:ListBucket on the bucket, S3 answers the same for a key that is not there"), "{error}");
}

#[tokio::test]
async fn an_object_is_gone_only_where_s3_says_so() {
    let missing = || [Reply::error(404, "NoSuchKey", "no key"), Reply::error(404, "NoSuchVersion", "no version")];
    for reply in missing() {
        let gone = LogBucket::get(&Scripted::answering(vec![reply]).bucket(None), "x", Some("v1"), 10).await;
        assert!(matches!(&gone, Err(BucketError::NotFound { what }) if what.contains("s3://audit/org/x")), "{gone:?}");
    }
    let head = LogBucket::head(&Scripted::answering(vec![Reply::new(404, "")]).bucket(None), "x", None).await;
    assert!(matches!(head, Err(BucketError::NotFound { .. })), "HEAD has no body to say it with: {head:?}");

    let elsewhere = [Reply::error(404, "NoSuchBucket", "no bucket"), Reply::new(404, ""), Reply::new(404, "<html>not here</html>")];
    for reply in elsewhere {
        let failed = LogBucket::get(&Scripted::answering(vec![reply]).bucket(None), "x", None, 10).await;
        let Err(BucketError::Failed { what, source, .. }) = &failed else { panic!("{failed:?}") };
        let told = source.to_string();
        assert!(
            what.contains("s3://audit/org/x") && told.contains("404") && told.contains("check the bucket's name, the endpoint"),
            "{told}"
        );
    }
    let read = AuditBucket::get(&Scripted::answering(vec![Reply::new(404, "")]).bucket(None), "archive.json", 10).await;
    assert!(matches!(read, Err(BucketError::Failed { .. })), "an archive that cannot be reached is not an empty one: {read:?}");
}

#[tokio::test]
async fn a_listing_of_a_bucket_that_is_not_there_names_it() {
    let s3 = Scripted::answering(vec![Reply::error(404, "NoSuchBucket", "The specified bucket does not exist")]);
    let error = LogBucket::list(&s3.bucket(None), "", None).await.unwrap_err();
    let BucketError::Failed { what, source, .. } = &error else { panic!("{error:?}") };
    assert!(what.contains("s3://audit/org/") && source.to_string().contains("does not exist; check the bucket's name"), "{error} {source}");
}

#[tokio::test]
async fn a_key_that_may_not_be_used_is_named() {
    let message = "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: kms:Decrypt";
    for (status, code) in [(403, "AccessDenied"), (400, "KMS.DisabledException")] {
        let s3 = Scripted::answering(vec![Reply::error(status, code, message)]);
        let error = LogBucket::get(&s3.bucket(None), "x", None, 10).await.unwrap_err();
        assert!(
            matches!(&error, BucketError::Denied { hint, .. } if hint.contains("KMS key") && hint.contains("kms:Decrypt")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_bucket_without_object_lock_is_said_with_what_to_do() {
    let s3 = Scripted::answering(vec![Reply::error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration")]);
    let error = s3.bucket(None).put("sources/x", Bytes::new(), &locked()).await.unwrap_err();
    let BucketError::Failed { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("switch Object Lock on for the bucket"), "{source}");
}

#[tokio::test]
async fn an_alias_is_passed_on_as_it_is() {
    let s3 = Scripted::answering(vec![Reply::ok("")]);
    s3.bucket(Some("alias/audit")).put("one", Bytes::new(), &PutPolicy::default()).await.unwrap();
    assert_eq!(s3.requests().remove(0).header("x-amz-server-side-encryption-aws-kms-key-id"), "alias/audit");
}

#[tokio::test]
async fn a_bucket_elsewhere_is_said_with_its_region() {
    let s3 = Scripted::answering(vec![Reply::error(301, "PermanentRedirect", "elsewhere").with("x-amz-bucket-region", "us-west-2")]);
    let error = LogBucket::list(&s3.bucket(None), "", None).await.unwrap_err();
    let BucketError::Failed { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("the bucket is in us-west-2"), "{source}");
}

#[tokio::test]
async fn an_archived_object_is_said_with_its_class() {
    let body = "<Error><Code>InvalidObjectState</Code><Message>no</Message><StorageClass>DEEP_ARCHIVE</StorageClass></Error>";
    let s3 = Scripted::answering(vec![Reply::new(403, body), Reply::new(403, body)]);
    let bucket = s3.bucket(None);
    let whole = AuditBucket::get(&bucket, "raw/x.gz", 10).await;
    assert!(matches!(&whole, Err(BucketError::Archived { storage_class, .. }) if storage_class == "DEEP_ARCHIVE"), "{whole:?}");
    let range = AuditBucket::get_range(&bucket, "raw/x.gz", 0, 1).await;
    assert!(matches!(&range, Err(BucketError::Archived { storage_class, .. }) if storage_class == "DEEP_ARCHIVE"), "{range:?}");
}

#[tokio::test]
async fn a_restore_asks_for_tier_and_days_and_may_be_under_way() {
    let s3 = Scripted::answering(vec![Reply::new(202, ""), Reply::error(409, "RestoreAlreadyInProgress", "patience")]);
    let bucket = s3.bucket(None);
    bucket.restore("raw/x.gz", 7, "Bulk").await.unwrap();
    bucket.restore("raw/x.gz", 7, "Bulk").await.unwrap();
    assert!(bucket.restore("raw/x.gz", 7, "Fast").await.is_err());
    let request = s3.requests().remove(0);
    assert!(request.body.contains("<Days>7</Days>") && request.body.contains("<Tier>Bulk</Tier>"), "{}", request.body);
}

#[tokio::test]
async fn a_body_is_never_inflated_on_the_way() {
    let s3 = Scripted::answering(vec![Reply::ok("\u{1f}not gzip").with("content-encoding", "gzip")]);
    let fetched = LogBucket::get(&s3.bucket(None), "x.json.gz", None, 100).await.unwrap();
    assert_eq!(fetched.body, Bytes::from_static(b"\x1fnot gzip"));
    assert_eq!(fetched.info.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(s3.requests().remove(0).header("accept-encoding").replace("identity", ""), "");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again() {
    let s3 = Scripted::answering(vec![Reply::ok("12345").announcing(9), Reply::ok("123456789")]);
    let fetched = LogBucket::get(&s3.bucket(None), "x", None, 100).await.unwrap();
    assert_eq!(fetched.body, Bytes::from_static(b"123456789"));
}

#[tokio::test]
async fn a_range_is_asked_of_one_version_and_etag() {
    let replies = vec![Reply::new(206, "34"), Reply::error(412, "PreconditionFailed", "other"), Reply::error(416, "InvalidRange", "end")];
    let s3 = Scripted::answering(replies);
    let bucket = s3.bucket(None);
    let info = ObjectInfo { etag: Some("e1".to_owned()), version: Some("v1".to_owned()), ..ObjectInfo::default() };
    assert_eq!(LogBucket::get_range(&bucket, "x", &info, 2, 2).await.unwrap(), Bytes::from_static(b"34"));
    let changed = LogBucket::get_range(&bucket, "x", &info, 2, 2).await;
    assert!(matches!(changed, Err(BucketError::Changed { .. })), "{changed:?}");
    assert_eq!(LogBucket::get_range(&bucket, "x", &info, 9, 2).await.unwrap(), Bytes::new());
    let request = s3.requests().remove(0);
    assert_eq!((request.header("range"), request.header("if-match")), ("bytes=2-3", "\"e1\""));
    assert!(request.line.contains("versionId=v1"), "{}", request.line);
}

#[tokio::test]
async fn a_body_over_the_cap_is_not_read() {
    let s3 = Scripted::answering(vec![Reply::ok("").announcing(5_000_000_000)]);
    let refused = LogBucket::get(&s3.bucket(None), "x", None, 1000).await;
    assert!(matches!(refused, Err(BucketError::TooLarge { size_bytes: 5_000_000_000, cap_bytes: 1000, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_listing_is_paged_and_relative_to_the_prefix() {
    let page = |key: &str, rest: &str| {
        Reply::ok(&format!(
            "<ListBucketResult>{rest}<Contents><Key>org/{key}</Key><Size>5</Size><ETag>\"e\"</ETag></Contents></ListBucketResult>"
        ))
    };
    let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>";
    let s3 = Scripted::answering(vec![page("raw/a", more), page("raw/b", "<IsTruncated>false</IsTruncated>")]);
    let bucket = s3.bucket(None);
    let first = LogBucket::list(&bucket, "raw/", None).await.unwrap();
    let second = LogBucket::list(&bucket, "raw/", first.next).await.unwrap();
    assert_eq!((first.objects[0].key.as_str(), first.objects[0].size_bytes, first.objects[0].etag.as_deref()), ("raw/a", 5, Some("e")));
    assert_eq!((second.objects[0].key.as_str(), second.next), ("raw/b", None));
    let [one, two] = <[Request; 2]>::try_from(s3.requests()).unwrap();
    assert!(one.line.contains("prefix=org%2Fraw%2F") && two.line.contains("continuation-token=t1"), "{} {}", one.line, two.line);
}

#[tokio::test]
async fn versions_and_delete_markers_are_listed_page_by_page() {
    let first = "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>org/raw/a.gz</NextKeyMarker>\
         <NextVersionIdMarker>v2</NextVersionIdMarker><Version><Key>org/raw/a.gz</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest>\
         <Size>9</Size><LastModified>2033-05-18T03:33:20.000Z</LastModified></Version><DeleteMarker><Key>org/raw/a.gz</Key>\
         <VersionId>m1</VersionId><IsLatest>true</IsLatest></DeleteMarker></ListVersionsResult>";
    let last = "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>org/raw/b.gz</Key><VersionId>null</VersionId>\
         <IsLatest>true</IsLatest><Size>7</Size></Version><Version><Key>elsewhere/c.gz</Key></Version></ListVersionsResult>";
    let s3 = Scripted::answering(vec![Reply::ok(first), Reply::ok(last)]);
    let bucket = s3.bucket(None);
    let page = bucket.versions("raw/", None).await.unwrap().unwrap();
    let told: Vec<_> = page.versions.iter().map(|v| (v.version.as_deref(), v.is_latest, v.is_delete_marker, v.size_bytes)).collect();
    assert_eq!(told, [(Some("v2"), false, false, 9), (Some("m1"), true, true, 0)]);
    assert!(page.versions.iter().all(|version| version.key == "raw/a.gz"));
    assert_eq!(page.versions.first().and_then(|version| version.modified_ms), Some(UNTIL_MS));
    let page = bucket.versions("raw/", page.next).await.unwrap().unwrap();
    assert_eq!(page.versions.iter().map(|v| (v.key.as_str(), v.version.as_deref())).collect::<Vec<_>>(), [("raw/b.gz", None)]);
    assert_eq!(page.next, None);
    let requests = s3.requests();
    assert!(requests.iter().all(|request| request.line.contains("versions") && request.line.contains("prefix=org%2Fraw%2F")));
    assert!(requests.last().is_some_and(|r| r.line.contains("key-marker=org%2Fraw%2Fa.gz") && r.line.contains("version-id-marker=v2")));
}

#[tokio::test]
async fn a_head_tells_the_checksum_of_the_full_object_and_no_other() {
    let composite = Reply::ok("").announcing(9).with("x-amz-checksum-crc32", "y/Q5Jg==-2");
    let s3 = Scripted::answering(vec![head_of_the_upload(), composite, Reply::ok("").announcing(9)]);
    let bucket = s3.bucket(None);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(AuditBucket::head(&bucket, "raw/x.gz").await.unwrap().unwrap().checksum);
    }
    assert_eq!(told, [Some("crc32:y/Q5Jg==".to_owned()), None, None]);
    assert!(s3.requests().iter().all(|request| request.header("x-amz-checksum-mode") == "ENABLED"));
}

#[tokio::test]
async fn who_may_not_list_versions_is_told_what_to_allow() {
    let s3 = Scripted::answering(vec![Reply::error(403, "AccessDenied", "Access Denied")]);
    let error = s3.bucket(None).versions("raw/", None).await.unwrap_err();
    assert!(matches!(&error, BucketError::Denied { operation, .. } if operation == "s3:ListBucketVersions"), "{error:?}");
}
