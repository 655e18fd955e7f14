//! Attestations told to a person, and verdicts as JSON. What others wrote is shown without its control characters.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trailkeep_attest::{Checked, Kept, Made, Signer};
use trailkeep_audit::{
    Sha256,
    attestation::{Envelope, Statement},
};

use crate::figures::{grouped, many, moment};

/// Days and keys of a chain that are told; an attestation in full has all that it says.
const FEW: usize = 20;

/// What was made.
pub(super) fn made(all: &[Made], as_json: bool, signer: &dyn Signer) -> anyhow::Result<String> {
    if as_json {
        let told: Vec<Value> = all.iter().map(made_json).collect();
        return Ok(format!("{}\n", serde_json::to_string_pretty(&told)?));
    }
    if all.is_empty() {
        return Ok("Nothing is due.\n".to_owned());
    }
    let mut text = String::new();
    for one in all {
        let told = match one {
            Made::Attested { kept, envelope, sha256 } => {
                format!("{}, head {sha256}\n  {}\n", name(*kept), summary(&envelope.statement))
            }
            Made::ByAnother(kept) => format!("{}: another maker made it meanwhile\n", name(*kept)),
        };
        text += &told;
    }
    Ok(text + &format!("Signed by {}, key {}\n", clean(signer.name()), signer.public_key().fingerprint()))
}

fn made_json(made: &Made) -> Value {
    match made {
        Made::Attested { kept, envelope, sha256 } => json!({
            "sequence": kept.sequence, "day": kept.day, "kind": kept.kind, "key": kept.key(), "sha256": sha256, "made": true,
            "complete": envelope.statement.is_complete(), "outcomes": envelope.statement.sources.outcomes,
            "findings": envelope.statement.findings.counts,
        }),
        Made::ByAnother(kept) => {
            json!({ "sequence": kept.sequence, "day": kept.day, "kind": kept.kind, "key": kept.key(), "made": false })
        }
    }
}

fn name(kept: Kept) -> String {
    format!("attestation {}, {} of {}", kept.sequence, kept.kind.as_str(), kept.day)
}

/// One line of what it comes to.
fn summary(statement: &Statement) -> String {
    let outcomes: Vec<String> =
        statement.sources.outcomes.iter().map(|(outcome, count)| format!("{} {}", grouped(*count), clean(outcome))).collect();
    let complete = if statement.is_complete() { "complete against what CloudTrail signed" } else { "NOT complete" };
    let counts = if outcomes.is_empty() { "no sources".to_owned() } else { outcomes.join(", ") };
    format!("{complete}: {counts}")
}

/// Why a day is not complete.
fn lacking(statement: &Statement) -> String {
    let part = |(name, count): (&String, &u64)| format!("{} {}", grouped(*count), clean(name));
    let coverage = &statement.coverage;
    let mut why: Vec<String> = statement.findings.counts.iter().map(part).collect();
    if coverage.unknown > 0 {
        why.push(format!(
            "{} of which it is not known what is expected",
            many(coverage.unknown, "account or Region", "accounts or Regions")
        ));
    }
    let gaps = coverage.gaps_left_out.saturating_add(coverage.gaps.len() as u64);
    if gaps > 0 {
        why.push(many(gaps, "gap", "gaps"));
    }
    if coverage.covered_hours < coverage.expected_hours {
        why.push(format!("{} without a Digest", many(coverage.expected_hours - coverage.covered_hours, "hour", "hours")));
    }
    let (reread, refused) = (&statement.sources.reread, statement.digests.refused);
    if reread.intact != reread.sources {
        why.push(format!(
            "{} of {} read again are not intact",
            grouped(reread.sources.saturating_sub(reread.intact)),
            grouped(reread.sources)
        ));
    }
    if refused > 0 {
        why.push(format!("{} refused", many(refused, "Digest", "Digests")));
    }
    let outcomes =
        statement.sources.outcomes.iter().filter(|(name, count)| **count > 0 && !matches!(name.as_str(), "verified" | "not_covered"));
    why.extend(outcomes.map(|(name, count)| format!("{} counted as {}", many(*count, "source", "sources"), clean(name))));
    why.join("; ")
}

