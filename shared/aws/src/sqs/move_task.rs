//! Moves the messages of a dead letter queue back, by SQS itself.
//! Source: SQS API Reference, StartMessageMoveTask and ListMessageMoveTasks: dead letter queues only, one active task per queue, at most 500
//! messages a second.

use trailkeep_pipeline::ports::queue::QueueError;

use super::{
    SqsQueue,
    error::{Action, Answer},
};

/// Why a task was not started or found.
#[derive(Debug, thiserror::Error)]
pub enum MoveTaskError {
    /// The endpoint does not know such tasks.
    #[error("the endpoint of {queue} knows no message move tasks")]
    Unsupported {
        /// URL.
        queue: String,
    },
    /// SQS refuses to move from this queue: it is no dead letter queue, a task runs already, or the destination is not one.
    #[error("SQS refuses to move messages of {queue}: {reason}")]
    Refused {
        /// URL.
        queue: String,
        /// In SQS's words.
        reason: String,
    },
    /// Anything else.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A task as SQS tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED.
    pub status: String,
    /// What SQS calls it; only running ones have one.
    pub handle: Option<String>,
    /// Messages moved so far, approximately.
    pub moved: u64,
    /// Messages that were there to be moved when it began, approximately.
    pub to_move: Option<u64>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it began, milliseconds since the Unix epoch.
    pub started_ms: i64,
}

impl SqsQueue {
    /// Starts to move all messages of this dead letter queue to `destination_arn`, or to where each came from. Answers the task's handle.
    ///
    /// # Errors
    /// [`MoveTaskError`].
    pub async fn start_move(
        &self,
        source_arn: &str,
        destination_arn: Option<&str>,
        per_second: Option<u32>,
    ) -> Result<Option<String>, MoveTaskError> {
        let request = self.client.start_message_move_task().source_arn(source_arn).set_destination_arn(destination_arn.map(str::to_owned));
        // More than SQS allows is as much as it allows.
        let request = request.set_max_number_of_messages_per_second(per_second.map(|rate| rate.clamp(1, 500) as i32));
        let answer = request.send().await.map_err(|error| self.explain_move(Answer::of(&error), Action::StartMove))?;
        Ok(answer.task_handle)
    }

    /// The newest tasks of this queue, newest first, at most ten.
    ///
    /// # Errors
    /// [`MoveTaskError`].
    pub async fn move_tasks(&self, source_arn: &str) -> Result<Vec<MoveTask>, MoveTaskError> {
        let request = self.client.list_message_move_tasks().source_arn(source_arn).max_results(10);
        let answer = request.send().await.map_err(|error| self.explain_move(Answer::of(&error), Action::ListMoves))?;
        let tasks = answer.results.unwrap_or_default().into_iter().map(|task| MoveTask {
            status: task.status.unwrap_or_default(),
            handle: task.task_handle,
            moved: u64::try_from(task.approximate_number_of_messages_moved).unwrap_or_default(),
            to_move: task.approximate_number_of_messages_to_move.and_then(|count| u64::try_from(count).ok()),
            failure: task.failure_reason,
            started_ms: task.started_timestamp,
        });
        Ok(tasks.collect())
    }

    fn explain_move(&self, answer: Answer, action: Action) -> MoveTaskError {
        if answer.unimplemented() {
            return MoveTaskError::Unsupported { queue: self.url.clone() };
        }
        // The last one is what a task that runs already is told by.
        if matches!(answer.code(), "ResourceNotFoundException" | "InvalidParameterValue" | "UnsupportedOperation") {
            return MoveTaskError::Refused { queue: self.url.clone(), reason: answer.to_string() };
        }
        self.explain(answer, action).into()
    }
}
