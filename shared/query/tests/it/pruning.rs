//! What a question leaves unread.

use serde_json::json;
use trailkeep_archive::{Category, layout::sources_key};
use trailkeep_local::DirectoryBucket;

use crate::archives::{ask, batch, day, empty, engine, event, five_days, land, stage, value};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_its_sources_object_is_not_seen() {
    let bucket = five_days();
    stage(&bucket, batch(9), &[(Category::Management, 20_260_103, day(20_260_103, 10)), (Category::Data, 20_260_103, day(20_260_103, 5))]);
    let (rows, io) = ask(&engine(bucket.clone()).await, "SELECT count(*) AS n FROM events").await;
    assert_eq!((rows, io.files_unpublished), (vec![json!({"n": 1_250})], 2));
    bucket.insert(&sources_key(&batch(9)), trailkeep_archive::write_sources(&[]).unwrap());
    assert_eq!(value(&engine(bucket).await, "SELECT count(*) FROM events").await, json!(1_265));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_any_time_leaves_out_days() {
    let engine = engine(five_days()).await;
    for filter in [
        "eventday = '20260103'",
        "eventday BETWEEN '20260103' AND '20260103'",
        "time_dt >= TIMESTAMP '2026-01-03 00:00:00' AND time_dt < TIMESTAMP '2026-01-04'",
        "event_time BETWEEN '2026-01-03 00:00:00' AND '2026-01-03 23:59:59'",
        "time BETWEEN 1767398400000 AND 1767484799999",
        "CAST(time_dt AS DATE) = DATE '2026-01-03'",
    ] {
        let (rows, io) = ask(&engine, &format!("SELECT count(*) AS n FROM events WHERE {filter}")).await;
        assert_eq!(rows, vec![json!({"n": 250})], "{filter}");
        assert_eq!(io.files_scanned - io.files_pruned_by_scan, 1, "{filter}: {io:?}");
    }
    let (rows, io) = ask(&engine, "SELECT count(*) AS n FROM cloudtrail WHERE eventtime >= '2026-01-05 00:00:00'").await;
    assert_eq!((rows, io.files_scanned), (vec![json!({"n": 250})], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reckoned_from_now_leaves_out_days() {
    let engine = engine(five_days()).await;
    for sql in [
        "SELECT count(*) AS n FROM cloudtrail WHERE eventday > to_char(now() + INTERVAL '7 days', '%Y%m%d')",
        "SELECT count(*) AS n FROM audited_cloudtrail WHERE eventtime > now() + INTERVAL '7 days'",
        "SELECT count(*) AS n FROM events WHERE event_time > current_date + INTERVAL '7 days'",
    ] {
        let (rows, io) = ask(&engine, sql).await;
        assert_eq!((rows, io.files_scanned), (vec![json!({"n": 0})], 0), "{sql}");
    }
    assert_eq!(value(&engine, "SELECT count(*) FROM cloudtrail WHERE eventtime < now()").await, json!(1_250));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_is_a_partition_under_both_names() {
    let bucket = five_days();
    land(&bucket, batch(8), &[(Category::Data, 20_260_103, day(20_260_103, 7))]);
    let engine = engine(bucket).await;
    for sql in
        ["SELECT count(*) AS n FROM events WHERE category = 'data'", "SELECT count(*) AS n FROM cloudtrail WHERE eventcategory = 'Data'"]
    {
        let (rows, io) = ask(&engine, sql).await;
        assert_eq!((rows, io.files_scanned), (vec![json!({"n": 7})], 1), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_found_by_bloom_filters_under_all_its_names() {
    let engine = engine(five_days()).await;
    let uid = event(20_260_102, 249)["event_uid"].as_str().unwrap().to_owned();
    for sql in [
        format!("SELECT event_uid AS id FROM events WHERE event_uid = '{uid}'"),
        format!("SELECT metadata.uid AS id FROM events WHERE metadata.uid = '{uid}'"),
        format!("SELECT eventid AS id FROM cloudtrail WHERE eventid = '{uid}'"),
        format!("SELECT metadata.uid AS id FROM security_lake_v1 WHERE metadata.uid = '{uid}'"),
        format!("SELECT metadata.uid AS id FROM events WHERE metadata.uid IN ('{uid}', 'none')"),
    ] {
        let (rows, io) = ask(&engine, &sql).await;
        assert_eq!(rows, vec![json!({"id": uid})], "{sql}");
        assert_eq!(io.row_groups_pruned_by_statistics + io.row_groups_pruned_by_bloom, io.row_groups - 1, "{sql}: {io:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_value_under_any_name_reads_no_rows() {
    let engine = engine(five_days()).await;
    for filter in [
        "actor.user.uid = 'arn:aws:iam::111122223333:user/u1x'",
        "actor.user.credential_uid = 'AKIAEXAMPLE000000001x'",
        "src_endpoint.ip = '203.0.113.33'",
        "cloud.region = 'eu-west-2'",
        "cloud.account.uid = '111122223334'",
    ] {
        let (rows, io) = ask(&engine, &format!("SELECT time FROM events WHERE {filter}")).await;
        assert_eq!(rows.len(), 0, "{filter}");
        assert_eq!(io.row_groups_pruned_by_statistics + io.row_groups_pruned_by_bloom, io.row_groups, "{filter}: {io:?}");
    }
    let (_, io) = ask(&engine, "SELECT eventtime FROM cloudtrail WHERE sourceipaddress = '203.0.113.33'").await;
    assert_eq!(io.row_groups_pruned_by_statistics + io.row_groups_pruned_by_bloom, io.row_groups, "{io:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_rows_do_not_need_the_oldest_files() {
    let engine = engine(five_days()).await;
    let (rows, io) = ask(&engine, "SELECT time FROM events ORDER BY time DESC LIMIT 3").await;
    assert_eq!(rows.first(), Some(&json!({"time": 1_767_571_449_000i64})));
    assert!(io.files_pruned_by_scan + io.row_groups_pruned_by_statistics > 0, "{io:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_parts_of_nested_columns_that_are_asked_for_are_read() {
    let bucket = empty();
    let mut row = event(20_260_101, 1);
    row["api"]["request"]["data"] = json!(
        (0..1_500_000u64).map(|n| char::from(b'a' + (n.pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as u8 % 26)).collect::<String>()
    );
    land(&bucket, batch(1), &[(Category::Management, 20_260_101, vec![row])]);
    let engine = engine(bucket).await;
    let (rows, io) = ask(&engine, "SELECT api.operation AS n FROM events").await;
    assert_eq!(rows, vec![json!({"n": "PutObject"})]);
    let (_, whole) = ask(&engine, "SELECT api.request.data FROM events").await;
    assert!(io.bytes < 300_000 && whole.bytes > 500_000, "{io:?}, {whole:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_answers_as_a_bucket_does() {
    let folder = tempfile::tempdir().unwrap();
    for (key, object) in five_days().objects() {
        let path = folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, object.body).unwrap();
    }
    let local = engine(DirectoryBucket::open(folder.path()).unwrap()).await;
    let remote = engine(five_days()).await;
    for sql in [
        "SELECT count(*) AS n, min(time) AS a, max(time) AS b FROM events",
        "SELECT principal_arn, count(*) AS n FROM events WHERE time_dt >= TIMESTAMP '2026-01-03' GROUP BY 1 ORDER BY 1",
        "SELECT * FROM cloudtrail WHERE eventday = '20260104' ORDER BY eventtime LIMIT 5",
    ] {
        let ((here, io_here), (there, io_there)) = (ask(&local, sql).await, ask(&remote, sql).await);
        assert_eq!(here, there, "{sql}");
        assert_eq!(io_here.files_scanned, io_there.files_scanned, "{sql}");
    }
}
