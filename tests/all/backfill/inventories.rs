//! S3 Inventories in place of a listing: CSV and Parquet, in a bucket and on disk.

use std::{fs, sync::Arc};

use anyhow::{Result, ensure};
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use aws_sdk_s3::primitives::ByteStream;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use serde_json::json;
use trailkeep_tests::gzip;

use super::bucket::{ALL, BUCKET, World, number, objects};

const INVENTORIES: &str = "example-inventories";
const FOLDER: &str = "all/example-org-trail/daily";

/// Rows of the bucket as it is, then an older version of an object, a delete marker, and another service's file.
fn rows() -> Vec<(String, Option<u64>, bool, bool)> {
    let mut rows: Vec<_> = objects().into_iter().map(|(key, size)| (key, Some(size as u64), true, false)).collect();
    if let Some((key, _, _, _)) = rows.first().cloned() {
        rows.push((key.clone(), Some(77), false, false));
        rows.push((key, None, true, true));
    }
    rows.push(("AWSLogs/o-exampleorgid/111122223333/Config/us-east-1/2026/1/5/ConfigHistory/x.json.gz".to_owned(), Some(10), true, false));
    // Not in the order of days, nor of keys.
    rows.reverse();
    rows
}

fn csv() -> Vec<u8> {
    let mut text = String::new();
    for (at, (key, size, latest, marker)) in rows().into_iter().enumerate() {
        // As S3 writes it: all of the key encoded but slashes, letters, digits and -._*
        let key = key.replace('=', "%3D").replace("o-exampleorgid", "o%2Dexampleorgid");
        let size = size.map_or(String::new(), |size| size.to_string());
        let row = format!(
            "\"{BUCKET}\",\"{key}\",\"v{at}\",\"{latest}\",\"{marker}\",\"{size}\",\"2026-02-02T00:00:00.000Z\",\"b57f9512698f4b09e608f4f2a65852e5\"\n"
        );
        text.push_str(&row);
    }
    gzip::member(text.as_bytes())
}

