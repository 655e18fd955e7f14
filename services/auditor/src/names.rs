//! The names of all findings that the auditor tells, and how bad each is. `docs/auditor.md` has the same table with what to do about them; a test holds the
//! two, and what the code can find, against each other.

use self::Severity::{High, Low, Medium};
use crate::finding::Found;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    /// Something is wrong with what is there.
    High,
    /// Something is not there, or cannot be told.
    Medium,
    /// It may still come.
    Low,
}

/// Ascending.
const NAMES: [(&str, Severity); 38] = [
    ("altered", High),
    ("archived_not_read", Medium),
    ("coverage_unknown", Medium),
    ("damaged", High),
    ("digest_lost", High),
    ("digest_refused", High),
    ("duplicated_stamp", High),
    ("gap", Medium),
    ("gaps_left_out", Medium),
    ("kept_keys_refused", High),
    ("listed_differently", High),
    ("missing", Medium),
    ("missing_backfill", Medium),
    ("missing_digests", Medium),
    ("missing_newest", Medium),
    ("missing_within_grace", Low),
    ("more_findings", Medium),
    ("name_from_the_future", High),
    ("no_digest", Medium),
    ("no_digests", Medium),
    ("not_one_member", High),
    ("not_proven", Medium),
    ("not_read", Medium),
    ("not_told", High),
    ("nothing_to_verify", Medium),
    ("quarantined", Medium),
    ("revision_differs", High),
    ("revision_missing", High),
    ("roster_contradicted", Medium),
    ("row_contradicts_key", High),
    ("segment_cut", High),
    ("segment_deleted", High),
    ("segment_missing", High),
    ("segment_replaced", High),
    ("sources_contradicted", High),
    ("suspicious_start", Medium),
    ("unlisted", High),
    ("unlisted_within_grace", Low),
];

/// Nobody is wronged by gaps of these causes: the account is new, gone, or was not there.
const USUAL: [&str; 3] = ["new_account", "suspended", "region_newly_enabled"];

/// How bad it is, for those who choose what to be woken by: `high` where something is wrong with what is there, `medium` where something is not there,
/// `low` where it may still come.
pub fn severity(found: &Found) -> &'static str {
    let known = || NAMES.iter().find(|(name, _)| *name == found.name).map_or(Medium, |(_, severity)| *severity);
    let severity = match found.name.as_str() {
        _ if found.provisional => Low,
        "gap" if found.reasons.iter().any(|reason| USUAL.contains(&reason.as_str())) => Low,
        _ => known(),
    };
    severity.as_str()
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            High => "high",
            Medium => "medium",
            Low => "low",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;
    use crate::heal::HEALABLE;

    /// Names in backticks.
    fn quoted(cell: &str) -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The cells of the rows of the first table of a section.
    fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
        let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page)).unwrap();
        let section = page.lines().skip_while(|line| *line != heading).skip(1);
        let rows = section
            .take_while(|line| !line.starts_with('#'))
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'));
        rows.skip(2).map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    /// String literals that a file gives as names of findings.
    fn named_in(folder: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_in(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let literals = code.split(" name: \"").skip(1).filter_map(|rest| rest.split('"').next());
                names.extend(literals.map(str::to_owned));
            }
        }
    }

    #[test]
    fn the_page_has_every_name_with_its_severity_and_whether_it_is_asked_for() {
        let rows = table("auditor.md", "## Findings, and what to do");
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        for row in &rows {
            let [names, severity, itself, what] = &row[..] else { unreachable!("four cells: {row:?}") };
            assert!(what.len() > 20 && !itself.is_empty(), "{row:?}");
            for name in quoted(names) {
                assert_eq!(itself.starts_with("asked for"), HEALABLE.contains(&name.trim_end_matches("_within_grace")), "{row:?}");
                assert_eq!(
                    told.insert(name.clone(), severity.split([';', ' ']).next().unwrap().to_owned()),
                    None,
                    "{name} stands there twice"
                );
            }
        }
        let known: BTreeMap<String, String> =
            NAMES.iter().map(|(name, severity)| ((*name).to_owned(), severity.as_str().to_owned())).collect();
        assert_eq!(told, known);
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
    }

    #[test]
    fn every_name_that_the_code_can_tell_is_known() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names = Vec::new();
        for folder in ["src", "../../shared/verification/src"] {
            named_in(&root.join(folder), &mut names);
        }
        assert!(names.len() > 12, "are names still written so? {names:?}");
        names.extend(table("integrity.md", "## Findings").iter().flat_map(|row| quoted(&row[0])));
        let outcomes = table("integrity.md", "## Outcomes of log files");
        names.extend(outcomes.iter().filter(|row| row[2].starts_with("yes")).flat_map(|row| quoted(&row[0])));
        let unknown: Vec<&String> = names.iter().filter(|name| !NAMES.iter().any(|(known, _)| known == name)).collect();
        assert_eq!(unknown, Vec::<&String>::new());
    }

    #[test]
    fn what_may_still_come_is_low_and_so_are_gaps_that_are_usual() {
        let found = |name: &str| Found { name: name.to_owned(), ..Found::default() };
        assert_eq!(
            ["unlisted", "missing", "segment_cut", "anything"].map(|name| severity(&found(name))),
            ["high", "medium", "high", "medium"]
        );
        assert_eq!(severity(&Found { provisional: true, ..found("not_proven") }), "low");
        let gap = |cause: &str| Found { reasons: vec![cause.to_owned()], ..found("gap") };
        assert_eq!([gap("new_account"), gap("trail_stopped")].map(|gap| severity(&gap)), ["low", "medium"]);
    }
}
