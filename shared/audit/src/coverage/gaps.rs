//! Gaps: what was expected and not there, hours that follow one another taken together.

use std::ops::Range;

use super::{
    Coverage, HOUR_MS, MAX_GAPS,
    cause::Silence,
    cells::Cell,
    lag::Lags,
    report::{CellSummary, Gap, Lacks, Report, Standing},
};

impl Coverage {
    /// What came of it.
    pub fn finish(mut self) -> Report {
        self.events.sort_by(|a, b| (a.at_ms, a.kind, &a.event_id).cmp(&(b.at_ms, b.kind, &b.event_id)));
        let mut report = Report {
            cells: Vec::with_capacity(self.cells.len()),
            gaps: Vec::new(),
            gaps_left_out: 0,
            without_regions: self.cells.without_regions.clone(),
            unexpected: std::mem::take(&mut self.strangers.known),
            unexpected_left_out: self.strangers.left_out,
            events_left_out: self.events_left_out,
            lag: super::LagSummary::default(),
        };
        let mut all = Lags::default();
        for ((number, cell), lags) in self.cells.iter().enumerate().zip(&self.lags) {
            all.merge(lags);
            let mut summary = self.look_at(number, cell, &mut report);
            summary.lag = lags.summary();
            report.cells.push(summary);
        }
        report.lag = all.summary();
        report
    }

    fn look_at(&self, number: usize, cell: &Cell, report: &mut Report) -> CellSummary {
        let hours = self.span.within(cell.begins_at_hour())..self.span.within(cell.ends_at_hour());
        let mut summary = CellSummary {
            account: cell.account,
            region: cell.region,
            standing: Standing::Complete,
            assumed: cell.assumed,
            expected_hours: hours.len() as u64,
            covered_hours: hours.len() as u64,
            gaps: 0,
            lag: super::LagSummary::default(),
        };
        let ever = (0..self.span.hours).fold((false, false), |(digest, source), hour| {
            let bit = number * self.span.hours + hour;
            (digest || self.digests.get(bit), source || self.sources.get(bit))
        });
        let mut at = hours.start;
        while at < hours.end {
            let Some(lacks) = self.lacks(number, at) else {
                at += 1;
                continue;
            };
            let end = (at..hours.end).find(|hour| self.lacks(number, *hour) != Some(lacks)).unwrap_or(hours.end);
            summary.covered_hours -= (end - at) as u64;
            summary.gaps += 1;
            if report.gaps.len() < MAX_GAPS {
                report.gaps.push(self.gap((number, cell), at..end, &hours, lacks, ever));
            } else {
                report.gaps_left_out += 1;
            }
            at = end;
        }
        if cell.unknown {
            summary.standing = Standing::Unknown;
        } else if summary.gaps > 0 {
            summary.standing = Standing::Incomplete;
        }
        summary
    }

    fn gap(&self, (number, cell): (usize, &Cell), gap: Range<usize>, expected: &Range<usize>, lacks: Lacks, ever: (bool, bool)) -> Gap {
        let time = |hour: usize| (self.span.first_hour + hour as i64).saturating_mul(HOUR_MS);
        let silence = Silence {
            cell,
            since_ms: time(gap.start),
            until_ms: time(gap.end),
            lacks,
            from_window_start: gap.start == 0,
            to_the_end: gap.end == expected.end,
            has_sources: gap.clone().any(|hour| self.sources.get(number * self.span.hours + hour)),
            last_recorded_ms: gap.clone().rev().find(|hour| self.recorded.get(number * self.span.hours + hour)).map(time),
            ever_digest: ever.0,
            ever_source: ever.1,
        };
        Gap {
            account: cell.account,
            region: cell.region,
            since_ms: silence.since_ms,
            until_ms: silence.until_ms,
            open: gap.end == self.span.hours,
            lacks,
            cause: silence.cause(&self.events),
        }
    }

    /// What an hour lacks. Files that a Digest lists may have been delivered in the hour before or after: periods begin at any minute.
    fn lacks(&self, cell: usize, hour: usize) -> Option<Lacks> {
        let bit = cell * self.span.hours + hour;
        if !self.digests.get(bit) {
            return Some(Lacks::Digests);
        }
        // At the edges of the window the hour beside it is not known, and nobody is accused.
        let inside = hour > 0 && hour + 1 < self.span.hours;
        let landed = || (bit - 1..=bit + 1).any(|bit| self.sources.get(bit));
        (inside && self.listing.get(bit) && !landed()).then_some(Lacks::Sources)
    }
}
