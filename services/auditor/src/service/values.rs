//! Values of options: times, parts, names.

use std::time::Duration;

/// `REPLICA=ORIGIN`.
pub(super) fn alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((replica, origin)) if !replica.is_empty() && !origin.is_empty() && replica != origin => {
            Ok((replica.to_owned(), origin.to_owned()))
        }
        _ => Err("give REPLICA=ORIGIN, two bucket names".to_owned()),
    }
}

/// A topic's ARN.
pub(super) fn topic(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["arn", _, "sns", region, account, name] if ![region, account, name].contains(&"") => Ok(text.to_owned()),
        _ => Err("give a topic's ARN, as arn:aws:sns:eu-central-1:111122223333:findings".to_owned()),
    }
}

/// `90`, `90s`, `1500ms`, `15m`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const WANTED: &str = "give a time as 300s, 1500ms, 15m or 2h";
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_ms = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1_000,
        "ms" => 1,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(WANTED.to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| WANTED.to_owned())?;
    match count.checked_mul(unit_ms) {
        Some(ms) if (1..=86_400_000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("give a time between 1 ms and 24 h".to_owned()),
    }
}

/// `0.1%`, `100%`.
pub(super) fn fraction(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    match percent {
        Some(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("give a part as 0.1% or 100%".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn times_and_parts_have_units() {
        assert_eq!(duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("1500ms").unwrap(), Duration::from_millis(1500));
        assert_eq!(duration("1h").unwrap(), Duration::from_hours(1));
        assert!(["", "0", "1d", "-1s", "99999h", "s"].iter().all(|text| duration(text).is_err()));
        assert!((fraction("0.1%").unwrap() - 0.001).abs() < 1e-12 && (fraction("100%").unwrap() - 1.0).abs() < 1e-12);
        assert!(["", "%", "0.1", "101%", "-1%", "NaN%"].iter().all(|text| fraction(text).is_err()));
    }

    #[test]
    fn names_are_checked_where_they_are_given() {
        assert!(alias("a=b").is_ok() && alias("a=a").is_err() && alias("a").is_err());
        assert!(
            topic("arn:aws:sns:eu-central-1:111122223333:findings").is_ok() && topic("arn:aws:sqs:x:1:y").is_err() && topic("t").is_err()
        );
    }
}
