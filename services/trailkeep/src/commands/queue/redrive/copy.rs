//! Moves messages one by one, where SQS does not.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::Instant;
use trailkeep_aws::SqsQueue;
use trailkeep_pipeline::ports::queue::MAX_OF_A_CALL;

use super::{Moved, Road};
use crate::signals::asked_to_stop;

/// How long a receive waits for messages; SQS asks all of its servers only where it waits.
const WAIT: Duration = Duration::from_secs(1);
/// For how long messages are away from others while they are moved, or after they were refused.
const HIDDEN: Duration = Duration::from_secs(300);

/// Moves up to `max` messages, or as many as there are now: what dies again meanwhile is left for the next time.
pub(super) async fn run(road: &Road, max: Option<u64>, rate: Option<u32>) -> anyhow::Result<Moved> {
    let to = destination(road)?;
    let depth = road.description.depth;
    let most = max.unwrap_or(depth.visible + depth.in_flight + depth.delayed);
    let mut moved = Moved { by: "copy", moved: 0, deleted: 0, refused: 0, interrupted: false, note: None };
    let began = Instant::now();
    // Where nobody can ask, it never comes.
    let stop = async {
        if !asked_to_stop().await {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stop);
    // Listens from here on: a signal in the midst of a step must not end the process.
    while !futures::poll!(&mut stop).is_ready() {
        let seen = moved.moved + moved.refused;
        let left = most.saturating_sub(seen);
        if left == 0 {
            return Ok(moved);
        }
        if let Some(rate) = rate {
            tokio::select! {
                () = tokio::time::sleep_until(began + Duration::from_secs_f64(seen as f64 / f64::from(rate))) => {}
                () = &mut stop => return Ok(Moved { interrupted: true, ..moved }),
            }
        }
        let some = left.min(MAX_OF_A_CALL as u64).min(u64::from(rate.unwrap_or(u32::MAX)));
        // Never broken off between sending and deleting: whether to stop is asked after it.
        let relayed = match road.from.relay(&to, some as usize, WAIT, HIDDEN).await {
            Ok(relayed) => relayed,
            Err(error) if moved.moved == 0 => return Err(error.into()),
            Err(error) => return Err(error).with_context(|| format!("stopped after {} messages were moved", moved.moved)),
        };
        moved.moved += relayed.sent;
        moved.deleted += relayed.deleted;
        moved.refused += relayed.received - relayed.sent;
        if relayed.received == 0 {
            return Ok(moved);
        }
    }
    Ok(Moved { interrupted: true, ..moved })
}

/// The queue to send to: the one that was named, or the only one that it can be.
fn destination(road: &Road) -> anyhow::Result<SqsQueue> {
    match (&road.to, road.sources.as_slice()) {
        (Some(to), _) => Ok(to.clone()),
        (None, [only]) => Ok(road.from.beside(only)),
        (None, sources) => bail!(
            "{} is the dead letter queue of {}, and only SQS knows which message came from which: name one with --to",
            road.from.url(),
            sources.join(" and ")
        ),
    }
}
