//! `raw --all`: the verbatim tree.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use trailkeep_restore::{
    Archive,
    tree::{Plan, Progress, TreeFilter, TreeReport},
};

use super::{Raw, say};
use crate::{
    cli::Globals,
    exit::Exit,
    figures::{bytes, grouped, many},
    location::{Location, Writing},
    signals,
};

const BAR: &str = "{bar:30} {percent}%  {msg}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

impl Raw {
    pub(super) async fn give_tree(&self, archive: &Archive, to: &str, globals: &Globals) -> anyhow::Result<Exit> {
        let place: Location = to.parse()?;
        Location::check_apart(&place, &self.archive.parse()?)?;
        let filter = TreeFilter { since_ms: self.since, until_ms: self.until, account: self.account, bucket: self.bucket.clone() };
        let plan = archive.plan_tree(filter).await?;
        if plan.objects == 0 {
            bail!("nothing in {} to restore with these filters", archive.bucket().address());
        }
        if plan.older_revisions > 0 {
            say(&format!("{} older revision(s) left out; --source KEY --revision N gives one", plan.older_revisions));
        }
        let archived = archive.archived(plan.segments()).await?;
        if !archived.is_empty() {
            self.tell_archived(archive, &archived).await?;
        }
        let target = place.create_archive(globals, Writing::default()).await?;
        let interrupted = watch_interrupt();
        let bar = bar(&plan);
        let objects = AtomicU64::new(0);
        let progress = |progress: Progress| {
            let done = objects.fetch_add(progress.objects, Ordering::Relaxed) + progress.objects;
            bar.inc(progress.bytes);
            bar.set_message(format!("{done} of {} objects", plan.objects));
        };
        let report = archive.restore_tree(&plan, &archived, &target, &progress, &|| interrupted.load(Ordering::Relaxed)).await?;
        bar.finish_and_clear();
        say(&told(&report, to));
        exit(&report, interrupted.load(Ordering::Relaxed))
    }
}

fn bar(plan: &Plan) -> ProgressBar {
    let style = ProgressStyle::with_template(BAR).expect("the template is a constant that indicatif reads");
    ProgressBar::new(plan.bytes).with_style(style)
}

/// Set once Ctrl-C was pressed or SIGTERM came; the run then ends after the originals at hand.
fn watch_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    tokio::spawn(async move {
        if signals::asked_to_stop().await {
            set.store(true, Ordering::Relaxed);
            say("interrupted: finishing what is at hand; run again to go on");
        }
    });
    interrupted
}

fn exit(report: &TreeReport, interrupted: bool) -> anyhow::Result<Exit> {
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    if report.failed > 0 {
        bail!("{} not given back", many(report.failed, "original was", "originals were"));
    }
    Ok(if report.in_archived_tier > 0 { Exit::TryAgain } else { Exit::Done })
}

fn told(report: &TreeReport, to: &str) -> String {
    let restored = many(report.restored, "original", "originals");
    let mut lines = vec![format!("Restored {restored} ({}) to {to}; each hashes to what was landed.", bytes(report.restored_bytes))];
    if report.already_there > 0 {
        lines.push(format!("  there already, byte for byte: {}", grouped(report.already_there)));
    }
    if report.in_archived_tier > 0 {
        lines.push(format!("  in an archived tier: {}", grouped(report.in_archived_tier)));
    }
    if report.failed > 0 {
        lines.push(format!("  failed: {}", grouped(report.failed)));
        lines.extend(report.failures.iter().map(|(key, reason)| format!("    {key}: {reason}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn what_did_not_come_back_is_told() {
        let report = TreeReport {
            restored: 2,
            restored_bytes: 10,
            in_archived_tier: 3,
            failed: 1,
            failures: vec![("k".to_owned(), "the target failed".to_owned())],
            ..TreeReport::default()
        };
        assert_eq!(exit(&report, false).unwrap_err().to_string(), "1 original was not given back");
        assert_eq!(exit(&report, true).unwrap(), Exit::Interrupted);
        assert_eq!(exit(&TreeReport { in_archived_tier: 1, ..TreeReport::default() }, false).unwrap(), Exit::TryAgain);
        assert_eq!(exit(&TreeReport::default(), false).unwrap(), Exit::Done);
        assert!(told(&report, "out").ends_with("  in an archived tier: 3\n  failed: 1\n    k: the target failed"));
    }
}
