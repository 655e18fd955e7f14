//! The verdict for a person.

use std::{collections::BTreeSet, fmt::Write as _};

use trailkeep_verification::{Chain, Finding, LogBucketName, Moment, Span, Verdict};

use crate::figures::{bytes, grouped, many};

/// The verdict, what it rests on, and the findings one by one.
pub(super) fn told(verdict: &Verdict) -> String {
    let mut text = format!("{}\n\n", headline(verdict));
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    match &verdict.log_bucket {
        None => line("archive", verdict.archive.clone()),
        Some(bucket) => line("log bucket", log_bucket(&verdict.archive, bucket)),
    }
    line("judged", format!("{}, as of {}", span(&verdict.judged.window), moment(Some(verdict.judged.as_of))));
    line("digests", format!("{} verified, {} refused", grouped(verdict.digests.verified), grouped(verdict.digests.refused)));
    line("log files", outcomes(verdict));
    line("proven", proven(&verdict.chains));
    if verdict.log_bucket.is_some() {
        line("read", read_again(verdict));
    } else {
        let stand = verdict.segments.asked - verdict.segments.fallen;
        line("segments", format!("{} stand, {} do not", grouped(stand), grouped(verdict.segments.fallen)));
        line("read again", read_again(verdict));
    }
    for (replica, origin) in &verdict.aliases {
        line("alias", format!("{replica} was taken for {origin}"));
    }
    line("trust", trust(verdict));
    line("outside", format!("what CloudTrail did not sign: {}", verdict.outside.join(", ")));
    findings(&mut text, verdict);
    text
}

fn headline(verdict: &Verdict) -> String {
    if verdict.verified {
        return format!("VERIFIED: {}.", verdict.claim);
    }
    let all: u64 = verdict.finding_counts.values().sum();
    let counts: Vec<String> = verdict.finding_counts.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
    format!("NOT VERIFIED: {}: {}.", many(all, "finding", "findings"), counts.join(", "))
}

fn log_bucket(address: &str, bucket: &LogBucketName) -> String {
    match (&bucket.name, bucket.named_by) {
        (None, _) => format!("{address}, without an archive; nothing of CloudTrail's was found"),
        (Some(_), "s3") => format!("{address}, without an archive"),
        (Some(name), "option") => format!("{address}, without an archive; taken for {name}, as asked"),
        (Some(name), _) => format!("{address}, without an archive; taken for {}, as its digests say", printable(name)),
    }
}

fn outcomes(verdict: &Verdict) -> String {
    let named = verdict.log_files.named();
    let counts: Vec<String> =
        named.iter().filter(|(name, count)| *count > 0 || *name == "verified").map(|(name, n)| format!("{} {name}", grouped(*n))).collect();
    counts.join(", ")
}

fn proven(chains: &[Chain]) -> String {
    let first = chains.iter().flat_map(|chain| &chain.proven).filter_map(|proven| proven.from).min();
    let last = chains.iter().flat_map(|chain| &chain.proven).map(|proven| proven.to).max();
    let whole = chains.iter().filter(|chain| chain.gaps.is_empty()).count() as u64;
    match (first, last) {
        (Some(first), Some(last)) => format!(
            "{} of {} without a gap, between {} and {}",
            grouped(whole),
            many(chains.len() as u64, "chain", "chains"),
            moment(Some(first)),
            moment(Some(last))
        ),
        _ => "nothing".to_owned(),
    }
}

fn read_again(verdict: &Verdict) -> String {
    let again = &verdict.read_again;
    if again.fraction == 0.0 {
        return "none: the hashes taken at landing are believed".to_owned();
    }
    let seed = again.seed.map(|seed| format!(" with seed {seed}")).unwrap_or_default();
    let archived = if again.archived == 0 { String::new() } else { format!(", {} in an archived tier not read", grouped(again.archived)) };
    let of = format!("{}% asked for{seed}", again.fraction * 100.0);
    if verdict.log_bucket.is_some() {
        return format!("{} ({}) in the bucket itself{archived}; {of}", many(again.sources, "log file", "log files"), bytes(again.bytes));
    }
    format!("{} ({}), {} damaged{archived}; {of}", many(again.sources, "log file", "log files"), bytes(again.bytes), grouped(again.damaged))
}

