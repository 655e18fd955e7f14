//! How a service declares its metrics: one list of [`Instrument`]s, from which its meters, its page of metrics and the names that Prometheus shows all come.

use std::fmt::Write;

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};

/// What kind of figures an instrument takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Whole numbers that add up.
    Counter,
    /// The last of the numbers.
    Gauge,
    /// How numbers are spread over buckets, given by their upper bounds.
    Histogram(&'static [f64]),
}

/// One metric: declared once, as a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instrument {
    /// Dotted and lower-case (`trailkeep.collector.records`), without unit and without `total`.
    pub name: &'static str,
    /// Of what kind it is.
    pub kind: Kind,
    /// UCUM (`s`, `By`), or what is counted in braces (`{record}`).
    pub unit: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Names of its attributes. Each has a small number of values that are known beforehand: never an account, a key or an id.
    pub attributes: &'static [&'static str],
}

impl Instrument {
    /// Counts.
    pub const fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self { name, kind: Kind::Counter, unit, description, attributes: &[] }
    }

    /// Shows the last value.
    pub const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, unit, description, attributes: &[] }
    }

    /// Spreads values over buckets.
    pub const fn histogram(name: &'static str, unit: &'static str, bounds: &'static [f64], description: &'static str) -> Self {
        Self { name, kind: Kind::Histogram(bounds), unit, description, attributes: &[] }
    }

    /// The same with attributes.
    #[must_use]
    pub const fn by(mut self, attributes: &'static [&'static str]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Makes the counter.
    pub fn build_counter(&self, meter: &Meter) -> Counter<u64> {
        debug_assert_eq!(self.kind, Kind::Counter, "{} is no counter", self.name);
        meter.u64_counter(self.name).with_unit(self.unit).with_description(self.description).build()
    }

    /// Makes the gauge.
    pub fn build_gauge(&self, meter: &Meter) -> Gauge<f64> {
        debug_assert_eq!(self.kind, Kind::Gauge, "{} is no gauge", self.name);
        meter.f64_gauge(self.name).with_unit(self.unit).with_description(self.description).build()
    }

    /// Makes the histogram.
    pub fn build_histogram(&self, meter: &Meter) -> Histogram<f64> {
        let Kind::Histogram(bounds) = self.kind else {
            debug_assert!(false, "{} is no histogram", self.name);
            return meter.f64_histogram(self.name).build();
        };
        let named = meter.f64_histogram(self.name).with_unit(self.unit).with_description(self.description);
        named.with_boundaries(bounds.to_vec()).build()
    }

    /// What Prometheus calls it: dots as underscores, then the unit where it is one, then `total` for counters.
    /// Source: OpenTelemetry, "Prometheus and OpenMetrics Compatibility". A histogram has `_bucket`, `_sum` and `_count` behind it.
    pub fn prometheus_name(&self) -> String {
        let mut name = self.name.replace('.', "_");
        name.push_str(match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        });
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }

    /// Why its name, unit or description are not as they should be; `None` if they are.
    fn fault(&self) -> Option<&'static str> {
        let segment = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !self.name.split('.').all(segment) || self.name.split('.').count() < 3 {
            return Some("is not named like trailkeep.service.what");
        }
        if self.name.ends_with("total") || self.name.ends_with("seconds") || self.name.ends_with("bytes") {
            return Some("has a unit or a total in its name");
        }
        let counted = self.unit.starts_with('{') && self.unit.ends_with('}') && self.unit.len() > 2;
        if !counted && !["s", "By"].contains(&self.unit) {
            return Some("has a unit other than s, By or {what}");
        }
        if !self.description.ends_with('.') || self.description.contains('|') {
            return Some("is not described by a sentence");
        }
        if let Kind::Histogram(bounds) = self.kind
            && (bounds.is_empty() || !bounds.is_sorted_by(|left, right| left < right))
        {
            return Some("has bounds that do not rise");
        }
        None
    }
}

/// Why a catalogue is not in order, one line a fault; empty if it is.
pub fn faults(catalogue: &[Instrument]) -> Vec<String> {
    let mut faults: Vec<String> =
        catalogue.iter().filter_map(|instrument| instrument.fault().map(|fault| format!("{} {fault}", instrument.name))).collect();
    let mut names: Vec<String> = catalogue.iter().map(Instrument::prometheus_name).collect();
    names.sort();
    for instrument in catalogue {
        let within = format!("{}.", instrument.name);
        // OpenTelemetry, "Naming": names should not coincide with namespaces.
        let inside = catalogue.iter().filter(|other| other.name.starts_with(&within));
        faults.extend(inside.map(|other| format!("{} is also the namespace of {}", instrument.name, other.name)));
    }
    faults.extend(names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| format!("{} is declared twice", pair[0])));
    faults
}

