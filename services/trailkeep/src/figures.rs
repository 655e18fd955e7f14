//! Figures as people read and write them: grouped numbers, bytes, moments. For programs there is JSON.

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun.
pub(crate) fn many(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { more })
}

/// Bytes with a decimal unit.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

/// Milliseconds since the Unix epoch as `2026-01-15T00:00:00.000Z`.
pub(crate) fn moment(ms: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(ms).map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
    text.unwrap_or_else(|_| "-".to_owned())
}

/// A date (its first moment, UTC) or an RFC 3339 time, in milliseconds since the Unix epoch.
pub(crate) fn moment_ms(text: &str) -> Result<i64, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let moment = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
        return Ok(moment.timestamp().as_millisecond());
    }
    let moment = text.parse::<jiff::Timestamp>();
    moment.map(jiff::Timestamp::as_millisecond).map_err(|_| "give a date as 2026-01-31 or a time as 2026-01-31T10:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts: Vec<String> = [0, 999, 1_000, 12_345_678].into_iter().map(grouped).collect();
        assert_eq!(texts, ["0", "999", "1,000", "12,345,678"]);
        assert_eq!((many(1, "day", "days"), many(1_000, "day", "days")), ("1 day".to_owned(), "1,000 days".to_owned()));
    }

    #[test]
    fn bytes_have_decimal_units() {
        let texts: Vec<String> = [999, 1_000, 2_500_000, 3_000_000_000].into_iter().map(bytes).collect();
        assert_eq!(texts, ["999 B", "1.0 kB", "2.5 MB", "3.00 GB"]);
    }

    #[test]
    fn times_are_dates_or_rfc_3339() {
        assert_eq!(moment(1_768_435_200_050), "2026-01-15T00:00:00.050Z");
        assert_eq!(moment_ms("2026-01-15"), Ok(1_768_435_200_000));
        assert_eq!(moment_ms("2026-01-15T01:00:00+01:00"), Ok(1_768_435_200_000));
        for text in ["yesterday", "2026-02-30", "2026-01-15T00:00:00", ""] {
            assert!(moment_ms(text).is_err(), "{text}");
        }
    }
}
