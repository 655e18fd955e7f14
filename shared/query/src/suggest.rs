//! Near names for a name that is not there.

/// Edit distance up to which a name is near.
const NEAR: usize = 3;
/// How many near names are told.
const TOLD: usize = 5;

/// `; did you mean …?` with the nearest names, or the names themselves where they are few, or nothing.
pub(crate) fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let wanted = wanted.to_lowercase();
    let mut all: Vec<&str> = names.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    let mut ranked: Vec<(usize, &str)> = all
        .iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = edit_distance(&wanted, &lower);
            let part = wanted.len() > 3 && (lower.contains(&wanted) || wanted.contains(&lower) && lower.len() > 3);
            (distance <= NEAR.min(wanted.len() / 2) || part).then_some((distance, *name))
        })
        .collect();
    ranked.sort_unstable();
    let best = ranked.first().map_or(0, |(distance, _)| *distance);
    ranked.retain(|(distance, _)| *distance <= best + 1);
    ranked.truncate(TOLD);
    let list = |names: &[&str]| names.join(", ");
    if !ranked.is_empty() {
        return format!("; did you mean {}?", list(&ranked.iter().map(|(_, name)| *name).collect::<Vec<_>>()));
    }
    if all.is_empty() || all.len() > 8 { String::new() } else { format!("; there are {}", list(&all)) }
}

/// Levenshtein distance in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(128).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        assert_eq!(near("evntname", ["eventname", "eventtime", "awsregion"]), "; did you mean eventname?");
        assert_eq!(near("arn", ["principal_arn", "useridentity", "a", "b", "c", "d", "e", "f", "g"]), "");
    }

    #[test]
    fn few_names_are_all_told() {
        assert_eq!(near("logs", ["events", "sources"]), "; there are events, sources");
    }
}
