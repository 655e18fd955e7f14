//! Releases side by side: this one, one that writes attributes that this one does not know, and one that did not write those that may be missing
//! yet. What only a newer one understands is refused, and nothing of it changed.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use aws_sdk_dynamodb::{
    Client,
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextMut},
    error::BoxError,
    operation::{put_item::PutItemInput, update_item::UpdateItemInput},
    types::AttributeValue,
};
use trailkeep_aws::DynamoLedger;
use trailkeep_pipeline::ports::ledger::{
    AbortIf, BatchState, Claim, Flip, Holder, LandedSource, LeaseAnswer, Ledger, LedgerError, ManifestRef, WorkerId,
};
use trailkeep_tests::emulator::Ministack;

use super::{batch_id, opened, raw_item, ready, source};

/// Which release a client plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    /// Leaves out what may be missing.
    Before,
    /// As it is.
    This,
    /// Writes `later` into every item that it puts or updates.
    After,
}

/// Changes what is sent into what another release would send.
#[derive(Debug)]
struct Plays(Release);

const LATER: &str = "later";
/// Attributes that a reader does without.
const OPTIONAL: [&str; 5] = ["v", "ttl", "call", "beat", "opened_at_ms"];

fn later() -> AttributeValue {
    AttributeValue::M(HashMap::from([("by".to_owned(), AttributeValue::S("a later release".to_owned()))]))
}

impl Intercept for Plays {
    fn name(&self) -> &'static str {
        "PlaysAnotherRelease"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(item) = context.input_mut().downcast_mut::<PutItemInput>().and_then(|put| put.item.as_mut()) {
            match self.0 {
                Release::Before => item.retain(|name, _| !OPTIONAL.contains(&name.as_str())),
                Release::This => {}
                Release::After => drop(item.insert(LATER.to_owned(), later())),
            }
        }
        if let Some(update) = context.input_mut().downcast_mut::<UpdateItemInput>()
            && self.0 == Release::After
            && let Some(expression) = update.update_expression.take()
        {
            let more = match expression.strip_prefix("SET ") {
                Some(rest) => format!("SET #later = :later, {rest}"),
                None => format!("SET #later = :later {expression}"),
            };
            update.update_expression = Some(more);
            update.expression_attribute_names.get_or_insert_default().insert("#later".to_owned(), LATER.to_owned());
            update.expression_attribute_values.get_or_insert_default().insert(":later".to_owned(), later());
        }
        Ok(())
    }
}

fn playing(client: &Client, release: Release, table: &str) -> DynamoLedger {
    let config = client.config().to_builder().interceptor(Plays(release)).build();
    opened(&Client::from_conf(config), table)
}

fn manifest() -> ManifestRef {
    ManifestRef { key: "staging/x/manifest.json".to_owned(), sha256: "ab".repeat(32) }
}

