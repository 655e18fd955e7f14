//! The views: every Record once, under CloudTrail's names; and source version 1's shape.

use serde_json::json;
use trailkeep_archive::Category;

use crate::archives::{ask, batch, day, empty, engine, event, five_days, land, value};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_delivered_twice_is_in_cloudtrail_once() {
    let bucket = five_days();
    // The same Records again in another Batch, one of them with other content under the same id.
    let mut again = day(20_260_102, 250);
    again[0]["record_hash"] = json!("f".repeat(64));
    land(&bucket, batch(7), &[(Category::Management, 20_260_102, again)]);
    let engine = engine(bucket).await;
    assert_eq!(value(&engine, "SELECT count(*) FROM events").await, json!(1_500));
    assert_eq!(value(&engine, "SELECT count(*) FROM cloudtrail").await, json!(1_251));
    assert_eq!(value(&engine, "SELECT count(*) FROM cloudtrail WHERE eventday = '20260102' AND eventname = 'GetObject'").await, json!(126));
    assert_eq!(
        value(&engine, "SELECT sum(n) FROM (SELECT useridentity.arn, count(*) AS n FROM cloudtrail GROUP BY 1)").await,
        json!(1_251)
    );
    assert_eq!(ask(&engine, "SELECT eventname, awsregion FROM cloudtrail LIMIT 700").await.0.len(), 700);
    let twice = "SELECT count(*) FROM cloudtrail a JOIN cloudtrail b ON a.eventid = b.eventid";
    assert_eq!(value(&engine, twice).await, json!(1_253));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_in_two_accounts_is_two() {
    let bucket = empty();
    let mut other = event(20_260_101, 1);
    other["accountid"] = json!("444455556666");
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![event(20_260_101, 1), other, event(20_260_101, 1)])]);
    assert_eq!(value(&engine(bucket).await, "SELECT count(*) FROM cloudtrail").await, json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_comes_back_under_cloudtrails_names() {
    let bucket = empty();
    let mut row = event(20_260_101, 3);
    row["src_endpoint"] = json!({"domain": "cloudformation.amazonaws.com", "svc_name": "cloudformation.amazonaws.com", "uid": "vpce-1"});
    row["source_ip"] = json!(null);
    row["actor"]["session"]["issuer"] = json!("arn:aws:iam::111122223333:role/r");
    row["unmapped"]["userIdentity.sessionContext.sessionIssuer.userName"] = json!("r");
    row["unmapped"]["tlsDetails.tlsVersion"] = json!("TLSv1.3");
    row["unmapped"]["managementEvent"] = json!("false");
    land(&bucket, batch(1), &[(Category::Data, 20_260_101, vec![row])]);
    let sql = "SELECT eventversion, eventtime, eventsource, eventname, awsregion, sourceipaddress, readonly, managementevent, eventcategory, eventtype, \
               recipientaccountid, vpcendpointid, tlsdetails.tlsversion AS tls, useridentity.sessioncontext.sessionissuer AS issuer, useridentity.username AS name, \
               resources[1].arn AS arn FROM cloudtrail";
    let expected = json!({
        "eventversion": "1.11", "eventtime": "2026-01-01T00:00:03.000Z", "eventsource": "s3.amazonaws.com", "eventname": "PutObject", "awsregion": "eu-west-1",
        "sourceipaddress": "cloudformation.amazonaws.com", "readonly": true, "managementevent": false, "eventcategory": "Data", "eventtype": "AwsApiCall",
        "recipientaccountid": "111122223333", "vpcendpointid": "vpce-1", "tls": "TLSv1.3",
        "issuer": {"arn": "arn:aws:iam::111122223333:role/r", "username": "r"}, "arn": "arn:aws:s3:::b",
    });
    assert_eq!(ask(&engine(bucket).await, sql).await.0, vec![expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn source_version_1_has_its_own_numbers_and_names() {
    let engine = engine(five_days()).await;
    let sql = "SELECT class_uid, type_uid, actor.user.uuid AS arn, actor.user.uid AS id, unmapped['requestParameters.bucketName'] AS bucket, \
               unmapped['eventType'] AS kind, metadata.version AS version FROM security_lake_v1 WHERE eventday = '20260101' ORDER BY time LIMIT 1";
    let expected = json!({
        "class_uid": 3005, "type_uid": 300_502, "arn": "arn:aws:iam::111122223333:user/u0", "id": "AIDAEXAMPLE", "bucket": "b0", "kind": "AwsApiCall",
        "version": "1.0.0-rc.2",
    });
    assert_eq!(ask(&engine, sql).await.0, vec![expected]);
}
