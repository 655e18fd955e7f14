//! One line for each account and Region.

use super::shown::Shown;

/// As CSV with a header.
///
/// # Errors
/// None that memory does not make.
pub(super) fn csv(told: &Shown) -> anyhow::Result<String> {
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record([
        "account",
        "name",
        "region",
        "standing",
        "assumed",
        "expected_hours",
        "covered_hours",
        "percent",
        "gaps",
        "files",
        "lag_p50_secs",
        "lag_p95_secs",
        "lag_p99_secs",
        "lag_max_secs",
    ])?;
    for cell in &told.cells {
        let numbers =
            [cell.lag.files, cell.lag.p50_secs, cell.lag.p95_secs, cell.lag.p99_secs, cell.lag.max_secs].map(|number| number.to_string());
        let texts = [
            cell.account.clone(),
            harmless(cell.name.as_deref().unwrap_or_default()),
            cell.region.clone(),
            cell.standing.to_owned(),
            cell.assumed.to_string(),
            cell.expected_hours.to_string(),
            cell.covered_hours.to_string(),
            cell.percent.map(|percent| format!("{percent:.2}")).unwrap_or_default(),
            cell.gaps.to_string(),
        ];
        lines.write_record(texts.iter().chain(&numbers))?;
    }
    Ok(String::from_utf8(lines.into_inner()?)?)
}

/// A name that a spreadsheet takes for a text: one that begins like a formula gets an apostrophe.
fn harmless(name: &str) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{name}") } else { name.to_owned() }
}
