//! What is told, and done, where segments lie in an archived tier.

use std::fmt::Write as _;

use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::{Archive, ArchivedSegment, RestoreEstimate, RestoreState, RestoreTier};

use super::{Raw, Tier, say};
use crate::exit::Exit;

impl Raw {
    /// A segment was found to be archived: says hours and cost, and starts its restore if that was asked for. The
    /// store's own error where it cannot be told more.
    pub(super) async fn answer_archived(&self, archive: &Archive, segment: &str, error: BucketError) -> anyhow::Result<Exit> {
        let found = archive.archived(vec![segment.to_owned()]).await?;
        if found.is_empty() {
            return Err(error.into());
        }
        self.tell_archived(archive, &found).await?;
        let on_its_way = self.restore || found.iter().all(|segment| segment.state == RestoreState::Running);
        if on_its_way {
            return Ok(Exit::TryAgain);
        }
        Err(anyhow::Error::from(error).context("not given back; --restore starts the restore"))
    }

    /// Says what restoring the segments takes and starts it if that was asked for.
    pub(super) async fn tell_archived(&self, archive: &Archive, segments: &[ArchivedSegment]) -> anyhow::Result<()> {
        let tiers: &[Tier] = if self.restore { &[self.restore_tier] } else { &[Tier::Standard, Tier::Bulk] };
        say(&told(segments, tiers, self.restore_days));
        if !self.restore {
            return Ok(());
        }
        for segment in segments {
            archive.start_restore(segment, self.restore_days, self.restore_tier.into()).await?;
        }
        say("restore started; run the same command again when it is done");
        Ok(())
    }
}

/// The sentence about archived segments, with a line for each tier.
fn told(segments: &[ArchivedSegment], tiers: &[Tier], days: u16) -> String {
    let bytes: u64 = segments.iter().map(|segment| segment.size_bytes).sum();
    let running = segments.iter().filter(|segment| segment.state == RestoreState::Running).count();
    let mut classes: Vec<&str> = segments.iter().map(|segment| segment.storage_class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut text = format!(
        "{} segment(s) of {:.2} GB lie in {} and must be restored before they can be read",
        segments.len(),
        gb(bytes),
        classes.join(" and ")
    );
    if running > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "; {running} of them are being restored");
    }
    for tier in tiers {
        let estimate = RestoreEstimate::of(segments, RestoreTier::from(*tier), days);
        if estimate.segments == 0 {
            continue;
        }
        let _ = write!(
            text,
            "\n  {:<8} ready in at most {} h; about ${:.2} to retrieve, ${:.2} for copies that stay {days} days (us-east-1 prices)",
            format!("{tier:?}").to_lowercase(),
            estimate.hours,
            estimate.retrieval_usd,
            estimate.copies_usd
        );
    }
    text
}

fn gb(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1u32 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_cost_are_told_for_each_tier() {
        let segment = ArchivedSegment {
            key: "raw/x".to_owned(),
            size_bytes: 10 << 30,
            storage_class: "DEEP_ARCHIVE".to_owned(),
            state: RestoreState::Archived,
        };
        assert_eq!(
            told(&[segment], &[Tier::Standard, Tier::Bulk], 30),
            "1 segment(s) of 10.00 GB lie in DEEP_ARCHIVE and must be restored before they can be read\n  \
             standard ready in at most 12 h; about $0.20 to retrieve, $0.23 for copies that stay 30 days (us-east-1 prices)\n  \
             bulk     ready in at most 48 h; about $0.03 to retrieve, $0.23 for copies that stay 30 days (us-east-1 prices)"
        );
    }
}