fn parquet() -> Result<Vec<u8>> {
    let rows = rows();
    let texts = |text: &dyn Fn(usize) -> String| Arc::new(StringArray::from_iter_values((0..rows.len()).map(text))) as ArrayRef;
    let keys = texts(&|at| rows.get(at).map(|row| row.0.clone()).unwrap_or_default());
    let sizes: Int64Array = rows.iter().map(|row| row.1.map(u64::cast_signed)).collect();
    let latest: BooleanArray = rows.iter().map(|row| Some(row.2)).collect();
    let markers: BooleanArray = rows.iter().map(|row| Some(row.3)).collect();
    let batch = RecordBatch::try_from_iter([
        ("bucket", texts(&|_| BUCKET.to_owned())),
        ("key", keys),
        ("version_id", texts(&|at| format!("v{at}"))),
        ("is_latest", Arc::new(latest)),
        ("is_delete_marker", Arc::new(markers)),
        ("size", Arc::new(sizes)),
        ("e_tag", texts(&|_| "b57f9512698f4b09e608f4f2a65852e5".to_owned())),
    ])?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

fn manifest(format: &str, schema: &str, file: &str) -> String {
    json!({
        "sourceBucket": BUCKET,
        "destinationBucket": format!("arn:aws:s3:::{INVENTORIES}"),
        "version": "2016-11-30",
        "creationTimestamp": "1769994000000",
        "fileFormat": format,
        "fileSchema": schema,
        "files": [{ "key": format!("{FOLDER}/data/{file}"), "size": 1, "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc" }],
    })
    .to_string()
}

const CSV_SCHEMA: &str = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag";

async fn put(world: &World, key: &str, body: Vec<u8>) -> Result<()> {
    world.moto.client().put_object().bucket(INVENTORIES).key(key).body(ByteStream::from(body)).send().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inventories_count_what_a_listing_counts() -> Result<()> {
    let Some(world) = World::start("inventories on S3").await? else { return Ok(()) };
    world.moto.create_bucket(INVENTORIES).await?;
    let listed = world.estimate(&[])?;
    for (format, schema, file, body) in
        [("CSV", CSV_SCHEMA, "a.csv.gz", csv()), ("Parquet", "message s3.inventory {}", "a.parquet", parquet()?)]
    {
        put(&world, &format!("{FOLDER}/data/{file}"), body).await?;
        let key = format!("{FOLDER}/{format}/manifest.json");
        put(&world, &key, manifest(format, schema, file).into_bytes()).await?;
        let address = format!("s3://{INVENTORIES}/{key}");
        let told = world.estimate(&["--inventory", &address])?;
        for part in ["/objects", "/stored_bytes", "/digests", "/places", "/first_day", "/last_day", "/costs/tiers"] {
            ensure!(told.pointer(part) == listed.pointer(part), "{format} {part}: {told} and not {listed}");
        }
        ensure!(told.pointer("/costs/once/0/count").and_then(serde_json::Value::as_f64) == Some(0.0), "it was listed: {told}");
        let some = world.estimate(&["--inventory", &address, "--accounts", "444455556666", "--since", "2026-01-31"])?;
        ensure!(number(&some, "/objects") == 20, "{format}: {some}");

        let queue = world.queue(&format!("of-{format}")).await?;
        let arguments = ["--inventory", &address, "--yes", "--rate", "10000", "--output", "json"];
        let sent = world.backfill(&queue, &world.empty_archive()?, &arguments)?.ok()?.json()?;
        ensure!(number(&sent, "/objects_sent") == 60, "{format}: {sent}");
        let announced = world.announced(&queue).await?;
        let days: Vec<&str> =
            announced.iter().filter_map(|notice| notice.key.split("/2026/").nth(1)).filter_map(|rest| rest.get(..5)).collect();
        ensure!(days.is_sorted() && days.len() == 60, "{format}: {days:?}");
        ensure!(announced.iter().all(|notice| notice.version.as_deref().is_some_and(|version| version.starts_with('v'))), "{announced:?}");
        let mut keys: Vec<String> = announced.into_iter().map(|notice| notice.key).collect();
        keys.sort_unstable();
        ensure!(keys == world.keys(ALL), "{format}: {keys:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inventories_on_disk_are_read_and_those_that_cannot_be_say_why() -> Result<()> {
    let Some(world) = World::start("inventories on disk").await? else { return Ok(()) };
    let root = world.directory.path();
    fs::create_dir_all(root.join(FOLDER).join("data"))?;
    fs::create_dir_all(root.join(FOLDER).join("2026-02-02T01-00Z"))?;
    let path = root.join(FOLDER).join("2026-02-02T01-00Z/manifest.json");
    let address = path.display().to_string();
    let whole = csv();
    let data = root.join(FOLDER).join("data/a.csv.gz");
    fs::write(&data, &whole)?;
    fs::write(&path, manifest("CSV", CSV_SCHEMA, "a.csv.gz"))?;
    ensure!(number(&world.estimate(&["--inventory", &address])?, "/objects") == 60);

    let from = format!("s3://{BUCKET}");
    let estimate = || world.run(&["estimate", "--from", &from, "--inventory", &address]);
    fs::write(&data, whole.get(..whole.len() / 2).unwrap_or_default())?;
    estimate()?.failed(1, &["a.csv.gz"])?;
    fs::write(&path, manifest("ORC", "", "a.orc"))?;
    estimate()?.failed(1, &["ORC", "CSV or Parquet"])?;
    fs::write(&path, manifest("CSV", "Bucket, Size", "a.csv.gz"))?;
    estimate()?.failed(1, &["no Key"])?;
    fs::write(&path, manifest("CSV", CSV_SCHEMA, "a.csv.gz").replace(BUCKET, "another-bucket"))?;
    estimate()?.failed(1, &["another-bucket", BUCKET])?;
    fs::write(&path, "{")?;
    estimate()?.failed(1, &["failed to read the inventory"])?;
    fs::remove_file(&path)?;
    estimate()?.failed(1, &["manifest.json"])?;
    Ok(())
}