fn trust(verdict: &Verdict) -> String {
    let used: Vec<_> = verdict.trust.iter().filter(|key| key.digests > 0).collect();
    let sources: BTreeSet<String> =
        verdict.trust.iter().map(|key| format!("{}, {}", key.obtained_from, moment(Some(key.obtained_at)))).collect();
    let sources: Vec<String> = sources.into_iter().collect();
    let mut text = format!("{} public keys, {} used, from {}", verdict.trust.len(), used.len(), sources.join("; "));
    for key in used {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{:<14}{} {}: {}", "", key.fingerprint, key.region, many(key.digests, "digest", "digests"));
    }
    text
}

fn findings(text: &mut String, verdict: &Verdict) {
    if verdict.findings.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{:<22}{:<14}{:<16}what", "finding", "account", "region");
    for finding in &verdict.findings {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(text, "{:<22}{:<14}{:<16}{}", finding.name, dash(&finding.account), dash(&finding.region), what(finding));
    }
    let all: u64 = verdict.finding_counts.values().sum();
    let left_out = all.saturating_sub(verdict.findings.len() as u64);
    if left_out > 0 {
        let _ = writeln!(text, "and {} more (--show)", grouped(left_out));
    }
}

fn what(finding: &Finding) -> String {
    let mut text = finding.detail.clone();
    let mut add = |part: String| {
        text.push_str("; ");
        text.push_str(&part);
    };
    if !finding.reasons.is_empty() {
        add(finding.reasons.join(", "));
    }
    if let Some(count) = finding.count {
        add(counted(finding.name, count));
    }
    if finding.from.is_some() || finding.to.is_some() {
        add(format!("{} to {}", moment(finding.from), moment(finding.to)));
    }
    match (&finding.bucket, &finding.key) {
        (Some(bucket), Some(key)) => add(format!("s3://{}/{}", printable(bucket), printable(key))),
        (None, Some(key)) => add(printable(key)),
        (_, None) => {}
    }
    if finding.provisional {
        add("may heal by itself".to_owned());
    }
    text
}

/// How many there are, of what a finding of this name counts.
fn counted(name: &str, count: u64) -> String {
    match name {
        "no_digest" | "unlisted_within_grace" | "archived_not_read" | "not_read" => many(count, "file", "files"),
        _ if name.starts_with("segment_") => many(count, "source", "sources"),
        // What chains say is of their Digests; of those before one that is missing nobody can say more.
        "missing_digests" => format!("at least {}", many(count, "Digest", "Digests")),
        _ => many(count, "Digest", "Digests"),
    }
}

/// A name that anybody may have chosen, without what a terminal would obey.
fn printable(name: &str) -> String {
    let obeyed = |sign: char| sign.is_control() || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|sign| if obeyed(sign) { char::REPLACEMENT_CHARACTER } else { sign }).collect()
}

fn span(span: &Span) -> String {
    let from = if span.from.is_some() { moment(span.from) } else { "the beginning of each chain".to_owned() };
    format!("{from} to {}", moment(Some(span.to)))
}

fn moment(moment: Option<Moment>) -> String {
    let text = |Moment(ms)| jiff::Timestamp::from_millisecond(ms).map(|moment| moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    moment.and_then(|moment| text(moment).ok()).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_of_what_it_is() {
        let told =
            |name: &'static str, count: u64| what(&Finding { name, count: Some(count), detail: "so".to_owned(), ..Finding::default() });
        assert_eq!(told("no_digest", 7_454), "so; 7,454 files");
        assert_eq!(told("segment_missing", 1), "so; 1 source");
        assert_eq!(told("missing_newest", 2), "so; 2 Digests");
    }
}
