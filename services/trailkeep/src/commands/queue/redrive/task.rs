//! Lets SQS move the messages, and follows its task.

use std::time::Duration;

use anyhow::{Context as _, bail};
use trailkeep_aws::{MoveTask, MoveTaskError};

use super::{Moved, Road};
use crate::signals::asked_to_stop;

/// How often the task is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Starts a task and waits for its end.
pub(super) async fn run(road: &Road, rate: Option<u32>) -> anyhow::Result<Moved> {
    let arn = road.description.arn.as_deref().context("the queue does not tell its ARN, which a move task is started with")?;
    let destination = match &road.to {
        Some(to) => Some(to.describe().await?.arn.context("the queue to move to does not tell its ARN")?),
        None => None,
    };
    let handle = road.from.start_move(arn, destination.as_deref(), rate).await?;
    tracing::info!(queue = road.from.url(), handle = handle.as_deref(), "SQS moves the messages");
    tokio::select! {
        moved = follow(road, arn) => moved,
        true = asked_to_stop() => Ok(left_alone(true, format!("interrupted: the task goes on by itself; {}", stop_it(handle.as_deref())))),
    }
}

/// Looks at the newest task until it has ended.
async fn follow(road: &Road, arn: &str) -> anyhow::Result<Moved> {
    loop {
        let tasks = match road.from.move_tasks(arn).await {
            Ok(tasks) => tasks,
            Err(MoveTaskError::Queue(error)) => {
                let how =
                    format!("the task was started and cannot be followed ({error}): aws sqs list-message-move-tasks --source-arn {arn}");
                return Ok(left_alone(false, how));
            }
            Err(error) => return Err(error).context("the task was started and cannot be followed"),
        };
        match tasks.into_iter().max_by_key(|task| task.started_ms) {
            Some(task) if task.status == "RUNNING" || task.status == "CANCELLING" => {
                tracing::info!(moved = task.moved, of = task.to_move, "SQS moves the messages");
            }
            Some(task) => return ended(task),
            None => tracing::debug!("SQS does not list the task yet"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn ended(task: MoveTask) -> anyhow::Result<Moved> {
    match task.status.as_str() {
        "COMPLETED" | "CANCELLED" => {
            let note = (task.status == "CANCELLED").then(|| "the task was cancelled".to_owned());
            Ok(Moved { by: "task", moved: task.moved, deleted: task.moved, refused: 0, interrupted: false, note })
        }
        status => bail!(
            "SQS's task ended as {status} after {} messages: {}",
            task.moved,
            task.failure.as_deref().unwrap_or("SQS gives no reason")
        ),
    }
}

fn left_alone(interrupted: bool, note: String) -> Moved {
    Moved { by: "task", moved: 0, deleted: 0, refused: 0, interrupted, note: Some(note) }
}

fn stop_it(handle: Option<&str>) -> String {
    let handle = handle.unwrap_or("HANDLE");
    format!("stop it with: aws sqs cancel-message-move-task --task-handle {handle}")
}
