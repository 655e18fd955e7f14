//! The fault proxy itself: what it takes a request for, and what it does to it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod operations;
mod server;

use std::{
    process::{Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_tests::proxy::{Door, Fault, Proxy, Rule, Whom, signal};

use self::server::{Client, Server};

fn before(server: &Server) -> Result<(Proxy, Door)> {
    let proxy = Proxy::before(&server.endpoint, 7)?;
    let door = proxy.door("one")?;
    Ok((proxy, door))
}

/// Waits for what another process does soon.
fn until(condition: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !condition() {
        ensure!(begun.elapsed() < Duration::from_secs(20), "it did not come to that");
        std::thread::yield_now();
    }
    Ok(())
}

const UPDATE: &str = "DynamoDB_20120810.UpdateItem";

#[test]
fn what_no_rule_strikes_passes_over_kept_connections_and_is_counted() -> Result<()> {
    for chunked in [false, true] {
        let server = Server::start("hello", chunked)?;
        let (proxy, door) = before(&server)?;
        let mut client = Client::of(&door.endpoint())?;
        for _ in 0..50 {
            let (status, headers, body) = client.ask("GET /audit/raw/a%20b", "", "")?.context("it closed")?;
            ensure!((status, body.as_str()) == (200, "hello") && headers.contains("content-length: 5"), "{headers}{body}");
        }
        ensure!(client.call(UPDATE, "{}")?.is_some_and(|(status, ..)| status == 200));
        ensure!(server.connections.load(Ordering::Relaxed) == 1, "one connection is kept");
        ensure!(proxy.count("s3:GetObject") == 50 && proxy.count("dynamodb:UpdateItem") == 1, "{:?}", proxy.counts());
        let seen = proxy.seen();
        ensure!(seen.len() == 51 && seen[0].request.subject == "audit/raw/a b" && seen[0].status == 200 && seen[0].door == "one");
    }
    Ok(())
}

#[test]
fn an_error_before_forwarding_is_the_services_own_and_the_server_hears_nothing() -> Result<()> {
    let server = Server::start("hello", false)?;
    let (proxy, door) = before(&server)?;
    let mut client = Client::of(&door.endpoint())?;
    proxy.add(Rule::before("s3:GetObject", Fault::SlowDown).nth(1));
    proxy.add(Rule::before("s3:GetObject", Fault::Denied).with("secret"));
    proxy.add(Rule::before("dynamodb:", Fault::Throttled).times(1));
    let (status, _, body) = client.ask("GET /logs/one", "", "")?.context("it closed")?;
    ensure!(status == 503 && body.contains("<Code>SlowDown</Code>"), "{body}");
    let (status, _, body) = client.ask("GET /logs/secret/two", "", "")?.context("it closed")?;
    ensure!(status == 403 && body.contains("<Code>AccessDenied</Code>"), "{body}");
    let (status, _, body) = client.call(UPDATE, "{}")?.context("it closed")?;
    ensure!(status == 400 && body.contains("#ProvisionedThroughputExceededException"), "{body}");
    ensure!(server.got().is_empty(), "nothing was forwarded");
    ensure!(client.call(UPDATE, "{}")?.is_some_and(|(status, ..)| status == 200), "once only");
    ensure!(proxy.struck().len() == 3, "{:?}", proxy.struck());
    Ok(())
}

#[test]
fn an_answer_lost_after_forwarding_has_taken_effect() -> Result<()> {
    let server = Server::start("hello", false)?;
    let (proxy, door) = before(&server)?;
    proxy.add(Rule::after("dynamodb:UpdateItem", Fault::Reset).with(":committed").times(1));
    let mut client = Client::of(&door.endpoint())?;
    ensure!(client.call(UPDATE, r#"{":state":":open"}"#)?.is_some());
    ensure!(client.call(UPDATE, r#"{":state":":committed"}"#)?.is_none(), "its answer is lost");
    let mut client = Client::of(&door.endpoint())?;
    ensure!(client.call(UPDATE, r#"{":state":":committed"}"#)?.is_some());
    ensure!(server.got().len() == 3, "all three were forwarded");
    Ok(())
}

#[test]
fn bodies_are_cut_and_slowed() -> Result<()> {
    let server = Server::start("0123456789", false)?;
    let (proxy, door) = before(&server)?;
    proxy.add(Rule::after("s3:GetObject", Fault::Truncated).times(1));
    let (status, headers, body) = Client::of(&door.endpoint())?.ask("GET /logs/one", "", "")?.context("it closed")?;
    ensure!((status, body.as_str()) == (200, "01234") && headers.contains("content-length: 10"), "{headers}{body}");
    proxy.calm();
    proxy.add(Rule::after("s3:GetObject", Fault::Slow(Duration::from_millis(1))));
    let (_, _, body) = Client::of(&door.endpoint())?.ask("GET /logs/one", "", "")?.context("it closed")?;
    ensure!(body == "0123456789");
    Ok(())
}

#[test]
fn some_entries_of_a_batch_call_fail_and_are_not_forwarded() -> Result<()> {
    let server = Server::start(r#"{"Successful":[{"Id":"x"}]}"#, false)?;
    let (proxy, door) = before(&server)?;
    proxy.add(Rule::before("sqs:DeleteMessageBatch", Fault::SomeFail("ReceiptHandleIsInvalid")));
    let entries: Vec<String> = (0..10).map(|id| format!(r#"{{"Id":"{id}","ReceiptHandle":"r{id}"}}"#)).collect();
    let body = format!(r#"{{"QueueUrl":"q","Entries":[{}]}}"#, entries.join(","));
    let (status, _, told) = Client::of(&door.endpoint())?.call("AmazonSQS.DeleteMessageBatch", &body)?.context("it closed")?;
    let told: Value = serde_json::from_str(&told)?;
    let failed = told["Failed"].as_array().context("no Failed")?;
    let (_, forwarded) = server.got().pop().context("nothing was forwarded")?;
    let forwarded: Value = serde_json::from_str(&forwarded)?;
    let kept = forwarded["Entries"].as_array().context("no Entries")?;
    ensure!(status == 200 && failed.len() + kept.len() == 10 && !failed.is_empty() && !kept.is_empty(), "{told}");
    ensure!(failed.iter().all(|entry| entry["Code"] == "ReceiptHandleIsInvalid" && kept.iter().all(|other| other["Id"] != entry["Id"])));
    // Of a single entry none is left to forward.
    let one = r#"{"QueueUrl":"q","Entries":[{"Id":"0","ReceiptHandle":"r"}]}"#;
    let mut client = Client::of(&door.endpoint())?;
    for _ in 0..20 {
        client.call("AmazonSQS.DeleteMessageBatch", one)?.context("it closed")?;
    }
    ensure!(server.got().len() == 1 && proxy.count("sqs:DeleteMessageBatch") == 21);
    Ok(())
}

#[test]
fn a_kill_hits_the_process_behind_the_door() -> Result<()> {
    let server = Server::start("hello", false)?;
    let (proxy, door) = before(&server)?;
    let mut process = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn()?;
    door.belongs_to(process.id());
    let other = proxy.door("two")?;
    proxy.add(Rule::before("s3:PutObject", Fault::Kill(Whom::Sender)).through("one"));
    ensure!(Client::of(&other.endpoint())?.ask("PUT /audit/x", "", "y")?.is_some(), "another's door is open");
    ensure!(Client::of(&door.endpoint())?.ask("PUT /audit/x", "", "y")?.is_none());
    let ended = process.wait()?;
    ensure!(!ended.success() && ended.code().is_none(), "a signal ended it: {ended}");
    ensure!(server.got().len() == 1, "the request of the dead was not forwarded");
    ensure!(signal("CONT", process.id()).is_err(), "it is gone");
    Ok(())
}

#[test]
fn a_stopped_process_goes_on_when_it_is_told_so() -> Result<()> {
    let server = Server::start("hello", false)?;
    let (proxy, door) = before(&server)?;
    let mut process = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn()?;
    proxy.add(Rule::after("s3:PutObject", Fault::Stop(Whom::Process(process.id()))));
    ensure!(Client::of(&door.endpoint())?.ask("PUT /audit/x", "", "y")?.is_some());
    let path = format!("/proc/{}/stat", process.id());
    until(|| std::fs::read_to_string(&path).is_ok_and(|state| state.contains(") T ")))?;
    signal("CONT", process.id())?;
    until(|| std::fs::read_to_string(&path).is_ok_and(|state| !state.contains(") T ")))?;
    process.kill()?;
    process.wait()?;
    Ok(())
}

#[test]
fn chance_is_the_seeds() -> Result<()> {
    let struck = |seed: u64| -> Result<Vec<bool>> {
        let server = Server::start("hello", false)?;
        let proxy = Proxy::before(&server.endpoint, seed)?;
        let door = proxy.door("one")?;
        proxy.add(Rule::before("s3:", Fault::SlowDown).chance(0.3));
        let mut client = Client::of(&door.endpoint())?;
        (0..100).map(|_| Ok(client.ask("GET /logs/one", "", "")?.context("it closed")?.0 == 503)).collect()
    };
    let (one, again, other) = (struck(1)?, struck(1)?, struck(2)?);
    let count = one.iter().filter(|struck| **struck).count();
    ensure!(one == again && one != other && (10..60).contains(&count), "{count} of 100");
    Ok(())
}

#[test]
fn a_client_that_waits_for_leave_to_send_gets_it() -> Result<()> {
    let server = Server::start("hello", false)?;
    let (_, door) = before(&server)?;
    let mut client = Client::of(&door.endpoint())?;
    let (status, ..) = client.ask("PUT /audit/x", "expect: 100-continue\r\n", "body")?.context("it closed")?;
    ensure!(status == 100, "leave comes first: {status}");
    let got = server.got();
    ensure!(got.is_empty() || got[0].1 == "body");
    Ok(())
}