/// One release does a step, the other the next, on the same items.
async fn work_together(one: &DynamoLedger, other: &DynamoLedger) -> Result<()> {
    let (first, second) = (batch_id(1), batch_id(2));
    let (owner, stranger) = (WorkerId::new("one", 0), WorkerId::new("other", 0));
    let by = |batch| Claim::HeldBy(Holder { batch, landed: None });
    one.open(&first, &owner, 1, 5).await?;
    let refused = other.open(&first, &stranger, 1, 6).await;
    ensure!(matches!(refused, Err(LedgerError::BatchExists { .. })), "{refused:?}");
    other.open(&second, &stranger, 1, 6).await?;
    ensure!(one.admit(&first, &[source(1), source(2), source(3)]).await? == [Claim::Admitted, Claim::Admitted, Claim::Admitted]);
    ensure!(other.admit(&second, &[source(1), source(4)]).await? == [by(first), Claim::Admitted]);
    ensure!(other.unfinished().await?.len() == 2);
    one.release(&first, &[source(3)]).await?;
    ensure!(other.look(&[source(1), source(3), source(4)]).await?.iter().map(Option::is_some).collect::<Vec<_>>() == [true, false, true]);

    ensure!(other.abort(&first, &AbortIf::BeatStillAt(0)).await? == Flip::Done, "a counter that nobody moved stands at 0");
    let late = one.commit(&first, &owner, 1, &manifest(), 7).await?;
    ensure!(matches!(&late, Flip::Refused(item) if item.state == BatchState::Aborted), "{late:?}");
    ensure!(other.take_over(&second, &[(source(1), first), (source(2), second)]).await? == [Claim::Admitted, by(first)]);
    ensure!(one.beat(&second, &stranger).await? == Flip::Done);
    ensure!(other.batch(&second).await?.map(|item| item.beat) == Some(1));
    ensure!(one.commit(&second, &stranger, 1, &manifest(), 8).await? == Flip::Done);
    other.mark_published(&second, &[] as &[LandedSource], 9).await?;
    one.mark_announced(&second).await?;
    ensure!(other.newest_published().await? == Some(second));
    ensure!(one.unfinished().await?.is_empty());

    ensure!(one.take_lease("lane", &owner, None).await? == LeaseAnswer::Taken);
    let LeaseAnswer::HeldBy(seen) = other.take_lease("lane", &stranger, None).await? else { anyhow::bail!("a held lease was given away") };
    ensure!(other.take_lease("lane", &stranger, Some(&seen)).await? == LeaseAnswer::Taken);
    ensure!(!one.beat_lease("lane", &owner).await? && other.beat_lease("lane", &stranger).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn releases_work_side_by_side_on_one_table() -> Result<()> {
    let Some(ministack) = Ministack::start("releases side by side on DynamoDB")? else { return Ok(()) };
    let client = ministack.dynamodb();
    let pairs = [
        (Release::This, Release::After),
        (Release::After, Release::This),
        (Release::This, Release::Before),
        (Release::Before, Release::This),
        (Release::Before, Release::After),
    ];
    for (number, (one, other)) in pairs.into_iter().enumerate() {
        let table = format!("releases-{number}");
        ready(&client, &table).await?;
        let worked = work_together(&playing(&client, one, &table), &playing(&client, other, &table)).await;
        worked.map_err(|error| error.context(format!("{one:?} beside {other:?}")))?;
    }
    // What the later release put stays through the updates of this one.
    for (table, key) in
        [("releases-1", "B#1#20251009T085320000Z-0000000000000001"), ("releases-0", "B#1#20251009T085320000Z-0000000000000002")]
    {
        let item = raw_item(&client, table, key).await?;
        ensure!(item.get(LATER) == Some(&later()), "{item:?}");
        ensure!(!item.contains_key("u") && item.contains_key("ttl"), "{item:?}");
    }
    Ok(())
}

fn newer<T: std::fmt::Debug>(answer: Result<T, LedgerError>) -> Result<()> {
    ensure!(matches!(&answer, Err(LedgerError::Newer { found: 2, known: 1, .. })), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn what_only_a_newer_release_understands_is_refused_and_left_alone() -> Result<()> {
    let Some(ministack) = Ministack::start("items of a newer release")? else { return Ok(()) };
    let client = ministack.dynamodb();
    let ledger = ready(&client, "newer").await?;
    let (batch, other, owner) = (batch_id(1), batch_id(2), WorkerId::new("one", 0));
    ledger.open(&batch, &owner, 1, 5).await?;
    ledger.open(&other, &owner, 1, 5).await?;
    ledger.admit(&batch, &[source(1)]).await?;
    ledger.take_lease("lane", &owner, None).await?;
    let batch_key = format!("B#1#{batch}");
    let source_key = format!("S#1#1#org-logs/{}", source(1).key());
    let keys = [batch_key.as_str(), &source_key, "X#lane", "L"];
    let mut before = Vec::new();
    for key in keys {
        let update = client.update_item().table_name("newer").key("pk", AttributeValue::S(key.to_owned()));
        let update = update.update_expression("SET #v = :two").expression_attribute_names("#v", "v");
        update.expression_attribute_values(":two", AttributeValue::N("2".to_owned())).send().await?;
        before.push(raw_item(&client, "newer", key).await?);
    }
    newer(ledger.batch(&batch).await)?;
    newer(ledger.beat(&batch, &owner).await)?;
    newer(ledger.commit(&batch, &owner, 1, &manifest(), 6).await)?;
    newer(ledger.abort(&batch, &AbortIf::OwnedBy(owner.clone())).await)?;
    newer(ledger.mark_published(&batch, &[], 6).await)?;
    newer(ledger.mark_announced(&batch).await)?;
    newer(ledger.admit(&other, &[source(1)]).await)?;
    newer(ledger.take_over(&other, &[(source(1), batch)]).await)?;
    newer(ledger.look(&[source(1)]).await)?;
    newer(ledger.release(&batch, &[source(1)]).await)?;
    newer(ledger.take_lease("lane", &owner, None).await)?;
    newer(ledger.commit(&other, &owner, 1, &manifest(), 6).await)?;
    newer(ledger.identity().await)?;
    newer(ledger.open(&batch_id(3), &owner, 1, 5).await)?;
    newer(ledger.set_ready(1).await)?;
    newer(ledger.begin_rebuild(2).await)?;
    newer(ledger.unfinished().await)?;
    for (key, before) in keys.into_iter().zip(before) {
        ensure!(raw_item(&client, "newer", key).await? == before, "{key} was changed");
    }
    Ok(())
}