/// The table of a catalogue for a page of documentation, in Markdown.
pub fn table(catalogue: &[Instrument]) -> String {
    let mut table = "| name | in Prometheus | kind | unit | attributes | what it tells |\n|---|---|---|---|---|---|\n".to_owned();
    for instrument in catalogue {
        let kind = match instrument.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let attributes: Vec<String> = instrument.attributes.iter().map(|attribute| format!("`{attribute}`")).collect();
        let (name, unit, description) = (instrument.name, instrument.unit, instrument.description);
        let prometheus = instrument.prometheus_name();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{name}` | `{prometheus}` | {kind} | `{unit}` | {} | {description} |", attributes.join(", "));
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use opentelemetry::KeyValue;

    use super::*;
    use crate::Meters;

    const RECORDS: Instrument =
        Instrument::counter("trailkeep.collector.records", "{record}", "Records that were landed.").by(&["category"]);
    const OLDEST: Instrument = Instrument::gauge("trailkeep.collector.queue.oldest_age", "s", "Age of the oldest message seen.");
    const LAG: Instrument =
        Instrument::histogram("trailkeep.collector.lag", "s", &[1.0, 60.0], "Time from the object's creation to its publishing.");
    const STORED: Instrument = Instrument::counter("trailkeep.collector.stored", "By", "Bytes as they were delivered.");

    #[test]
    fn prometheus_shows_exactly_this() {
        let meters = Meters::standalone();
        let meter = meters.meter("trailkeep.collector");
        RECORDS.build_counter(&meter).add(7, &[KeyValue::new("category", "management")]);
        OLDEST.build_gauge(&meter).record(12.5, &[]);
        let lag = LAG.build_histogram(&meter);
        for seconds in [0.5, 30.0, 90.0] {
            lag.record(seconds, &[]);
        }
        STORED.build_counter(&meter).add(1024, &[]);
        let expected = "\
# HELP trailkeep_collector_lag_seconds Time from the object's creation to its publishing.
# TYPE trailkeep_collector_lag_seconds histogram
trailkeep_collector_lag_seconds_bucket{le=\"1\"} 1
trailkeep_collector_lag_seconds_bucket{le=\"60\"} 2
trailkeep_collector_lag_seconds_bucket{le=\"+Inf\"} 3
trailkeep_collector_lag_seconds_sum 120.5
trailkeep_collector_lag_seconds_count 3
# HELP trailkeep_collector_queue_oldest_age_seconds Age of the oldest message seen.
# TYPE trailkeep_collector_queue_oldest_age_seconds gauge
trailkeep_collector_queue_oldest_age_seconds 12.5
# HELP trailkeep_collector_records_total Records that were landed.
# TYPE trailkeep_collector_records_total counter
trailkeep_collector_records_total{category=\"management\"} 7
# HELP trailkeep_collector_stored_bytes_total Bytes as they were delivered.
# TYPE trailkeep_collector_stored_bytes_total counter
trailkeep_collector_stored_bytes_total 1024
";
        assert_eq!(meters.prometheus_text(), expected);
        for instrument in [RECORDS, OLDEST, LAG, STORED] {
            assert!(expected.contains(&format!("# TYPE {} ", instrument.prometheus_name())), "{instrument:?}");
        }
    }

    #[test]
    fn a_catalogue_in_order_has_no_faults_and_any_other_says_which() {
        assert_eq!(faults(&[RECORDS, OLDEST, LAG, STORED]), Vec::<String>::new());
        for (instrument, fault) in [
            (Instrument::counter("records", "{record}", "A."), "is not named"),
            (Instrument::counter("a.b.C", "{record}", "A."), "is not named"),
            (Instrument::counter("a.b.records_total", "{record}", "A."), "a total in its name"),
            (Instrument::counter("a.b.c", "records", "A."), "has a unit other than"),
            (Instrument::counter("a.b.c", "By", "no sentence"), "is not described"),
            (Instrument::histogram("a.b.c", "s", &[2.0, 1.0], "A."), "do not rise"),
        ] {
            let found = faults(&[instrument]);
            assert!(found.len() == 1 && found[0].contains(fault), "{instrument:?}: {found:?}");
        }
        let inside = Instrument::counter("trailkeep.collector.records.late", "{record}", "A.");
        assert_eq!(faults(&[RECORDS, inside]), ["trailkeep.collector.records is also the namespace of trailkeep.collector.records.late"]);
        assert_eq!(faults(&[RECORDS, RECORDS]), ["trailkeep_collector_records_total is declared twice"]);
    }

    #[test]
    fn the_table_has_a_line_for_each() {
        let table = table(&[RECORDS]);
        let line = "| `trailkeep.collector.records` | `trailkeep_collector_records_total` | counter | `{record}` | `category` | Records that were landed. |";
        assert_eq!(table.lines().nth(2), Some(line));
    }
}
