use super::*;
use aws_sdk_dynamodb::types::BatchStatementRequest;
use futures::stream::{self, StreamExt as _};
use std::time::Instant;
use trailkeep_pipeline::ports::ledger::{Landed, LandedSource};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measure_it() -> Result<()> {
    if std::env::var_os("TRAILKEEP_MEASURE").is_none() { return Ok(()) }
    let ministack = Ministack::start("measure")?.context("none")?;
    let client = ministack.dynamodb();
    let ledger = ready(&client, "speed").await?;
    let owner = WorkerId::new("p", 0);
    for round in 0..3 {
        let batch = batch_id(round);
        ledger.open(&batch, &owner, 1, 5).await?;
        let sources: Vec<_> = (0..5_000).map(|n| source(round as usize * 5_000 + n)).collect();
        let began = Instant::now();
        ledger.admit(&batch, &sources).await?;
        println!("admit/s {}", 5_000.0 / began.elapsed().as_secs_f64());
        let began = Instant::now();
        ledger.look(&sources).await?;
        println!("look/s {}", 5_000.0 / began.elapsed().as_secs_f64());
    }
    for flight in [4, 16, 64] {
        let began = Instant::now();
        let requests: Vec<_> = (0..400).map(|chunk| {
            let statements: Vec<_> = (0..25).map(|n| BatchStatementRequest::builder()
                .statement("INSERT INTO \"speed\" VALUE {'pk':?,'batch':?,'v':?,'ttl':?,'call':?}")
                .parameters(AttributeValue::S(format!("Q#{flight}#{}", source(chunk * 25 + n)))).parameters(AttributeValue::S(batch_id(1).to_string()))
                .parameters(AttributeValue::N("1".into())).parameters(AttributeValue::N("9999999999".into())).parameters(AttributeValue::N("12345678".into()))
                .build().unwrap()).collect();
            client.batch_execute_statement().set_statements(Some(statements)).send()
        }).collect();
        let answers: Vec<_> = stream::iter(requests).buffered(flight).collect().await;
        for answer in &answers { answer.as_ref().unwrap(); }
        println!("partiql {flight} in flight: inserts/s {}", 10_000.0 / began.elapsed().as_secs_f64());
    }
    let began = Instant::now();
    for n in 0..200 { ledger.open(&batch_id(1_000 + n), &owner, 1, 5).await?; }
    println!("open ms {}", began.elapsed().as_secs_f64() * 5.0);
    let manifest = trailkeep_pipeline::ports::ledger::ManifestRef { key: "k".to_owned(), sha256: "s".to_owned() };
    let began = Instant::now();
    for n in 0..200 { ledger.commit(&batch_id(1_000 + n), &owner, 1, &manifest, 5).await?; }
    println!("commit ms {}", began.elapsed().as_secs_f64() * 5.0);
    ledger.begin_rebuild(2).await?;
    let landed: Vec<_> = (0..10_000).map(|n| LandedSource { source: source(n), landed: Landed { version: None, etag: None, stored_bytes: 1, stored_sha256: [1; 32] } }).collect();
    for n in 0..3 {
        let sources: Vec<_> = landed.iter().map(|landed| landed.source.clone()).collect();
        let began = Instant::now();
        ledger.look(&sources).await?;
        let looked = began.elapsed().as_secs_f64();
        ledger.restore(&batch_id(9_000 + n), &landed, 5).await?;
        println!("rebuild of 10,000: look {looked} s, restore {} s", began.elapsed().as_secs_f64() - looked);
    }
    Ok(())
}
