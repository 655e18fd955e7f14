//! Who belongs to the organization: asked once a day, as `trailkeep accounts --refresh` does.

use trailkeep_coverage::kept;

use super::{Round, StepError};
use crate::{notes::is_due, ports::OutsideError};

/// What an auditor is refused that may not ask at all.
const ASK: &str = "ask AWS Organizations for its accounts";
const HOUR_MS: i64 = 3_600_000;

impl Round<'_> {
    /// How old the roster is, in hours. Where none was ever observed it is as old as the auditor's first round; none: nobody asks for one.
    pub(super) fn roster_age_h(&self, observed_ms: Option<i64>) -> Option<i64> {
        let asks = self.ports.organization.is_some() || !self.settings.without_organization;
        let memory = &self.memory.content;
        let since_ms = observed_ms.or(memory.roster_ms).or(memory.first_ms.filter(|_| asks))?;
        Some((self.now_ms - since_ms).max(0) / HOUR_MS)
    }

    /// Asks, and keeps what changed.
    pub(super) async fn roster(&mut self) -> Result<(), StepError> {
        let Some(source) = &self.ports.organization else { return Ok(()) };
        if !is_due(self.memory.content.roster_ms, kept::CONFIRM_AFTER_MS, self.now_ms) {
            return Ok(());
        }
        let (roster, denied) = source.observe(self.now_ms).await?;
        let Some(roster) = roster else {
            return Err(OutsideError::Denied { operation: ASK.to_owned(), hint: denied.join("; ") }.into());
        };
        for hint in &denied {
            tracing::warn!(hint, "part of the organization cannot be asked, and is unknown");
        }
        let bucket = self.archive.bucket().clone();
        let before = kept::newest(bucket.as_ref()).await?;
        let written_ms = before.as_ref().map(|kept| kept.written_ms);
        let mut history = before.map(|kept| kept.history).unwrap_or_default();
        let changes = history.observe(&roster)?;
        let due = !changes.is_empty() || is_due(written_ms, kept::CONFIRM_AFTER_MS, self.now_ms);
        if due {
            self.hold().await?;
            let key = kept::keep(bucket.as_ref(), &history, self.now_ms, self.settings.retention).await?;
            tracing::info!(
                key,
                joined = changes.joined.len(),
                left = changes.left.len(),
                "the organization's accounts are kept as they are now"
            );
        }
        self.memory.content.roster_ms = Some(self.now_ms);
        Ok(())
    }
}