/// The list.
pub(super) fn listed(lines: &[Value], address: &str) -> String {
    let mut text = format!(
        "{} in {address}. No signature was checked: trailkeep attest verify does that. Complete means against what CloudTrail signed.\n",
        many(lines.len() as u64, "attestation", "attestations")
    );
    for line in lines {
        let part = |name: &str| clean(line[name].as_str().unwrap_or_default());
        let sequence = line["sequence"].as_u64().unwrap_or_default();
        let told = match line["unreadable"].as_str() {
            Some(reason) => format!("{sequence:>6}  CANNOT BE READ: {}\n", clean(reason)),
            None => {
                let complete = if line["complete"] == true { "complete" } else { "NOT complete" };
                let sources = grouped(line["sources"].as_u64().unwrap_or_default());
                format!("{sequence:>6}  {}  {:11}  {complete:12}  {sources} sources  {}\n", part("day"), part("kind"), part("sha256"))
            }
        };
        text += &told;
    }
    text
}

/// One attestation in full.
pub(super) fn shown(kept: Kept, envelope: &Envelope, sha256: Sha256) -> String {
    let statement = &envelope.statement;
    let (sources, digests, coverage) = (&statement.sources, &statement.digests, &statement.coverage);
    let mut text = format!("{} of {}\n", name(kept), clean(&statement.archive));
    let mut line = |label: &str, value: String| _ = writeln!(text, "  {label:16}{value}");
    line("hash", sha256.to_string());
    line("made", moment(statement.issued_at_ms));
    line("says", summary(statement));
    if !statement.is_complete() {
        line("because", lacking(statement));
    }
    line("sources", format!("{}, root {}", grouped(sources.count), sources.merkle_root));
    let part = sources.reread.millionths as f64 / 10_000.0;
    let seed = sources.reread.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    line("read again", format!("{} intact of {} ({part} %{seed})", grouped(sources.reread.intact), grouped(sources.reread.sources)));
    line(
        "Digests",
        format!("{} verified, {} refused, {} chains", grouped(digests.verified), grouped(digests.refused), digests.heads.len()),
    );
    let hours = format!("{} of {} hours", grouped(coverage.covered_hours), grouped(coverage.expected_hours));
    let gaps = coverage.gaps_left_out.saturating_add(coverage.gaps.len() as u64);
    line("coverage", format!("{hours}, {} unknown, {} assumed, {} gaps", coverage.unknown, coverage.assumed, grouped(gaps)));
    for gap in &coverage.gaps {
        let (from, to) = (moment(gap.since_ms), moment(gap.until_ms));
        let event = gap.event_id.as_ref().map(|id| format!(", event {}", clean(id))).unwrap_or_default();
        line(
            "",
            format!("{} {} {from} to {to}: {}, {}{event}", clean(&gap.account), clean(&gap.region), clean(&gap.lacks), clean(&gap.cause)),
        );
    }
    if coverage.gaps_left_out > 0 {
        line("", format!("and {} that the attestation counts and does not name", grouped(coverage.gaps_left_out)));
    }
    let findings: Vec<String> =
        statement.findings.counts.iter().map(|(finding, count)| format!("{} {}", grouped(*count), clean(finding))).collect();
    line("findings", if findings.is_empty() { "none".to_owned() } else { findings.join(", ") });
    let trails = statement.trails.len() as u64;
    line(
        "trails",
        if trails == 0 {
            "no record of how any was configured".to_owned()
        } else {
            many(trails, "record of how one was configured", "records of how they were configured")
        },
    );
    for trail in &statement.trails {
        let (told, configuration) = (moment(trail.recorded_at_ms), clean(&trail.configuration));
        line("", format!("{}, {told}, {}: {configuration}", clean(&trail.trail), clean(&trail.source)));
    }
    let root = &statement.trust_root;
    line("CloudTrail keys", format!("{} ({})", root.cloudtrail_keys_sha256, clean(&root.cloudtrail_keys_origin)));
    line("signed by", format!("{}, key {} (NOT checked here)", clean(&root.signer), envelope.fingerprint));
    let hash = |hash: Option<Sha256>| hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string());
    line("previous", hash(statement.previous));
    line("supersedes", hash(statement.supersedes));
    text
}

