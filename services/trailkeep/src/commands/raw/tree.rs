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
use crate::{cli::Globals, exit::Exit, location::Location};

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
        let target = place.create_archive(globals).await?;
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
        Ok(exit(&report, interrupted.load(Ordering::Relaxed)))
    }
}

fn bar(plan: &Plan) -> ProgressBar {
    let style = ProgressStyle::with_template(BAR).expect("the template is a constant that indicatif reads");
    ProgressBar::new(plan.bytes).with_style(style)
}

/// Set once Ctrl-C was pressed; the run then ends after the originals at hand.
fn watch_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            set.store(true, Ordering::Relaxed);
            say("interrupted: finishing what is at hand; run again to go on");
        }
    });
    interrupted
}

fn exit(report: &TreeReport, interrupted: bool) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    if report.failed > 0 || report.in_archived_tier > 0 { Exit::TryAgain } else { Exit::Done }
}

fn told(report: &TreeReport, to: &str) -> String {
    let mut lines =
        vec![format!("{} original(s), {} bytes, restored to {to}; each hashes to what was landed", report.restored, report.restored_bytes)];
    if report.already_there > 0 {
        lines.push(format!("{} were there already, byte for byte", report.already_there));
    }
    if report.in_archived_tier > 0 {
        lines.push(format!("{} are in an archived tier", report.in_archived_tier));
    }
    if report.failed > 0 {
        lines.push(format!("{} failed:", report.failed));
        lines.extend(report.failures.iter().map(|(key, reason)| format!("  {key}: {reason}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_come_back_is_told_and_asks_for_another_run() {
        let report = TreeReport {
            restored: 2,
            restored_bytes: 10,
            in_archived_tier: 3,
            failed: 1,
            failures: vec![("k".to_owned(), "the target failed".to_owned())],
            ..TreeReport::default()
        };
        assert_eq!(exit(&report, false), Exit::TryAgain);
        assert_eq!(exit(&TreeReport::default(), false), Exit::Done);
        assert_eq!(exit(&report, true), Exit::Interrupted);
        assert!(told(&report, "out").ends_with("3 are in an archived tier\n1 failed:\n  k: the target failed"));
    }
}
