//! What this process must not go on after.

use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::stages::StageError;

/// The first such failure. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fatal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    first: OnceLock<StageError>,
    told: Notify,
}

impl Fatal {
    /// Remembers the failure if the process must end with it.
    pub(crate) fn check(&self, error: &StageError) {
        if error.is_fatal() && self.0.first.set(error.clone()).is_ok() {
            self.0.told.notify_waiters();
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.first.get().is_some()
    }

    /// Waits for the first one.
    pub(crate) async fn happened(&self) -> StageError {
        loop {
            let told = self.0.told.notified();
            if let Some(error) = self.0.first.get() {
                return error.clone();
            }
            told.await;
        }
    }

    /// The failure, if there was one.
    pub(crate) fn get(&self) -> Option<&StageError> {
        self.0.first.get()
    }
}
