//! What a run tells at its end: a few lines for people.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use trailkeep_pipeline::ingest::{IngestPlan, IngestSummary};

use crate::figures::{bytes, grouped, many};

/// A summary as text.
pub(super) struct Report<'a> {
    pub(super) summary: &'a IngestSummary,
    pub(super) archive: &'a str,
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.summary;
        let seconds = s.elapsed_ms as f64 / 1e3;
        if s.recovered > 0 {
            writeln!(f, "Finished or cleared away first: {} of an earlier run.", many(s.recovered, "batch", "batches"))?;
        }
        if s.landed > 0 {
            let speed = s.inflated_bytes as f64 / 1e6 / seconds.max(0.001);
            writeln!(
                f,
                "Landed {} ({}) with {} in {seconds:.1} s.",
                many(s.landed, "object", "objects"),
                many(s.digests, "digest", "digests"),
                many(s.records_landed, "record", "records")
            )?;
            writeln!(f, "  read         {} stored, {} of JSON, {speed:.0} MB/s", bytes(s.stored_bytes), bytes(s.inflated_bytes))?;
            writeln!(
                f,
                "  written      events {}, raw {}, sources and index {}",
                bytes(s.events_bytes),
                bytes(s.raw_bytes),
                bytes(s.table_bytes)
            )?;
        } else if s.duplicates > 0 && s.duplicates == s.listed {
            writeln!(f, "Nothing new: all {} had landed before ({seconds:.1} s).", many(s.duplicates, "object", "objects"))?;
        } else {
            writeln!(f, "Nothing landed ({seconds:.1} s).")?;
        }
        self.oddities(f)?;
        if s.landed > 0 || s.duplicates > 0 {
            let query = "SELECT eventname, count(*) AS n FROM cloudtrail GROUP BY 1 ORDER BY 2 DESC LIMIT 10";
            writeln!(f, "Archive: {}\nNext: trailkeep query --archive {} \"{query}\"", self.archive, self.archive)?;
        }
        Ok(())
    }
}

impl Report<'_> {
    fn oddities(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.summary;
        if s.duplicates > 0 && s.landed > 0 {
            writeln!(f, "  known        {} had landed before", many(s.duplicates, "object", "objects"))?;
        }
        if s.records_duplicate > 0 {
            writeln!(f, "  duplicates   {} stood twice in a batch and landed once", many(s.records_duplicate, "record", "records"))?;
        }
        if s.revisions > 0 {
            writeln!(
                f,
                "  revisions    {} came with other content than had landed under the same key",
                many(s.revisions, "object", "objects")
            )?;
        }
        if !s.quarantined.is_empty() {
            let (count, reasons) = (grouped(s.quarantined.values().sum()), listed(&s.quarantined));
            writeln!(f, "  quarantined  {count}: {reasons} (SELECT * FROM quarantine); the bytes of what was read are kept")?;
        }
        if !s.skipped.is_empty() {
            writeln!(f, "  passed over  {}: {}", grouped(s.skipped.values().sum()), listed(&s.skipped))?;
        }
        if s.try_again > 0 {
            writeln!(f, "  TRY AGAIN    {}: {}", many(s.try_again, "object", "objects"), listed(&s.try_again_reasons))?;
            if let Some(example) = &s.try_again_example {
                writeln!(f, "               for example: {example}")?;
            }
        }
        if s.interrupted {
            writeln!(f, "  INTERRUPTED  what was begun has landed; run it again for the rest")?;
        }
        Ok(())
    }
}

/// A dry run as text.
pub(super) struct Plan<'a>(pub(super) &'a IngestPlan);

impl Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = self.0;
        writeln!(
            f,
            "Would land {} of {} ({} of {}); nothing was written.",
            grouped(p.to_land()),
            many(p.objects, "object", "objects"),
            bytes(p.bytes_to_land),
            bytes(p.bytes)
        )?;
        let buckets: Vec<&str> = p.buckets.iter().map(String::as_str).collect();
        writeln!(f, "  buckets      {}", if buckets.is_empty() { "none".to_owned() } else { buckets.join(", ") })?;
        let days = p.days.len();
        if let (Some((first, _)), Some((last, _))) = (p.days.first_key_value(), p.days.last_key_value()) {
            writeln!(f, "  days         {days}: {first} to {last}")?;
        }
        writeln!(f, "  accounts     {}", p.accounts.len())?;
        writeln!(f, "  regions      {}", p.regions.len())?;
        writeln!(f, "  digests      {}", grouped(p.digests))?;
        writeln!(f, "  known        {} have landed before, {} are under way", grouped(p.landed_already), grouped(p.under_way))?;
        if !p.skipped.is_empty() {
            writeln!(f, "  passed over  {}: {}", grouped(p.skipped.values().sum()), listed(&p.skipped))?;
        }
        Ok(())
    }
}

/// Kinds named in one line, the most frequent first; the rest are one number.
const KINDS_NAMED: usize = 6;

fn listed(counts: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<(&String, u64)> = counts.iter().map(|(name, count)| (name, *count)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut parts: Vec<String> = sorted.iter().take(KINDS_NAMED).map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
    let rest: u64 = sorted.iter().skip(KINDS_NAMED).map(|(_, count)| count).sum();
    if rest > 0 {
        parts.push(format!("others {}", grouped(rest)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_says_that_nothing_is_new() {
        let summary = IngestSummary { listed: 12, duplicates: 12, elapsed_ms: 40, ..IngestSummary::default() };
        let text = Report { summary: &summary, archive: "audit" }.to_string();
        assert!(text.starts_with("Nothing new: all 12 objects had landed before (0.0 s).\n"), "{text}");
        assert!(text.contains("trailkeep query --archive audit"), "{text}");
    }

    #[test]
    fn quarantined_objects_are_told_by_reason() {
        let quarantined = BTreeMap::from([("not_json".to_owned(), 2), ("empty".to_owned(), 1)]);
        let summary = IngestSummary { landed: 3, quarantined, ..IngestSummary::default() };
        let text = Report { summary: &summary, archive: "audit" }.to_string();
        assert!(text.contains("quarantined  3: not_json 2, empty 1 "), "{text}");
    }
}