/// The verdict on a chain.
pub(super) fn checked(checked: &Checked, address: &str) -> String {
    let mut text = match (checked.is_verified(), checked.is_consistent()) {
        (true, _) => {
            format!("VERIFIED: the trusted key signed all {} of {address}.\n", many(checked.attestations, "attestation", "attestations"))
        }
        (false, true) => "NOT VERIFIED: chain consistent, signer NOT trusted: no --public-key was given.\n".to_owned(),
        (false, false) => format!("NOT VERIFIED: {}.\n", many(checked.problem_counts.values().sum(), "finding", "findings")),
    };
    let mut line = |label: &str, value: String| _ = writeln!(text, "  {label:16}{value}");
    if let Some(archive) = &checked.archive {
        line("archive", clean(archive));
    }
    if let (Some((first, last)), Some(head)) = (checked.range, checked.head) {
        line("chain", format!("{first} to {last}, head {head}"));
    }
    let complete = checked.days.iter().filter(|day| day.complete).count();
    line("days", format!("{} attested, {complete} of them complete against what CloudTrail signed", checked.days.len()));
    for day in checked.days.iter().filter(|day| !day.complete).take(FEW) {
        line("", format!("{} is NOT complete ({}): trailkeep attest show --day {}", day.kept.day, day.kept.kind.as_str(), day.kept.day));
    }
    if checked.days.len() - complete > FEW {
        line(
            "",
            format!(
                "and {} days more that are NOT complete: --output json names all",
                grouped((checked.days.len() - complete - FEW) as u64)
            ),
        );
    }
    if checked.leaves_checked > 0 {
        line("leaves", format!("{} attestations have the attested roots", checked.leaves_checked));
    }
    match checked.heads_compared {
        Some(heads) => line("heads", format!("{heads} compared")),
        None => line("heads", "not compared: a chain that was rolled back or signed anew is not noticed without --heads".to_owned()),
    }
    for signer in &checked.signers {
        let trusted = if signer.trusted { "trusted" } else { "NOT trusted" };
        line("signer", format!("{}, key {}, {trusted}, {} attestations", clean(&signer.signer), signer.fingerprint, signer.attestations));
    }
    for keys in checked.cloudtrail_keys.iter().take(FEW) {
        line("CloudTrail keys", format!("{} ({})", keys.sha256, clean(&keys.origin)));
    }
    if checked.cloudtrail_keys.len() > FEW {
        line("", format!("and {} lists of keys more: --output json names all", grouped((checked.cloudtrail_keys.len() - FEW) as u64)));
    }
    for note in &checked.notes {
        line("note", clean(note));
    }
    for problem in &checked.problems {
        let number = problem.sequence.map(|sequence| format!(" {sequence}")).unwrap_or_default();
        let key = problem.key.as_ref().map(|key| format!(" {}", clean(key))).unwrap_or_default();
        let _ = writeln!(text, "{}{number}{key}: {}", problem.name, clean(&problem.detail));
    }
    text
}

/// The same for a program.
pub(super) fn checked_json(checked: &Checked, address: &str) -> Value {
    let problem = |problem: &trailkeep_attest::Problem| json!({ "name": problem.name, "sequence": problem.sequence, "key": problem.key, "detail": problem.detail });
    let day = |day: &trailkeep_attest::CheckedDay| {
        json!({
            "day": day.kept.day, "sequence": day.kept.sequence, "kind": day.kept.kind, "complete": day.complete, "sources": day.sources,
            "sha256": day.sha256,
        })
    };
    let signer = |signer: &trailkeep_attest::NamedSigner| {
        json!({
            "signer": signer.signer, "fingerprint": signer.fingerprint, "trusted": signer.trusted, "attestations": signer.attestations,
        })
    };
    let keys = |keys: &trailkeep_attest::TrustedKeys| json!({ "sha256": keys.sha256, "origin": keys.origin });
    json!({
        "verified": checked.is_verified(),
        "consistent": checked.is_consistent(),
        "signer_trusted": checked.trusted && checked.signers.iter().all(|signer| signer.trusted),
        "address": address,
        "archive": checked.archive,
        "attestations": checked.attestations,
        "first": checked.range.map(|(first, _)| first),
        "last": checked.range.map(|(_, last)| last),
        "head": checked.head,
        "trust_root": {
            "signers": checked.signers.iter().map(signer).collect::<Vec<_>>(),
            "cloudtrail_keys": checked.cloudtrail_keys.iter().map(keys).collect::<Vec<_>>(),
        },
        "days": checked.days.iter().map(day).collect::<Vec<_>>(),
        "days_without": checked.days_without,
        "leaves_checked": checked.leaves_checked,
        "heads_compared": checked.heads_compared,
        "finding_counts": checked.problem_counts,
        "findings": checked.problems.iter().map(problem).collect::<Vec<_>>(),
        "notes": checked.notes,
    })
}

/// A text that others wrote, on one line.
pub(in crate::commands) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).take(1_000).collect()
}
