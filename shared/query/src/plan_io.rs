//! What the scans of a plan left out, from their own metrics.

use datafusion::physical_plan::{ExecutionPlan, metrics::MetricValue};

use crate::io::IoStats;

/// Adds what the scans of a plan know.
pub(crate) fn with_scans(mut stats: IoStats, plan: &dyn ExecutionPlan) -> IoStats {
    add(&mut stats, plan);
    stats
}

fn add(stats: &mut IoStats, plan: &dyn ExecutionPlan) {
    for metric in plan.metrics().iter().flat_map(datafusion::physical_plan::metrics::MetricsSet::iter) {
        let MetricValue::PruningMetrics { name, pruning_metrics } = metric.value() else { continue };
        let (pruned, matched) = (pruning_metrics.pruned() as u64, pruning_metrics.matched() as u64);
        match name.as_ref() {
            "files_ranges_pruned_statistics" => stats.files_pruned_by_scan += pruned,
            "row_groups_pruned_statistics" => {
                stats.row_groups += pruned + matched;
                stats.row_groups_pruned_by_statistics += pruned;
            }
            "row_groups_pruned_bloom_filter" => stats.row_groups_pruned_by_bloom += pruned,
            "page_index_rows_pruned" => stats.rows_pruned_by_page_index += pruned,
            _ => {}
        }
    }
    for child in plan.children() {
        add(stats, child.as_ref());
    }
}
